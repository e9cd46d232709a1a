"""The timing job: its figures are those of a scorer whose time is known."""

import time
from dataclasses import dataclass, field

import jax.numpy as jnp
import pytest
import torch

from ctag.prompts import PromptSet
from ctag.strategies.published import RandomSampling
from eval.harness.arrays import to_jax, to_torch
from scripts.jobs.time.clock import Seconds
from scripts.jobs.time.job import Timing
from scripts.runtime.errors import UserError
from tests.ctag.stand_in import TwoTones
from tests.scripts.jobs.search_run import a_run

PER_SOUND_S = 0.004


@dataclass
class Slow:
    """Takes a known time a sound, and counts them."""

    sounds: list[int] = field(default_factory=list)

    def embed(self, audio, sample_rate):
        self.sounds.append(len(audio))
        time.sleep(PER_SOUND_S * len(audio))
        return torch.sqrt((audio**2).mean(dim=1, keepdim=True))


@dataclass(frozen=True)
class Level:
    """The level of a sound, by way of PyTorch."""

    embedder: Slow
    traceable = False
    sample_rate = None

    def target(self, prompts):
        return jnp.ones((len(prompts), 1))

    def score(self, target, audio, sample_rate):
        waves = audio.reshape(-1, audio.shape[-1])
        level = to_jax(self.embedder.embed(to_torch(waves), sample_rate))
        return level.reshape(audio.shape[:2]) * target


def a_job(scorer, **settings):
    prompts = PromptSet(["wind", "rain", "hail"])
    given = {"iterations": (2, 12), "populations": (4,), "repeats": 2, "at_once": 3}
    return Timing(
        TwoTones(), RandomSampling(), scorer, prompts, at_once_iterations=2, **{**given, **settings}
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder, scorer = tmp_path_factory.mktemp("time"), Level(Slow())
    run = a_run(folder)
    run.config["assets"] = "stand_in"
    run.tracker.figure = lambda name, figure: None
    return a_job(scorer)(run), scorer, folder


def test_the_network_takes_what_it_takes_and_a_search_at_least_that(finished):
    metrics, _, _ = finished
    for iterations in (2, 12):
        at = f"iterations_{iterations}/population_4"
        known = iterations * 4 * PER_SOUND_S
        assert metrics[f"{at}/network"] >= known
        assert metrics[f"{at}/seconds"] >= known
        assert metrics[f"{at}/each_at_once"] >= known
        assert metrics[f"{at}/sd"] >= 0
    assert metrics["beyond_most"] >= metrics["beyond"] > -1


def test_search_and_network_have_as_many_sounds(finished):
    _, scorer, _ = finished
    # Of one prompt: a generation to warm up, of each length a chunk more, then twice a search and
    # the network alone. Of three at once: the same, once; a generation has all three in one pass.
    assert scorer.embedder.sounds.count(4) == 1 + (2 + 10) + 2 * 2 * (2 + 12) + 2 * 3
    assert scorer.embedder.sounds.count(12) == 1 + 2 + 2


def test_the_page_says_how_it_was_measured(finished):
    text = (finished[2] / "index.html").read_text(encoding="utf-8")
    assert "random numbers" in text
    assert "at most 5 %" in text
    assert "3 prompts at once" in text
    lines = (finished[2] / "seconds.csv").read_text().splitlines()
    assert lines[0] == "iterations,population,repeat,search,network"
    assert len(lines) == 1 + 2 * 2


def test_what_lies_beyond_is_the_median_of_pairs():
    seconds = Seconds(search=(1.1, 2.4, 9.0), network=(1.0, 2.0, 3.0))
    assert seconds.beyond == pytest.approx(0.2)
    assert seconds.mean == pytest.approx(12.5 / 3)
    assert Seconds((1.0,), (1.0,)).deviation != Seconds((1.0,), (1.0,)).deviation  # NaN


def test_too_few_prompts_are_refused(tmp_path):
    with pytest.raises(UserError, match="at_once is 4, and there are 3 prompts"):
        a_job(Level(Slow()), at_once=4)(a_run(tmp_path))
    with pytest.raises(UserError, match="give at least one, each from 1"):
        a_job(Level(Slow()), iterations=())(a_run(tmp_path))
