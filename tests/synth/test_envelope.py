"""Envelopes against their formula in float64, and at the edges where existing synths go wrong."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synth.config import SynthConfig
from synth.modules.envelope import ADSR, envelope
from tests.synth.family import play
from tests.synth.reference import Reference

RATE = 100.0  # control points a second
SECONDS = 1.0
NAMES = ("attack", "decay", "sustain", "release", "alpha")


def config(batch):
    return SynthConfig(
        batch_size=batch, sample_rate=10_000, buffer_size_seconds=SECONDS, control_rate=RATE
    )


def shape(duration, attack=0.0, decay=0.0, sustain=1.0, release=1.0, alpha=1.0):
    """One envelope at 0, 10, ... 1000 ms."""
    module = ADSR(
        config(1), attack=attack, decay=decay, sustain=sustain, release=release, alpha=alpha
    )
    (made,) = play(module, jnp.array([duration]))
    assert len(made) == 101
    return made


TIME = np.arange(101) / RATE


def test_four_straight_lines():
    made = shape(0.5, attack=0.1, decay=0.2, sustain=0.5, release=0.25)
    corners = ([0, 0.1, 0.3, 0.5, 0.75, 1.0], [0, 1, 0.5, 0.5, 0, 0])
    np.testing.assert_allclose(made, np.interp(TIME, *corners), atol=2e-6)


@pytest.mark.parametrize("alpha", [0.5, 2.0, 6.0])
def test_segments_are_powers_of_straight_lines(alpha):
    made = shape(0.5, attack=0.2, decay=0.2, sustain=0.0, release=0.25, alpha=alpha)
    rise, fall = TIME[:20] / 0.2, (0.4 - TIME[20:41]) / 0.2
    np.testing.assert_allclose(made[:20], (rise + 1.05e-6) ** alpha, atol=1e-5)
    np.testing.assert_allclose(made[20:41], np.maximum(fall, 0) ** alpha, atol=1e-3)


def test_a_key_released_during_the_attack_ends_it_there_at_full_level():
    made = shape(0.2, attack=0.4, decay=0.3, sustain=0.25, release=0.5)
    expected = np.interp(TIME, [0, 0.2, 0.7, 1.0], [0, 1, 0, 0])
    np.testing.assert_allclose(made, expected, atol=1e-5)


def test_a_key_released_during_the_decay_ends_that():
    made = shape(0.3, attack=0.1, decay=0.8, sustain=0.5, release=0.5)
    expected = np.interp(TIME, [0, 0.1, 0.3, 0.8, 1.0], [0, 1, 0.5, 0, 0])
    np.testing.assert_allclose(made, expected, atol=1e-5)


def test_without_an_attack_the_first_point_is_at_the_top():
    made = shape(0.5, attack=0.0, decay=0.5, sustain=0.0)
    np.testing.assert_allclose(made[:50], 1 - TIME[:50] / 0.5, atol=1e-5)


def test_without_a_decay_the_sustain_level_comes_at_once():
    made = shape(0.5, attack=0.1, decay=0.0, sustain=0.3, release=0.2)
    np.testing.assert_allclose(made[11:50], 0.3, atol=1e-6)


def test_without_a_release_there_is_silence_at_once():
    made = shape(0.5, attack=0.0, decay=0.0, sustain=1.0, release=0.0)
    np.testing.assert_allclose(made[:50], 1, atol=1e-6)
    np.testing.assert_array_equal(made[51:], 0)


def test_a_note_longer_than_the_sound_is_never_released():
    made = shape(4.0, attack=0.1, decay=0.1, sustain=0.7)
    np.testing.assert_allclose(made[20:], 0.7, atol=1e-6)


def random_values(rng, batch):
    unit = rng.uniform(size=(batch, 5))
    unit[rng.random(unit.shape) < 0.1] = 1.0
    scopes = ADSR(config(1)).ranges()
    return {name: scopes[name].to_human(unit[:, i]) for i, name in enumerate(NAMES)}


def test_random_envelopes_are_what_the_formula_says():
    batch = 200
    rng = np.random.default_rng(0)
    values = random_values(rng, batch)
    duration = rng.uniform(0.01, 1.2, batch)
    made = play(ADSR(config(batch), **values), jnp.asarray(duration, jnp.float32))
    formula = Reference(10_000, RATE, int(SECONDS * 10_000))
    for i in range(batch):
        expected = formula.adsr({name: values[name][i] for name in NAMES}, duration[i])
        # One rounding of a time by 1e-7 s moves a steep segment by that times its slope.
        shortest = min(values["attack"][i], values["decay"][i], values["release"][i], duration[i])
        np.testing.assert_allclose(made[i], expected, atol=2e-5 + 1e-6 / max(shortest, 1e-3))


def test_corners_give_levels_in_the_unit_interval():
    corners = np.array(np.meshgrid(*[[0, 1]] * 6)).reshape(6, -1).astype(np.float32)
    scopes = ADSR(config(1)).ranges()
    values = {n: scopes[n].to_human(corners[i]) for i, n in enumerate(NAMES)}
    duration = np.where(corners[5] > 0, 4.0, 0.01)
    made = play(ADSR(config(64), **values), jnp.asarray(duration, jnp.float32))
    assert np.isfinite(made).all()
    assert made.min() >= 0
    assert made.max() <= 1 + 2e-7


def test_the_gradient_is_finite_at_the_corners():
    corners = np.array(np.meshgrid(*[[0, 1]] * 6)).reshape(6, -1).astype(np.float32)
    scopes = ADSR(config(1)).ranges()
    values = {n: jnp.asarray(scopes[n].to_human(corners[i])) for i, n in enumerate(NAMES)}
    duration = jnp.where(corners[5] > 0, 4.0, 0.01)
    grid = ADSR(config(64)).grid
    slopes = jax.grad(lambda v, d: envelope(v, d, grid).sum(), argnums=(0, 1))(values, duration)
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(slopes))
