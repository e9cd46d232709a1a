"""The job of an ablation's cell: what it leaves, and that an interruption changes nothing."""

import csv
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pytest

from ctag.prompts import PromptSet
from ctag.strategies.published import Learned
from scripts.jobs.ablation.job import Ablation
from synth.patch import load_patch
from tests.scripts.jobs.search_run import a_run
from tests.scripts.jobs.small_synth import SYNTH
from tests.scripts.jobs.test_recognition import NAMES, Written


@dataclass(frozen=True, eq=False)
class Level:
    """Minus the distance of a sound's level from the length of the prompt in hundredths."""

    sample_rate: None = None

    def target(self, prompts):
        return jnp.array([len(prompt) / 100 for prompt in prompts])

    def score(self, target, audio, sample_rate):
        return -jnp.abs(jnp.sqrt((audio**2).mean(-1)) - target[:, None])


@dataclass(frozen=True)
class Silent(Written):
    """Hears the same in every sound."""

    def probabilities(self, audio, sample_rate):
        row = jnp.linspace(0.1, 0.5, len(NAMES))
        import torch

        return torch.from_numpy(np.tile(np.asarray(row), (len(audio), 1)))


def a_job(**settings):
    given = {"iterations": 20, "population": 8, "examples": 1} | settings
    return Ablation(
        SYNTH,
        Learned(),
        Level(),
        PromptSet(["dog", "siren"]),
        {"twice": Level()},
        Silent(),
        **given,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, a_job()(a_run(folder))


def table(folder, name):
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_scores_curves_and_ranks_are_written(finished):
    folder, metrics = finished
    rows = table(folder, "scores.csv")
    assert [row["prompt"] for row in rows] == ["dog", "siren"]
    scores = [float(row["score"]) for row in rows]
    assert metrics["score"] == pytest.approx(np.mean(scores))
    assert [float(row["judge/twice"]) for row in rows] == pytest.approx(scores)
    # Silent's probabilities grow in the order of NAMES: Bark is fourth, Siren second.
    assert [row["class/rank"] for row in rows] == ["4.0", "2.0"]
    assert [row["class/rank_among_prompts"] for row in rows] == ["2.0", "1.0"]
    assert metrics["accuracy"] == 0.5
    assert len(table(folder, "history.csv")) == 2 * 20


def test_all_patches_are_kept_and_the_sounds_of_the_first_prompts(finished):
    folder, _ = finished
    assert sorted(path.name for path in (folder / "sounds").iterdir()) == ["01-dog.wav"]
    assert len(list((folder / "patches").iterdir())) == 2
    found = load_patch(folder / "patches" / "02-siren.yaml")
    level = float(np.sqrt((np.asarray(found.render()) ** 2).mean()))
    scores = {row["prompt"]: float(row["score"]) for row in table(folder, "scores.csv")}
    assert -abs(level - 0.05) == pytest.approx(scores["siren"], abs=1e-5)
    assert (folder / "index.html").read_text().count("<audio") == 1


def test_an_interrupted_cell_ends_with_the_same_numbers(finished, tmp_path):
    _, metrics = finished
    with pytest.raises(KeyboardInterrupt):
        a_job()(a_run(tmp_path, interrupt_at=10))
    assert a_job()(a_run(tmp_path)) == metrics


def test_without_examples_there_is_no_page(tmp_path):
    a_job(examples=0, iterations=1)(a_run(tmp_path))
    assert not (tmp_path / "index.html").exists()
    assert not (tmp_path / "sounds").exists()
