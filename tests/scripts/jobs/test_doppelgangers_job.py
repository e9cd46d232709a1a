"""The job of doppel/figure11: sounds, their effects and their doppelgangers."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest

from doppel.augmentation.chain import Chain
from doppel.augmentation.spec_augment import SpecAugment
from scripts.jobs.doppelgangers import Doppelgangers
from scripts.runtime.errors import UserError
from synth.config import SynthConfig
from synth.synth import ShapedNoise
from tests.scripts.jobs.sets_of_sounds import plain_run

SYNTH = ShapedNoise(SynthConfig(sample_rate=16000, buffer_size_seconds=0.5, control_rate=100))
EFFECTS = ["high_pass", "low_pass", "pitch", "rotation", "reverb", "spec_augment"]


def a_job(synth=SYNTH, **changes):
    settings = {"deltas": (0.01, 0.5), "sounds": 2, "measured": 8}
    return Doppelgangers(synth, Chain(), SpecAugment(), **settings | changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    job = a_job(page=folder / "copy.html")
    return SimpleNamespace(folder=folder, job=job, metrics=job(plain_run(folder)))


def test_every_change_moves_the_picture_and_a_larger_delta_moves_it_more(finished):
    names = [*EFFECTS, "delta_0", "delta_0.01", "delta_0.5"]
    assert list(finished.metrics) == [f"distance_db/{name}" for name in names]
    assert all(np.isfinite(value) and value > 0 for value in finished.metrics.values())
    told = finished.metrics
    assert told["distance_db/delta_0"] < told["distance_db/delta_0.5"]
    assert told["distance_db/delta_0.01"] < told["distance_db/delta_0.5"]


def test_it_leaves_figure_table_and_page(finished):
    folder = finished.folder
    assert (folder / "figure_11.png").read_bytes().startswith(b"\x89PNG")
    with (folder / "changes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["change"] for row in rows][:6] == EFFECTS
    page = (folder / "copy.html").read_text()
    assert page == (folder / "index.html").read_text()
    # SpecAugment changes no sound; the sound itself is heard, too.
    assert page.count("<audio") == 2 * (len(rows) - 1 + 1)


def test_the_same_seed_makes_the_same_numbers(finished, tmp_path):
    assert a_job()(plain_run(tmp_path)) == finished.metrics


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sounds": 9}, "those that are drawn are among those that are measured"),
        ({"sounds": 0}, "a sound is needed"),
        (
            {"synth": ShapedNoise(SynthConfig(sample_rate=8000, buffer_size_seconds=0.5))},
            "the front end hears 16000 Hz",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(changes, said, tmp_path):
    with pytest.raises(UserError, match=said):
        a_job(**changes)(plain_run(tmp_path))
