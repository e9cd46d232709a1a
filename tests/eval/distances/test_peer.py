"""Fréchet audio distance beside the package frechet-audio-distance, on vectors."""

import importlib.util
import sys
from types import ModuleType
from unittest.mock import MagicMock

import numpy as np
import pytest

from eval.distances.fad import fad
from eval.distances.frechet import Gaussian, frechet_distance
from eval.distances.sample import Sample

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(
        importlib.util.find_spec("frechet_audio_distance") is None,
        reason="frechet-audio-distance is not installed: make setup-bench",
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Matrix is"),
]


@pytest.fixture
def peer(monkeypatch):
    """Its class without what it needs for embedding: models, resampling, downloads."""
    # Packages as they stand in ENVIRONMENT: torchlibrosa and laion_clap are heavy to import too.
    for name in ("resampy", "laion_clap", "encodec", "torchlibrosa", "torchlibrosa.stft"):
        monkeypatch.setitem(sys.modules, name, MagicMock(spec=ModuleType(name)))
        sys.modules[name].__dict__.update(
            EncodecModel=None, CLAP_Module=None, Spectrogram=None, LogmelFilterBank=None
        )
    for name in ("torchlibrosa.augmentation", "frechet_audio_distance.models.pann"):
        monkeypatch.setitem(sys.modules, name, MagicMock())
    from frechet_audio_distance.fad import FrechetAudioDistance

    return FrechetAudioDistance.__new__(FrechetAudioDistance)


@pytest.mark.parametrize(("n", "m", "d"), [(400, 300, 16), (1000, 1000, 128)])
def test_both_measure_the_same(peer, n, m, d):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) / np.sqrt(d)
    y = rng.normal(size=(m, d)) * 1.3 + 0.2
    statistics = [peer.calculate_embd_statistics(v) for v in (x, y)]
    theirs = peer.calculate_frechet_distance(*statistics[0], *statistics[1])
    assert fad(Sample.of_vectors(x), Sample.of_vectors(y)) == pytest.approx(theirs, rel=1e-9)


def test_with_fewer_vectors_than_dimensions_ours_keeps_the_digits(peer):
    """Two lines at an angle have a closed form; theirs takes the root of a singular product."""
    rng = np.random.default_rng(0)
    axes = np.zeros((2, 12))
    axes[0, 0], axes[1, :2] = 1.0, (0.6, 0.8)
    x, y = (rng.normal(size=(6, 1)) * axis for axis in axes)
    s, t = (np.sqrt(np.trace(np.cov(v, rowvar=False))) for v in (x, y))
    truth = np.sum((x.mean(0) - y.mean(0)) ** 2) + s**2 + t**2 - 2 * s * t * 0.6
    ours = frechet_distance(Gaussian.fit([x]), Gaussian.fit([y]))
    assert ours == pytest.approx(truth, rel=1e-12)
    statistics = [peer.calculate_embd_statistics(v) for v in (x, y)]
    theirs = peer.calculate_frechet_distance(*statistics[0], *statistics[1])
    assert theirs == pytest.approx(truth, rel=1e-2)
