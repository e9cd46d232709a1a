"""Tuning: Ax finds a known optimum, an interruption changes nothing, failed trials are marked."""

import csv
import json
import warnings
from types import SimpleNamespace

import pytest

from ctag.prompts import PromptSet
from ctag.strategies.published import Learned
from scripts.jobs.ablation.job import Ablation
from scripts.jobs.tune import job as tune_job
from scripts.jobs.tune.evaluate import Outcome, outcomes, trial_plan
from scripts.jobs.tune.job import Tune
from scripts.jobs.tune.values import tuned_strategy
from scripts.runtime.errors import ConfigError, UserError
from tests.scripts.jobs.search_run import a_run
from tests.scripts.jobs.small_synth import SYNTH
from tests.scripts.jobs.test_ablation_job import Level

HERE = "tests.scripts.jobs"
NODE = {
    "_target_": "scripts.jobs.ablation.job.Ablation",
    "synth": {
        "_target_": "synth.synth.ShapedNoise",
        "config": {
            "_target_": "synth.config.SynthConfig",
            "sample_rate": 8000,
            "buffer_size_seconds": 0.25,
            "control_rate": 100,
        },
    },
    "strategy": {"_target_": "ctag.strategies.published.Learned", "std_init": 0.5},
    "scorer": {"_target_": f"{HERE}.test_ablation_job.Level"},
    "prompts": {"_target_": "ctag.prompts.PromptSet", "texts": ["dog"]},
    "iterations": 10,
    "population": 50,
    "examples": 0,
}
TRIAL = Ablation(
    SYNTH, Learned(), Level(), PromptSet(["dog"]), iterations=10, population=50, examples=0
)


def tuning(folder, **settings):
    """A run of the job in a folder."""
    run = a_run(folder)
    run.tracker = SimpleNamespace(log=lambda *a, **k: None, table=lambda *a: None)
    run.experiment = "ctag/tune"
    run.config = {"scale": "small", "assets": "published", "seed": 3, "rerun": False}
    run.config |= {"tracker": {"mode": "auto"}, "job": {"trial": NODE}, "device": "auto"}
    return Tune(TRIAL, **({"trials": 6, "initial": 4} | settings))(run)


def known(plan):
    """A score with its highest at a spread of 0.3 and a population of 60."""
    spread, population = plan.job["strategy"]["std_init"], plan.job["population"]
    return Outcome(-((spread - 0.3) ** 2) - ((population - 60) / 100) ** 2)


@pytest.fixture
def trials(monkeypatch):
    """Scores trials by a function in place of a search; counts them; may stop at one."""
    asked = SimpleNamespace(plans=[], stop_at=None, score=known)

    def scored(plans, workers, launcher, logs):
        for plan in plans:
            if len(asked.plans) == asked.stop_at:
                asked.stop_at = None
                raise KeyboardInterrupt
            asked.plans.append(plan)
            yield asked.score(plan)

    monkeypatch.setattr(tune_job, "outcomes", scored)
    return asked


def rows(folder):
    with (folder / "trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_known_optimum_is_approached_and_the_values_can_be_used(trials, tmp_path):
    metrics = tuning(tmp_path, trials=8)
    assert metrics["score"] > -0.04
    assert metrics["trials_failed"] == 0
    found = rows(tmp_path)
    assert [row["made_by"] for row in found[:5]] == ["CenterOfSearchSpace", *["Sobol"] * 3, "MBM"]
    best = max(found, key=lambda row: float(row["score"]))
    assert float(best["std_init"]) == pytest.approx(metrics["value/std_init"])
    assert tuned_strategy(Learned(), tmp_path) == Learned(metrics["value/std_init"])
    text = (tmp_path / "les.yaml").read_text()
    assert "without a counterpart in evosax 0.3: mean_decay" in text
    assert f"job.population={metrics['value/population']:g}" in text
    from ax.api.client import Client

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ax's own
        client = Client.load_from_json_file(str(tmp_path / "ax.json"))
        _, outcome, number, _ = client.get_best_parameterization(use_model_predictions=False)
    assert number == metrics["best_trial"]
    assert outcome["score"][0] == pytest.approx(metrics["score"])
    assert json.loads((tmp_path / "ax.json").read_text())["_type"] == "Client"


@pytest.mark.slow
@pytest.mark.parametrize("parallel", [1, 3])
def test_an_interrupted_tuning_ends_with_the_same_trials(trials, tmp_path, parallel):
    whole = tuning(tmp_path / "whole", parallel=parallel)
    trials.plans.clear()
    trials.stop_at = 5
    with pytest.raises(KeyboardInterrupt):
        tuning(tmp_path / "parts", parallel=parallel)
    assert tuning(tmp_path / "parts", parallel=parallel) == whole
    assert rows(tmp_path / "parts") == rows(tmp_path / "whole")
    assert len(trials.plans) == 6


@pytest.mark.slow
def test_failed_trials_are_marked_and_the_rest_goes_on(trials, tmp_path):
    def sometimes(plan):
        return Outcome(None, "out of luck") if len(trials.plans) in (2, 5) else known(plan)

    trials.score = sometimes
    metrics = tuning(tmp_path)
    assert metrics["trials_failed"] == 2
    assert [row["failed"] for row in rows(tmp_path)].count("out of luck") == 2
    assert "out of luck" in (tmp_path / "index.html").read_text()


@pytest.mark.slow
def test_nothing_but_failures_stops_the_tuning(trials, tmp_path):
    trials.score = lambda plan: Outcome(None, "no model there")
    with pytest.raises(UserError, match="first 3 trials all failed, the last one: no model there"):
        tuning(tmp_path)


@pytest.mark.slow
def test_evaluations_can_be_held_instead_of_iterations(trials, tmp_path):
    tuning(tmp_path, trials=3, initial=3, hold="evaluations")
    for plan in trials.plans:
        tried = plan.job["iterations"] * plan.job["population"]
        assert abs(tried - 500) <= plan.job["population"] / 2


def test_settings_that_make_no_sense_are_refused(tmp_path):
    for settings in ({"trials": 0}, {"population": (10, 10)}, {"population": (1, 5)}):
        with pytest.raises(UserError):
            tuning(tmp_path, **settings)


def test_a_trial_is_a_run_of_its_own_and_a_broken_one_an_outcome(tmp_path):
    run = a_run(tmp_path)
    run.config = {"scale": "small", "assets": "published", "seed": 3, "rerun": False}
    run.config |= {"tracker": {"mode": "offline"}, "job": {"trial": NODE}, "device": "auto"}
    good = trial_plan(run, 0, NODE | {"iterations": 1, "population": 4})
    broken = trial_plan(run, 1, NODE | {"iterations": 0})
    assert good.folder.parent == tmp_path / "trials"
    first, second = outcomes([good, broken], 1, None, tmp_path / "launcher")
    assert first.score is not None
    assert first.score <= 0
    assert second.score is None
    assert "iterations=0: it must be at least 1" in second.reason
    (again,) = outcomes([good], 1, None, tmp_path / "launcher")
    assert again == first
    with pytest.raises(ConfigError, match="no argument 'iteration'"):
        trial_plan(run, 2, NODE | {"iteration": 1})
