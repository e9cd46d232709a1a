"""Causal uncertainty: known distributions, any classifier, and YAMNet on real recordings."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from eval.causal_uncertainty import MEASURES, causal_uncertainty, uncertainty
from eval.descriptors.chunks import CHUNK
from eval.sounds.arrays import ArraySounds
from eval.sounds.base import Unreadable

SHARED = Path(__file__).parents[2] / ".." / "shared"


class Loudness:
    """Says "loud" with the peak as its probability, and three things more with fixed ones."""

    name, sample_rate, licence, identity = "loudness", 8000.0, "none", "loudness 1"
    class_names = ("quiet", "loud", "bell", "rain")

    def __init__(self):
        self.calls = []

    def probabilities(self, audio, sample_rate):
        self.calls.append(tuple(audio.shape))
        loud = audio.abs().amax(1)
        fixed = torch.tensor([0.05, 0.02, 0.01]).expand(len(audio), 3)
        return torch.cat([fixed[:, :1], loud[:, None], fixed[:, 1:]], dim=1)


def test_known_distributions():
    n = 521
    one_hot = np.zeros(n)
    one_hot[7] = 1
    uniform = np.full(n, 0.3)
    two = np.zeros(n)
    two[[3, 9]] = 0.4
    values = uncertainty(np.stack([one_hot, uniform, two, np.zeros(n)]))
    expected = [[1, 0, 1], [0.3, 1, 0], [0.4, math.log(2) / math.log(n), 0], [0, 1, 0]]
    np.testing.assert_allclose(values, expected, atol=1e-12)


def test_the_entropy_is_scipys_of_probabilities_that_add_up_to_one():
    p = np.random.default_rng(0).random((50, 527)).astype(np.float32) ** 8
    values = uncertainty(p)
    np.testing.assert_allclose(
        values[:, 1], stats.entropy(p.astype(np.float64), axis=1) / np.log(527), rtol=1e-12
    )
    ordered = np.sort(p.astype(np.float64), axis=1)
    np.testing.assert_array_equal(values[:, 0], ordered[:, -1])
    np.testing.assert_allclose(values[:, 2], ordered[:, -1] - ordered[:, -2])


def test_the_entropy_leaves_the_sum_of_the_probabilities_out():
    p = np.random.default_rng(1).random((4, 10))
    np.testing.assert_allclose(uncertainty(p)[:, 1], uncertainty(0.1 * p)[:, 1])


@pytest.mark.parametrize("wrong", [[[1.5, 0.0]], [[-0.1, 0.5]], [[np.nan, 0.5]]])
def test_what_is_no_probability_is_refused(wrong):
    with pytest.raises(ValueError, match="logits"):
        uncertainty(np.array(wrong))
    with pytest.raises(ValueError, match="two classes"):
        uncertainty(np.array([[0.5]]))


def test_sounds_of_several_lengths_and_rates_are_classified_alike():
    waves = [np.full(n, peak, np.float32) for n, peak in ((800, 0.5), (400, 0.9), (800, 0.04))]
    classifier = Loudness()
    found = causal_uncertainty(ArraySounds("three", waves, 8000.0), classifier)
    assert sorted(classifier.calls) == [(1, 400), (2, 800)]
    np.testing.assert_allclose(found.column("h_cu"), [0.5, 0.9, 0.05], rtol=1e-6)
    np.testing.assert_allclose(found.column("s_conf"), [0.45, 0.85, 0.01], rtol=1e-5)
    assert [name for name, _ in found.top[0]] == ["loud", "quiet", "bell"]
    assert found.top[2][0] == ("quiet", pytest.approx(0.05))


def test_the_cache_and_sounds_that_cannot_be_read(tmp_path):
    class Partly(ArraySounds):
        def clips(self, indices):
            found = super().clips(indices)
            return [Unreadable(c.name, "cut") if c.name == "1" else c for c in found]

    waves = [np.full(100, 0.1 + 0.01 * i, np.float32) for i in range(CHUNK + 4)]
    sounds, classifier = Partly("partly", waves, 8000.0), Loudness()
    found = causal_uncertainty(sounds, classifier, cache=tmp_path)
    calls = len(classifier.calls)
    again = causal_uncertainty(sounds, classifier, cache=tmp_path)
    assert len(classifier.calls) == calls
    np.testing.assert_array_equal(found.values, again.values)
    assert found.top == again.top
    assert np.isnan(found.values[1]).all()
    assert found.top[1] == ()
    assert found.unreadable == (Unreadable("1", "cut"),)
    assert np.isfinite(np.delete(found.values, 1, axis=0)).all()
    assert found.values.shape == (CHUNK + 4, len(MEASURES))


@pytest.mark.shared
def test_yamnet_knows_a_dog_and_is_less_sure_of_noise():
    from eval.embedders.yamnet import YamNet
    from eval.harness import audio

    model = SHARED / "pretrained" / "yamnet_spectra_in.tflite"
    if not model.is_file():
        pytest.skip(f"{model} is not there")
    sounds = []
    for name in ("1-100032-A-1", "1-30344-A-1"):
        wave, rate = audio.read(SHARED / "realdata" / "esc10" / f"{name}.ogg")
        loudest = int(np.convolve(wave**2, np.ones(int(rate)), "valid").argmax())
        sounds.append(wave[loudest : loudest + int(rate)])
    sounds.append((0.1 * np.random.default_rng(0).standard_normal(16000)).astype(np.float32))
    found = causal_uncertainty(ArraySounds("dogs and noise", sounds, 16000.0), YamNet(model))
    assert all("Dog" in dict(row) for row in found.top[:2])
    assert "White noise" in dict(found.top[2])
    certainty, entropy = found.column("h_cu"), found.column("h_p")
    assert certainty[2] < certainty[:2].min()
    assert entropy[2] > entropy[:2].max()
