"""Phases: sums over frames without drift, and glides in closed form, against float64 sums."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synth.glide import make_glide, turns
from synth.phase import accumulate, running_sum


def wrapped(turns):
    """The distance of a phase from 0, in turns."""
    return turns - np.round(turns)


def test_the_sum_over_frames_has_no_drift():
    rng = np.random.default_rng(0)
    steps = rng.uniform(0, 80, (3, 2000)).astype(np.float32)
    initial = np.array([0.0, 0.25, -0.5], np.float32)
    phase = np.asarray(accumulate(jnp.asarray(steps), jnp.asarray(initial)), np.float64)
    exact = np.cumsum(steps.astype(np.float64), axis=1) - steps + initial[:, None]
    assert np.abs(wrapped(phase - exact)).max() < 2e-7, "float32 sums would be off by 1e-2"
    assert np.abs(phase).max() <= 0.5


def test_half_a_turn_does_not_overflow():
    steps = jnp.array([[0.5, -0.5, 1.5, 0.5, 0.0]], jnp.float32)
    phase = np.asarray(accumulate(steps, jnp.array([0.5], jnp.float32)))
    np.testing.assert_allclose(np.abs(phase), [[0.5, 0, 0.5, 0, 0.5]])


def test_the_sum_over_frames_has_the_gradient_of_a_sum():
    weights = jnp.array([[0.3, -1.0, 2.0, 0.5]])
    by_steps, by_initial = jax.grad(
        lambda s, i: (accumulate(s, i) * weights).sum(), argnums=(0, 1)
    )(jnp.ones((1, 4)) * 0.7, jnp.zeros(1))
    np.testing.assert_allclose(by_steps, [[1.5, 2.5, 0.5, 0]], rtol=1e-6)
    np.testing.assert_allclose(by_initial, [1.8], rtol=1e-6)


def test_running_sums():
    values = jnp.arange(1.0, 8.0)[None]
    np.testing.assert_array_equal(running_sum(values), np.cumsum(values, axis=1))


# Octaves a sample: flat, a semitone a second, both sides of the switch, ten octaves in a frame.
SLOPES = [0.0, 1e-12, 1.9e-6, 2.4e-3, 2.6e-3, 0.02, 0.1, -1e-9, -2.4e-3, -2.6e-3, -0.05, -0.1]


@pytest.mark.parametrize("slope", SLOPES)
def test_a_glide_is_the_sum_of_its_increments(slope):
    n = np.arange(101)
    increment, slope = np.float32(0.01), np.float32(slope)
    each = np.float64(increment) * 2.0 ** (np.float64(slope) * np.arange(100))
    exact = np.concatenate([[0.0], np.cumsum(each)])
    glide = make_glide(jnp.float32(increment), jnp.float32(slope), 100)
    made = np.asarray(jax.vmap(lambda k: turns(glide, k))(n.astype(np.float32)), np.float64)
    np.testing.assert_allclose(made, exact, rtol=5e-7, atol=1e-9)


@pytest.mark.parametrize("slope", SLOPES)
def test_the_derivatives_of_a_glide(slope):
    n = np.float32(100)
    increment, slope = np.float32(0.01), np.float32(slope)

    def total(increment, slope):
        return turns(make_glide(increment, slope, 100), n)

    by_increment, by_slope = jax.grad(total, argnums=(0, 1))(increment, slope)
    i = np.arange(100)
    powers = 2.0 ** (np.float64(slope) * i)
    np.testing.assert_allclose(by_increment, powers.sum(), rtol=1e-6)
    moment = np.float64(increment) * np.log(2) * (i * powers).sum()
    np.testing.assert_allclose(by_slope, moment, rtol=2e-5)
