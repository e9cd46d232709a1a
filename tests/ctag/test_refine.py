"""Gradients through the synth, and what climbing along them does and never does."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from ctag.gradient import check_gradient, value_and_gradient
from ctag.locks import Locked, locked
from ctag.refine import Refinement, rough_columns
from ctag.search import Search
from ctag.strategies.registry import strategy_named
from tests.ctag.stand_in import Resemblance, TwoTones, Untraceable, parameters_of
from tests.ctag.test_locks import Tones
from tests.synth.family import build

PROMPTS = ["siren", "bell"]
KEY = jax.random.PRNGKey(1)


@dataclass(frozen=True, eq=False)
class Level:
    """Minus the squared distance of the mean square from the target's; NaN for what is loud."""

    sample_rate: float | None = None
    fails_above: float = np.inf

    def target(self, prompts):
        return 0.01 * jnp.arange(1, len(prompts) + 1)

    def score(self, target, audio, sample_rate):
        power = jnp.mean(audio**2, axis=-1)
        return jnp.where(power > self.fails_above, jnp.nan, -((power - target[:, None]) ** 2))


@dataclass(frozen=True, eq=False)
class InTorch(Level):
    """The same judge in PyTorch, differentiated there."""

    traceable: bool = False

    def score_and_gradient(self, target, audio, sample_rate):
        wave = torch.tensor(np.asarray(audio), requires_grad=True)
        wanted = torch.tensor(np.asarray(target))[:, None]
        score = -(((wave**2).mean(-1) - wanted) ** 2)
        score.sum().backward()
        return jnp.asarray(score.detach().numpy()), jnp.asarray(wave.grad.numpy())  # pyright: ignore


THETA = jax.random.uniform(jax.random.PRNGKey(3), (2, 3, 6), minval=0.2, maxval=0.8)


def slopes_of(scorer):
    return value_and_gradient(scorer, scorer.target(PROMPTS), TwoTones())(THETA)


def test_the_gradient_is_that_of_the_closed_form_for_the_level():
    """Sounds are proportional to the levels, so at equal levels power grows with their square."""
    scorer = Level()
    theta = THETA.at[..., 4].set(THETA[..., 1])
    slopes = value_and_gradient(scorer, scorer.target(PROMPTS), TwoTones())(theta)
    power = np.mean(np.asarray(TwoTones().render(theta.reshape(-1, 6))) ** 2, -1).reshape(2, 3)
    level, wanted = np.asarray(theta[..., 1]), np.array([[0.01], [0.02]])
    expected = -2 * (power - wanted) * 2 * power / level
    both = slopes.gradient[..., 1] + slopes.gradient[..., 4]
    np.testing.assert_allclose(both, expected, rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(slopes.score, -((power - wanted) ** 2), rtol=1e-3, atol=1e-9)


def test_a_judge_of_another_framework_gives_the_same_gradient():
    ours, theirs = slopes_of(Level()), slopes_of(InTorch())
    np.testing.assert_allclose(theirs.score, ours.score, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(theirs.gradient, ours.gradient, rtol=1e-4, atol=1e-8)


def test_a_sound_without_a_score_has_no_slope_and_disturbs_no_other():
    whole = slopes_of(Level())
    power = np.mean(np.asarray(TwoTones().render(THETA.reshape(-1, 6))) ** 2, -1).reshape(2, 3)
    part = slopes_of(Level(fails_above=float(np.median(power))))
    failed = power > np.median(power)
    assert (np.asarray(part.score)[failed] == -np.inf).all()
    assert (np.asarray(part.gradient)[failed] == 0).all()
    assert not np.asarray(part.defined)[failed].any()
    np.testing.assert_allclose(part.gradient[~failed], whole.gradient[~failed], rtol=1e-5)


def test_a_judge_without_a_gradient_is_refused_in_one_line():
    early = lambda: check_gradient(Untraceable(), None, TwoTones())  # noqa: E731
    for call in (early, lambda: slopes_of(Untraceable())):
        with pytest.raises(TypeError, match="score_and_gradient") as error:
            call()
        assert "\n" not in str(error.value)


def test_a_judge_with_a_gradient_is_let_through_and_one_that_refuses_the_rate_is_not():
    for scorer in (Level(), InTorch()):
        check_gradient(scorer, scorer.target(PROMPTS), TwoTones())

    class Refusing(InTorch):
        def score_and_gradient(self, target, audio, sample_rate):
            raise ValueError(f"not at {sample_rate:.0f} Hz")

    with pytest.raises(ValueError, match="not at 4000 Hz"):
        check_gradient(Refusing(), Refusing().target(PROMPTS), TwoTones())


def start_near(prompts=PROMPTS):
    """Patches a little away from what the prompts mean."""
    means = np.stack([parameters_of(prompt) for prompt in prompts])
    return np.clip(means + 0.04, 0, 1).astype(np.float32)


def climbed(steps=60, synth=None, scorer=None, theta=None, **more):
    scorer = scorer or Resemblance()
    settings = {"starts": 4, "round_steps": 20} | {
        k: more.pop(k) for k in list(more) if k in FIELDS
    }
    refinement = Refinement(synth or TwoTones(), scorer, steps, **settings)
    return refinement.run(
        scorer.target(PROMPTS), start_near() if theta is None else theta, KEY, **more
    )


FIELDS = set(Refinement.__dataclass_fields__)


def score_of(theta):
    scorer = Resemblance()
    sounds = TwoTones().render(jnp.asarray(theta))[:, None]
    return np.asarray(scorer.score(scorer.target(PROMPTS), sounds, 4000.0))[:, 0]


def test_it_climbs_and_the_history_never_falls():
    found = climbed()
    assert found.history.shape == (60, 2)
    assert (np.diff(found.history, axis=0) >= 0).all()
    np.testing.assert_allclose(score_of(found.theta), found.history[-1], atol=1e-5)
    before = score_of(start_near())
    assert (score_of(found.theta) > before + 0.2 * np.abs(before)).all()
    assert ((found.theta >= 0) & (found.theta <= 1)).all()
    assert found.undefined == 0


def test_it_is_never_worse_than_the_start_even_with_absurd_steps():
    best = np.stack([parameters_of(p) for p in PROMPTS]).astype(np.float32)
    found = climbed(5, theta=best, smallest=0.5, largest=0.5, spread=0.5)
    np.testing.assert_array_equal(found.theta, best)


def test_an_interrupted_refinement_ends_with_the_same_bits():
    states = []
    whole = climbed(save=states.append)
    assert [len(state["history"]) for state in states] == [20, 40, 60]
    again = climbed(saved=states[0])
    np.testing.assert_array_equal(again.theta, whole.theta)
    np.testing.assert_array_equal(again.history, whole.history)


def test_every_other_start_leaves_rough_parameters_alone():
    state = []
    climbed(1, rough=(0, 3), spread=0.05, save=state.append)
    points = state[0]["state"][0]
    moved = np.abs(points - start_near()[:, None]) > 0
    assert not moved[:, 1::2][..., [0, 3]].any()
    assert moved[:, 1::2][..., [1, 2, 4, 5]].all()


@pytest.mark.slow
def test_a_lock_holds():
    box = locked(Tones().parameters, {"a": {"level": 0.25}, "b": {"decay": [3, 6]}})
    theta = np.asarray(box.free(jnp.asarray(start_near())))
    found = climbed(20, synth=Locked(Tones(), box), theta=theta)
    whole = np.asarray(box.whole(jnp.asarray(found.theta)))
    assert (whole[:, 1] == 0.25).all()
    assert ((whole[:, 5] > 0.1 - 1e-6) & (whole[:, 5] < 0.2 + 1e-6)).all()


def test_pitches_rates_and_their_modulation_are_rough():
    synth = build("voice")
    rough = [synth.parameters[column].name for column in rough_columns(synth.parameters)]
    assert {"keyboard.midi_f0", "vco_1.tuning", "lfo_1.frequency"} <= set(rough)
    assert "mod_matrix.lfo_1->vco_1_pitch" in rough
    assert "adsr_1.attack" not in rough
    assert "mixer.noise" not in rough


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"starts": 0}, {"smallest": 0}, {"spread": -1}])
def test_settings_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Refinement(TwoTones(), Resemblance(), **wrong)


@pytest.mark.slow
def test_the_best_of_a_stored_search_is_what_it_had_found():
    search = Search(TwoTones(), strategy_named("simple_ga"), Resemblance(), 4, 6, 2)
    states = []
    result = search.run(PROMPTS, KEY, save=states.append)
    np.testing.assert_array_equal(search.best_of(states[-1]), result.theta)
