"""Ranks of labels by a classifier that is known: it hears the frequency."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from eval.classification import classify, ranks_of
from eval.sounds.arrays import ArraySounds

NAMES = ("low", "middle", "high", "louder than all")


@dataclass(frozen=True)
class ByPitch:
    """The nearer a sound's loudest frequency to a class's, the likelier; the last always wins."""

    name = "by_pitch"
    sample_rate = 8000.0
    licence = "none"
    identity = "by pitch"
    class_names = NAMES

    def probabilities(self, audio, sample_rate):
        peaks = torch.fft.rfft(audio).abs().argmax(dim=1) * sample_rate / audio.shape[1]
        near = torch.exp(-((peaks[:, None] - torch.tensor([100.0, 200.0, 300.0])) ** 2) / 2e4)
        return torch.cat([0.9 * near, torch.full((len(audio), 1), 0.99)], dim=1)


def tones(*frequencies, n=800):
    time = np.arange(n) / 8000
    waves = [np.sin(2 * np.pi * hz * time).astype(np.float32) for hz in frequencies]
    return ArraySounds("tones", waves, 8000.0)


def test_classes_that_are_no_label_are_masked():
    found = classify(tones(100, 200, 300), [0, 1, 0], ByPitch(), [["low"], ["middle"], ["high"]])
    np.testing.assert_array_equal(found.ranks, [1, 1, 3])
    np.testing.assert_array_equal(found.within(1), [1, 1, 0])
    np.testing.assert_array_equal(found.within(3), [1, 1, 1])
    assert found.probabilities.shape == (3, 3)


def test_a_label_of_several_classes_takes_the_likeliest():
    found = classify(tones(100, 300), [0, 0], ByPitch(), [["low", "high"], ["middle"]])
    np.testing.assert_array_equal(found.ranks, [1, 1])


def test_a_cache_and_batches_change_nothing_and_bad_sounds_are_named(tmp_path):
    sounds = tones(100, 200, 300)
    bad = ArraySounds("tones", [*sounds.waves, np.array([np.nan], np.float32)], 8000.0)
    classes = [["low"], ["middle"], ["high"]]
    first = classify(bad, [0, 1, 2, 0], ByPitch(), classes, tmp_path)
    again = classify(bad, [0, 1, 2, 0], ByPitch(), classes, tmp_path)
    np.testing.assert_array_equal(first.ranks, [1, 1, 1, np.nan])
    np.testing.assert_array_equal(first.ranks, again.ranks)
    np.testing.assert_array_equal(first.within(5), [1, 1, 1, np.nan])
    assert [one.name for one in first.unreadable] == ["3"]


def test_equals_have_the_worst_place():
    """A classifier that knows nothing is right never, not always."""
    np.testing.assert_array_equal(ranks_of(np.full((2, 4), 0.5), np.array([0, 3])), [4, 4])


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="as many numbers"):
        classify(tones(100), [0, 1], ByPitch(), [["low"]])
    with pytest.raises(ValueError, match="has no class"):
        classify(tones(100), [0], ByPitch(), [["bass"]])
