"""The search on the real voice with the real judges, at sizes that a laptop takes seconds for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ctag.scorers.acoustic import AcousticScorer
from ctag.search import Search
from ctag.strategies.registry import strategy_named
from synth.config import SynthConfig
from synth.synth import Voice

pytestmark = pytest.mark.slow
PROMPTS = ["siren", "rain", "church bell", "dog"]
VOICE = Voice(SynthConfig(sample_rate=16000, buffer_size_seconds=1.0, control_rate=480))
KEY = jax.random.PRNGKey(0)


def search(strategy, prompts=PROMPTS, iterations=120):
    scorer = AcousticScorer()
    return Search(VOICE, strategy_named(strategy), scorer, iterations, 24).run(prompts, KEY)


@pytest.fixture(scope="module")
def found():
    return search("les")


def test_prompts_are_better_served_than_by_as_many_random_sounds(found):
    by_chance = search("random")
    assert (found.score > by_chance.score).sum() >= 3
    assert found.score.mean() > by_chance.score.mean() + 0.05


def test_the_parameters_alone_make_the_sound_and_its_score(found):
    audio = VOICE.render(jnp.asarray(found.theta))
    np.testing.assert_allclose(found.audio, audio, atol=2e-3)
    scorer = AcousticScorer()
    score = scorer.score(scorer.target(PROMPTS), jnp.asarray(found.audio)[:, None], 16000.0)
    np.testing.assert_allclose(found.score, score[:, 0], atol=1e-3)
    np.testing.assert_allclose(found.score, found.history.best[-1], atol=1e-2)


def test_a_prompt_finds_the_same_first_sounds_alone(found):
    alone = search("les", PROMPTS[2:3], iterations=2)
    np.testing.assert_allclose(alone.history.mean[0, 0], found.history.mean[0, 2], atol=1e-3)
    np.testing.assert_allclose(alone.history.best[:, 0], found.history.best[:2, 2], atol=2e-2)
