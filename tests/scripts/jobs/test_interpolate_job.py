"""The interpolation job: what it writes, and the pairs that it refuses."""

import csv

import numpy as np
import pytest

from ctag.strategies.published import Learned
from eval.harness import audio
from scripts.jobs.interpolate import Interpolate
from scripts.runtime.errors import UserError
from synth.patch import load_patch
from tests.scripts.jobs.sets_of_sounds import plain_run
from tests.scripts.jobs.small_synth import SYNTH
from tests.scripts.jobs.test_search_job import Level

PAIRS = [["wind", "a big dog"], ["a big dog", "rain"]]


def a_job(**settings):
    settings = {"pairs": PAIRS, "iterations": 3, "population": 4} | settings
    return Interpolate(SYNTH, Learned(), Level(), **settings)


def test_every_step_is_written_scored_and_shown(tmp_path):
    metrics = a_job(steps=1)(plain_run(tmp_path))
    sounds = sorted(path.stem for path in (tmp_path / "sounds").glob("*.wav"))
    assert sounds == [
        "01-wind-to-a-big-dog-0",
        "02-wind-to-a-big-dog-50",
        "03-wind-to-a-big-dog-100",
        "04-a-big-dog-to-rain-0",
        "05-a-big-dog-to-rain-50",
        "06-a-big-dog-to-rain-100",
    ]
    thetas = [load_patch(tmp_path / f"patches/{stem}.yaml").theta() for stem in sounds]
    np.testing.assert_allclose(thetas[1], (thetas[0] + thetas[2]) / 2, atol=1e-6)
    np.testing.assert_array_equal(thetas[2], thetas[3])  # one prompt, one search
    wave, _ = audio.read(tmp_path / f"sounds/{sounds[1]}.wav")
    level = np.sqrt(np.mean(wave.astype(np.float64) ** 2))
    wanted = 0.01 * len("a big dog")
    assert metrics["wind_to_a-big-dog/to_0.5"] == pytest.approx(1 - abs(level - wanted), abs=1e-5)
    with (tmp_path / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["share"] for row in rows] == ["0.0", "0.5", "1.0"] * 2
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.count("<audio") == 6
    assert "Level is not all" in page
    assert (tmp_path / "figure_8.png").is_file()


@pytest.mark.parametrize("pairs", [[], [["wind"]], [["wind", " "]], ["wind"], [PAIRS[0]] * 2])
def test_pairs_that_are_none_are_refused(pairs, tmp_path):
    with pytest.raises(UserError, match="pairs"):
        a_job(pairs=pairs)(plain_run(tmp_path))
