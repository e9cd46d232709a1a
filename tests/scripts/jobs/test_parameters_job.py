"""The job of eval/parameters: it finds what an embedder was made to know."""

import csv
from dataclasses import dataclass
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from scripts.jobs.parameters.job import Parameters
from scripts.runtime.errors import UserError
from scripts.sounds.patches import SynthSounds
from tests.scripts.jobs.sets_of_sounds import plain_run
from tests.scripts.jobs.small_synth import SYNTH


@dataclass(frozen=True)
class Level:
    """Hears how loud eight parts of a sound are, which the envelope and the mixer decide."""

    name = "level"
    sample_rate = 8000.0
    dimension = 8
    licence = "none"
    identity = "level"

    def embed(self, audio, sample_rate):
        parts = audio[:, : audio.shape[1] // 8 * 8].reshape(len(audio), 8, -1)
        return torch.log10(parts.square().mean(dim=2) + 1e-8)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    job = Parameters(SYNTH, Level(), n_sounds=200, permutations=5, bins=5)
    return SimpleNamespace(folder=folder, job=job, metrics=job(plain_run(folder)))


@pytest.mark.slow
def test_what_makes_a_sound_loud_is_known_and_the_phase_is_not(finished):
    metrics = finished.metrics
    assert metrics["r2/mixer.noise"] > 0.15
    assert metrics["r2/lfo.initial_phase"] < 0.1
    assert 0 < metrics["known"] < 0.7
    assert metrics["r2_low"] <= metrics["r2"] <= metrics["r2_high"]
    assert metrics["left_out"] == 0


@pytest.mark.slow
def test_tables_and_page(finished):
    with (finished.folder / "parameters.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["parameter"] for row in table] == [p.name for p in SYNTH.parameters]
    known = [row["parameter"] for row in table if row["known"] == "True"]
    assert "mixer.noise" in known
    assert finished.metrics["known"] == pytest.approx(len(known) / len(table))
    assert finished.metrics["disentanglement_parameters"] == max(2, len(known))
    with (finished.folder / "modules.csv").open(newline="") as file:
        modules = {row["module"]: float(row["r2"]) for row in csv.DictReader(file)}
    assert modules["mixer"] == finished.metrics["r2/mixer"]
    page = (finished.folder / "index.html").read_text(encoding="utf-8")
    assert page.count("<audio") == 8
    assert f"{len(known)} of {len(table)} parameters are known for sure" in page


def test_the_parameters_are_those_that_make_the_sounds():
    """Noise apart, which has keys of its own: the loudness of rendered parameters is the set's."""
    sounds = SynthSounds(SYNTH, 64, seed=5)
    waves = np.stack([clip.wave for clip in sounds.clips(range(64))])
    again = np.asarray(SYNTH.render(jnp.asarray(sounds.theta(range(64)))))
    levels = [np.log10((side**2).mean(axis=1) + 1e-8) for side in (waves, again)]
    assert np.corrcoef(*levels)[0, 1] > 0.99


def test_too_few_sounds_are_refused(tmp_path):
    with pytest.raises(UserError, match="at least 20 are needed"):
        Parameters(SYNTH, Level(), n_sounds=15)(plain_run(tmp_path))
