"""CLAP score on vectors and on a small two-tower model."""

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import cosine_similarity

from eval.clap_score import TextAndAudio, clap_score, score_sounds
from eval.sounds.arrays import ArraySounds


class Towers:
    """Two dimensions: a sound is its mean and its level, a text its number of letters."""

    name, sample_rate, dimension, licence, identity = "towers", 8000.0, 2, "none", "towers"

    def embed(self, audio, sample_rate):
        return torch.stack([audio.mean(dim=1), audio.square().mean(dim=1)], dim=1)

    def embed_text(self, texts):
        self.asked = list(texts)
        return torch.tensor([[float(len(text)), 1.0] for text in texts])


def test_the_score_is_the_mean_cosine():
    rng = np.random.default_rng(0)
    audio, text = rng.normal(size=(2, 30, 8)).astype(np.float32)
    found = clap_score(audio, text)
    expected = np.diag(cosine_similarity(audio.astype(float), text.astype(float)))
    np.testing.assert_allclose(found.values, expected, atol=1e-12)
    assert found.score.value == pytest.approx(expected.mean(), abs=1e-12)
    assert found.standard_deviation == pytest.approx(expected.std(ddof=1))
    assert found.score.low < expected.mean() < found.score.high


def test_opposites_keep_their_sign():
    vectors = np.eye(3)
    assert clap_score(vectors, -vectors).score.value == -1.0


def test_sounds_that_cannot_be_read_are_named_and_left_out():
    towers = Towers()
    assert isinstance(towers, TextAndAudio)
    waves = [np.full(10, 0.5), np.zeros(0), np.full(10, -0.5)]
    found = score_sounds(ArraySounds("three", waves, 8000.0), ["a", "bb", "a"], towers)
    assert towers.asked == ["a", "bb"]
    assert [sound.name for sound in found.unreadable] == ["1"]
    # (0.5, 0.25) and (-0.5, 0.25) against (1, 1).
    expected = np.array([0.75, np.nan, -0.25]) / np.sqrt(0.3125 * 2)
    np.testing.assert_allclose(found.values, expected, rtol=1e-6)
    assert found.score.value == pytest.approx(0.25 / np.sqrt(0.625), rel=1e-6)


def test_what_has_no_score_is_refused():
    with pytest.raises(ValueError, match="not in one space"):
        clap_score(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="none of the sounds"):
        clap_score(np.full((2, 3), np.nan), np.ones((2, 3)))
    with pytest.raises(ValueError, match="no direction"):
        clap_score(np.ones((2, 3)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="2 sounds of few, but 1 texts"):
        score_sounds(ArraySounds("few", [np.ones(3)] * 2, 8000.0), ["a"], Towers())
