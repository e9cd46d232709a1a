"""Where hyperparameters come from: the words, a file, a folder, and what is refused."""

from pathlib import Path

import pytest

from ctag.strategies.by_name import Evosax
from ctag.strategies.published import Discovered, Learned, RandomSampling
from scripts.jobs.tune.space import space_of, with_values
from scripts.jobs.tune.values import tuned_strategy
from scripts.runtime.build import build
from scripts.runtime.check import Report, check_node
from scripts.runtime.compose import plan_of
from scripts.runtime.errors import UserError
from tests.conftest import ROOT

TUNED = "# Tuned.\n_target_: ctag.strategies.published.Learned\nstd_init: 0.125\n"
TARGET = "scripts.jobs.tune.values.tuned_strategy"
LES = {"_target_": "ctag.strategies.published.Learned"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "les.yaml").write_text(TUNED)
    return tmp_path


def test_the_words_and_the_files(folder):
    assert tuned_strategy(Learned(0.5), "paper") == Learned(0.5)
    assert tuned_strategy(Learned(), "untuned") == Evosax("LES", None, None)
    assert tuned_strategy(Learned(), folder / "les.yaml") == Learned(0.125)
    assert tuned_strategy(Learned(), folder) == Learned(0.125)
    assert tuned_strategy(RandomSampling(), folder) == RandomSampling()


def test_a_word_is_no_file_and_a_file_enters_the_hash_by_its_content(folder):
    for values, is_input in (("paper", False), ("untuned", False), (str(folder), True)):
        node = {"_target_": TARGET, "strategy": LES, "values": values}
        report = Report()
        check_node(node, ("job",), report)
        assert not report.problems
        assert report.inputs == ([("job", "values")] if is_input else [])
    assert build(node) == Learned(0.125)


def test_published_files_of_the_configuration_can_be_given(tmp_path):
    # What ctag/tune writes has the form of conf/strategy, so that folder is one of tuned values.
    published = ROOT / "conf" / "strategy"
    assert tuned_strategy(Discovered(0.5), published) == Discovered()


def test_any_search_takes_a_tuned_file(folder):
    given = ("strategy=file", f"strategy.path='{folder / 'les.yaml'}'")
    plan = plan_of("ctag/search", "scale=small", *given)
    assert build(plan.job["strategy"]) == Learned(0.125)
    assert ("job", "strategy", "path") in plan.inputs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "is not plain YAML"),
        ("std_init: 1", "needs a _target_"),
        ("_target_: ctag.strategies.published.Learned\nstd: 1", "has no argument 'std'"),
        ("_target_: ctag.prompts.PromptSet", "is no search strategy"),
        ("_target_: ctag.strategies.published.Discovered", "has values for des, and les"),
    ],
)
def test_files_that_are_no_tuned_strategy_are_refused(tmp_path, text, said):
    (tmp_path / "les.yaml").write_text(text)
    with pytest.raises(UserError, match=said):
        tuned_strategy(Learned(), tmp_path)


def test_a_missing_file_names_the_command(folder):
    with pytest.raises(UserError, match=r"has: les\. experiment=ctag/tune strategy=des"):
        tuned_strategy(Discovered(), folder)
    with pytest.raises(UserError, match="there are no tuned values"):
        tuned_strategy(Learned(), Path("nowhere.yaml"))


def test_the_space_is_the_published_one_or_the_one_given():
    found = space_of(Discovered())
    assert found.ranges["temperature"] == (10.0, 30.0)
    assert found.without_counterpart == ("mean_decay",)
    assert dict(space_of(Evosax("SNES"), {"std_init": (0.1, 1.0)}).ranges) == {"std_init": (0.1, 1)}
    with pytest.raises(UserError, match="nothing is known to tune of SNES"):
        space_of(Evosax("SNES"))
    with pytest.raises(UserError, match="low must be below high"):
        space_of(Learned(), {"std_init": (1.0, 0.1)})


def test_values_are_set_inside_a_node_and_the_rest_is_left():
    node = {"name": "PSO", "params": {"social_coeff": 1.0}, "bounds": "clip"}
    made = with_values(node, {"params.inertia_coeff": 0.5, "bounds": "reflect"})
    assert made["params"] == {"social_coeff": 1.0, "inertia_coeff": 0.5}
    assert node["params"] == {"social_coeff": 1.0}
