"""Scorers by a network, with networks whose answers are known."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from ctag.gradient import DifferentiableScorer, value_and_gradient
from ctag.scorers.classes import LEAST, ClassScorer
from ctag.scorers.protocol import Scorer
from ctag.scorers.text_audio import TextAudioScorer
from ctag.search import Search
from ctag.strategies.published import Learned

KEY = jax.random.PRNGKey(0)
RATE = 8000.0


@dataclass(frozen=True)
class Levels:
    """Hears the first two samples of a sound; texts are directions by name."""

    name = "levels"
    sample_rate = RATE
    dimension = 2
    licence = "none"
    identity = "levels"

    def embed(self, audio, sample_rate):
        assert torch.isfinite(audio).all()
        return audio[:, :2] * 3.0

    def embed_text(self, texts):
        known = {"right": [2.0, 0.0], "left": [-1.0, 0.0], "up": [0.0, 5.0], "nowhere": [0.0, 0.0]}
        return torch.tensor([known[text] for text in texts])


@dataclass(frozen=True)
class Three:
    """Three classes; the first three samples are their probabilities."""

    name = "three"
    sample_rate = RATE
    licence = "none"
    identity = "three"
    class_names = ("Dog", "Bark", "Sneeze")

    def probabilities(self, audio, sample_rate):
        assert torch.isfinite(audio).all()
        return audio[:, :3].clone()


def sounds(*rows):
    return jnp.asarray(rows, jnp.float32)[None]


def test_the_score_is_the_cosine_and_may_be_negative():
    scorer = TextAudioScorer(Levels())
    assert isinstance(scorer, Scorer)
    target = scorer.target(["right", "left", "up"])
    audio = jnp.broadcast_to(sounds([1.0, 0.0], [3.0, 4.0], [-2.0, 0.0]), (3, 3, 2))
    expected = [[1, 0.6, -1], [-1, -0.6, 1], [0, 0.8, 0]]
    np.testing.assert_allclose(scorer.score(target, audio, RATE), expected, atol=1e-6)


def test_one_prompt_is_scored_as_among_others():
    scorer = TextAudioScorer(Levels())
    audio = jnp.asarray(np.random.default_rng(0).normal(size=(3, 5, 4)), jnp.float32)
    together = scorer.score(scorer.target(["right", "left", "up"]), audio, RATE)
    alone = scorer.score(scorer.target(["up"]), audio[2:], RATE)
    np.testing.assert_array_equal(alone[0], together[2])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_broken_sound_is_the_worst_and_leaves_the_others_alone(bad):
    audio = sounds([0.5, 0.25, 0.125], [0.5, bad, 0.1])
    for scorer, prompt in ((TextAudioScorer(Levels()), "right"), (ClassScorer(Three()), "sneeze")):
        target = scorer.target([prompt])
        score = np.asarray(scorer.score(target, audio, RATE))
        assert score[0, 1] == -np.inf
        assert score[0, 0] == np.asarray(scorer.score(target, audio[:, :1], RATE))[0, 0]


def test_a_sound_without_a_direction_is_the_worst():
    scorer = TextAudioScorer(Levels())
    assert scorer.score(scorer.target(["up"]), sounds([0.0, 0.0]), RATE)[0, 0] == -np.inf


def test_a_text_without_a_direction_is_refused():
    with pytest.raises(ValueError, match="levels has no direction for 'nowhere'"):
        TextAudioScorer(Levels()).target(["up", "nowhere"])
    with pytest.raises(ValueError, match="at least one"):
        TextAudioScorer(Levels()).target([])


class Sloped(Levels):
    """The same, with a way back; a broken sound has a broken vector."""

    def embed_with_gradient(self, audio, sample_rate):
        return audio[:, :2] * 3.0


def test_the_gradient_is_that_of_the_cosine():
    """cos = x / r has the slopes y^2 / r^3 and -x y / r^3; the factor 3 of the vectors is gone."""
    scorer = TextAudioScorer(Sloped())
    assert isinstance(scorer, DifferentiableScorer)
    target = scorer.target(["right", "left"])
    audio = jnp.broadcast_to(sounds([3.0, 4.0, 1.0], [-0.3, 0.4, 0.0]), (2, 2, 3))
    score, gradient = scorer.score_and_gradient(target, audio, RATE)
    np.testing.assert_allclose(score, [[0.6, -0.6], [-0.6, 0.6]], atol=1e-6)
    slopes = np.array([[16 / 125, -12 / 125, 0], [0.16 / 0.125, 0.12 / 0.125, 0]])
    np.testing.assert_allclose(gradient, [slopes, -slopes], atol=1e-5)
    np.testing.assert_allclose(score, scorer.score(target, audio, RATE), atol=1e-6)


@pytest.mark.parametrize("broken", [[np.nan, 1.0], [np.inf, 0.5], [0.0, 0.0]])
def test_a_broken_sound_has_no_slope_and_leaves_the_others_alone(broken):
    scorer = TextAudioScorer(Sloped())
    target = scorer.target(["right"])
    score, gradient = scorer.score_and_gradient(target, sounds([0.6, 0.8], broken), RATE)
    assert score[0, 1] == -np.inf
    np.testing.assert_array_equal(gradient[0, 1], 0.0)
    np.testing.assert_allclose(gradient[0, 0], [0.64, -0.48], atol=1e-6)


def test_an_embedder_without_a_way_back_is_named():
    scorer = TextAudioScorer(Levels())
    with pytest.raises(TypeError, match="levels gives no gradient"):
        scorer.score_and_gradient(scorer.target(["up"]), sounds([1.0, 0.0]), RATE)


def test_the_slope_reaches_the_parameters():
    scorer = TextAudioScorer(Sloped())
    target = scorer.target(["right"])
    theta = jnp.asarray([[[0.8, 0.9], [0.2, 0.9]]])
    slopes = value_and_gradient(scorer, target, Plain())(theta)
    expected = 2 * np.array([[0.64, -0.48], [0.64, 0.48]])
    np.testing.assert_allclose(slopes.gradient[0], expected, atol=1e-5)


def test_the_likeliest_of_a_prompts_classes_counts():
    scorer = ClassScorer(Three(), {"yap": "Bark"})
    assert isinstance(scorer, Scorer)
    audio = jnp.broadcast_to(sounds([0.5, 0.25, 0.7], [0.1, 0.9, 0.0]), (3, 2, 3))
    target = scorer.target(["dog", "yap", "sneezing"])
    expected = np.log([[0.5, 0.9], [0.25, 0.9], [0.7, LEAST]])
    np.testing.assert_allclose(scorer.score(target, audio, RATE), expected, rtol=1e-6)
    np.testing.assert_array_equal(scorer.rank(target, audio, RATE), [[2, 1], [3, 1], [1, 3]])


def test_equally_likely_classes_share_the_best_place_and_broken_sounds_have_none():
    scorer = ClassScorer(Three())
    audio = sounds([0.5, 0.1, 0.5], [np.nan, 0.1, 0.5])
    rank = np.asarray(scorer.rank(scorer.target(["sneeze"]), audio, RATE))[0]
    assert rank[0] == 1
    assert np.isnan(rank[1])


@dataclass(frozen=True)
class Plain:
    """A synth whose parameters are its samples."""

    n_params: int = 2
    n_samples: int = 2
    config = type("Config", (), {"sample_rate": RATE})

    def render(self, theta):
        return 2.0 * theta - 1.0


def test_a_search_finds_the_direction_of_the_words():
    search = Search(Plain(), Learned(), TextAudioScorer(Levels()), iterations=20, population=16)
    result = search.run(["left", "up"], KEY)
    assert result.score.min() > 0.99
    assert result.audio[0, 0] < 0 < result.audio[1, 1]
