"""Low-frequency oscillators against their shapes in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synth.config import SynthConfig
from synth.modules.lfo import LFO, SHAPES, oscillate
from tests.synth.family import play
from tests.synth.reference import Reference

RATE, SECONDS = 441.0, 1.0
OFF = dict.fromkeys(SHAPES, 0.0)


def config(batch=1):
    return SynthConfig(batch_size=batch, buffer_size_seconds=SECONDS)


def swing(rate=None, frequency=2.0, mod_depth=0.0, initial_phase=0.0, **weights):
    module = LFO(
        config(),
        frequency=frequency,
        mod_depth=mod_depth,
        initial_phase=initial_phase,
        **{**OFF, **weights},
    )
    inputs = () if rate is None else (jnp.full((1, 442), rate),)
    return play(module, *inputs)[0]


# Turns at the control points: the first increment precedes the first point.
TURNS = 2.0 * np.arange(1, 443) / RATE
SAW = TURNS % 1
PURE = {
    "sin": (1 - np.cos(2 * np.pi * TURNS)) / 2,
    "tri": 1 - np.abs(2 * SAW - 1),
    "saw": SAW,
    "rsaw": 1 - SAW,
    "sqr": ((SAW > 0.25) & (SAW < 0.75)).astype(float),
}


@pytest.mark.parametrize("name", SHAPES)
def test_each_shape_alone(name):
    made = swing(**{name: 0.3})
    # Where a shape jumps, a rounding of the phase decides on which side a point lies.
    at_a_jump = np.abs((TURNS * 4) - np.round(TURNS * 4)) < 1e-4
    np.testing.assert_allclose(made[~at_a_jump], PURE[name][~at_a_jump], atol=2e-6)


def test_weights_are_raised_to_e_and_normalised():
    made = swing(sin=1.0, tri=0.5)
    share = 0.5**np.e
    expected = (PURE["sin"] + share * PURE["tri"]) / (1 + share)
    np.testing.assert_allclose(made, expected, atol=2e-6)


def test_an_lfo_without_a_shape_is_off():
    np.testing.assert_array_equal(swing(), 0)


def test_an_lfo_whose_shapes_are_all_but_0_is_on_or_off_but_never_undefined():
    for weight in (1e-20, 1e-9, 1e-4):
        made = swing(sin=weight)
        assert np.isfinite(made).all()
        assert made.max() == 0 or np.abs(made - PURE["sin"]).max() < 1e-5


def test_the_rate_stops_at_0_hz():
    made = swing(rate=1.0, frequency=2.0, mod_depth=-9.0, initial_phase=1.0, saw=1.0)
    np.testing.assert_allclose(made, 1 / (2 * np.pi), atol=1e-6)


def test_the_rate_is_modulated():
    made = swing(rate=0.5, frequency=1.0, mod_depth=2.0, tri=1.0)
    np.testing.assert_allclose(made, PURE["tri"], atol=2e-6)


def test_the_initial_phase_is_in_radians():
    made = swing(initial_phase=np.pi / 2, saw=1.0)
    expected = (TURNS + 0.25) % 1
    near_jump = np.minimum(expected, 1 - expected) < 1e-4
    np.testing.assert_allclose(made[~near_jump], expected[~near_jump], atol=2e-6)


def test_random_lfos_are_what_the_formula_says():
    batch = 100
    rng = np.random.default_rng(0)
    scopes = LFO(config()).ranges()
    values = {name: s.to_human(rng.uniform(size=batch)) for name, s in scopes.items()}
    rates = rng.uniform(size=(batch, 442)).cumsum(1) / 442
    made = play(LFO(config(batch), **values), jnp.asarray(rates, jnp.float32))
    formula = Reference(44100, RATE, 44100)
    assert formula.n_frames == 442
    far = []
    for i in range(batch):
        expected = formula.lfo({n: v[i] for n, v in values.items()}, rates[i])
        difference = np.abs(made[i] - expected)
        # Jumps of saw and square may fall on the neighbouring side of a point: rarely.
        far.append(difference > 1e-5)
    assert np.mean(far) < 2e-4
    assert made.min() >= 0
    assert made.max() <= 1 + 1e-6


def test_the_gradient_is_finite_at_the_corners():
    rng = np.random.default_rng(2)
    scopes = LFO(config()).ranges()
    unit = rng.integers(0, 2, (8, 64)).astype(np.float32)
    unit[3:, :2] = 0  # no shape, every shape
    unit[3:, 1] = 1
    values = {n: jnp.asarray(s.to_human(unit[i])) for i, (n, s) in enumerate(scopes.items())}
    grid = LFO(config()).grid
    rate = jnp.asarray(rng.uniform(size=(64, 442)), jnp.float32)
    slopes = jax.grad(lambda v, r: oscillate(v, r, grid).sum(), argnums=(0, 1))(values, rate)
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(slopes))
