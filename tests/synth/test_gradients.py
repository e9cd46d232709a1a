"""Gradients: finite for every parameter vector, and right against finite differences in float64."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synth.grid import make_grid
from tests.synth.family import FAMILY, build, corner_theta, random_theta

QUICK = ("shapednoise", "oneosc", "nonoise", "voice")
BATCH = 100
# An LFO whose rate nothing modulates has no use for the depth; noise has no pitch.
IDLE = {"shapednoise": {"keyboard.midi_f0", "lfo.mod_depth"}, "oneosc": {"lfo.mod_depth"}}


def loss_weights(synth, dtype=jnp.float32):
    return jax.random.normal(jax.random.PRNGKey(5), (synth.n_samples,), dtype)


@cache
def gradient(synth):
    """Of a loss that hears every sample, linearly and squared."""
    weights = loss_weights(synth)

    def loss(theta):
        audio = synth.render(theta)
        return (audio @ weights).sum() + (audio**2).sum()

    return jax.jit(jax.grad(loss))


def short(name, **config):
    """Sounds of 1/10 s at 8 kHz, so that thousands of gradients take seconds."""
    return build(name, seconds=0.1, sample_rate=8000, **config)


def check_finite(name, batches):
    synth = short(name)
    slopes = gradient(synth)
    names = np.array([p.name for p in synth.parameters])
    seen = np.zeros(synth.n_params, bool)
    for seed in range(batches):
        for theta in (random_theta(synth, BATCH, seed), corner_theta(synth, BATCH, seed)):
            found = np.asarray(slopes(theta))
            wrong = ~np.isfinite(found)
            assert not wrong.any(), names[wrong.any(0)].tolist()
            seen |= (found != 0).any(0)
    assert set(names[~seen]) == IDLE.get(name, set()), "what no sound depends on"


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_no_gradient_is_undefined(name):
    check_finite(name, batches=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILY)
def test_no_gradient_is_undefined_for_2000_random_and_2000_corner_vectors(name):
    check_finite(name, batches=20)


@pytest.mark.parametrize("name", ["oneosc", pytest.param("voice", marks=pytest.mark.slow)])
def test_gradients_are_finite_differences_in_float64(name):
    synth, rows, step = short(name), 3, 1e-7
    n = synth.n_params
    with jax.enable_x64(True):
        weights = loss_weights(synth, jnp.float64)

        def loss(theta):
            return synth.render(theta) @ weights

        theta = np.random.default_rng(3).uniform(0.02, 0.98, size=(rows, n))
        slopes = np.asarray(jax.jit(jax.grad(lambda t: loss(t).sum()))(jnp.asarray(theta)))
        around = theta[:, None, None] + step * np.array([1, -1])[:, None, None] * np.eye(n)
        values = np.asarray(jax.jit(loss)(jnp.asarray(around.reshape(-1, n))))
    plus, minus = values.reshape(rows, 2, n).transpose(1, 0, 2)
    differences = (plus - minus) / (2 * step)
    scale = np.abs(slopes).max(1, keepdims=True)
    # Square and saw LFOs jump: their phases and rates have no finite difference where a point
    # crosses the jump, so a few entries may be far off, and the rest must be right.
    error = np.abs(differences - slopes) / (np.abs(slopes) + 1e-4 * scale)
    assert np.quantile(error, 0.98) < 1e-3
    assert np.median(error) < 1e-5
    assert (np.abs(slopes) > 1e-3 * scale).mean() > 0.2, "the test looks at real slopes"


@pytest.mark.slow
def test_gradients_in_float32_are_those_in_float64():
    synth = short("oneosc")
    theta = np.random.default_rng(4).uniform(0.02, 0.98, size=(64, synth.n_params))
    theta = theta.astype(np.float32)
    weights = np.asarray(loss_weights(synth))

    def slopes(dtype):
        def loss(t):
            return (synth.render(t) @ jnp.asarray(weights, dtype)).sum()

        return np.asarray(jax.jit(jax.grad(loss))(jnp.asarray(theta, dtype)), np.float64)

    single = slopes(jnp.float32)
    with jax.enable_x64(True):
        double = slopes(jnp.float64)
    scale = np.abs(double).max(1, keepdims=True)
    error = np.abs(single - double) / scale
    assert np.median(error.max(1)) < 1e-4
    assert np.quantile(error.max(1), 0.95) < 1e-2


def test_pitch_and_depth_have_true_slopes_where_the_pitch_is_nearly_flat():
    # A first version of the closed form gave -2e11 for a pitch depth here.
    synth = build("oneosc", seconds=0.25, sample_rate=16000)
    names = [p.name for p in synth.parameters]
    theta = np.array(random_theta(synth, 1, seed=2), np.float64)
    level = {"keyboard.midi_f0": 0.4, "keyboard.duration": 0.9, "adsr.sustain": 0.5, "mixer.vco": 1}
    for name, value in {**level, "mod_matrix.adsr->vco_amp": 1.0}.items():
        theta[:, names.index(name)] = value
    depths = 0.5 + np.array([0.0, 1e-4, -1e-3, 1e-2, 0.1, -0.2])
    theta = np.repeat(theta, len(depths), axis=0)
    theta[:, names.index("vco.mod_depth")] = depths
    weights = np.asarray(loss_weights(synth))

    def slopes(dtype):
        def loss(t):
            return (synth.render(t) @ jnp.asarray(weights, dtype)).sum()

        return np.asarray(jax.jit(jax.grad(loss))(jnp.asarray(theta, dtype)), np.float64)

    single = slopes(jnp.float32)
    with jax.enable_x64(True):
        double = slopes(jnp.float64)
    for name in ("vco.mod_depth", "keyboard.midi_f0", "vco.tuning", "mod_matrix.adsr->vco_pitch"):
        i = names.index(name)
        scale = np.abs(double).max(1)
        np.testing.assert_allclose(single[:, i] / scale, double[:, i] / scale, atol=2e-2)


@pytest.mark.slow
def test_parameters_at_the_ends_of_their_range_have_finite_slopes_one_by_one():
    synth = short("voice")
    middle = np.full(synth.n_params, 0.5, np.float32)
    theta = np.repeat(middle[None], 2 * synth.n_params, axis=0)
    for i in range(synth.n_params):
        theta[2 * i, i], theta[2 * i + 1, i] = 0.0, 1.0
    theta = np.concatenate([theta, np.repeat(middle[None], -len(theta) % BATCH, axis=0)])
    slopes = gradient(synth)
    for part in theta.reshape(-1, BATCH, synth.n_params):
        assert np.isfinite(np.asarray(slopes(jnp.asarray(part)))).all()


@pytest.mark.slow
def test_gradients_with_uneven_frames():
    synth = short("oneosc", control_rate=480.0)
    assert len(np.unique(make_grid(synth.config).lengths)) > 1
    found = np.asarray(gradient(synth)(corner_theta(synth, BATCH)))
    assert np.isfinite(found).all()
