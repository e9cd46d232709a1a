"""The fast functions against NumPy in float64, over the whole interval that each promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synth import fastmath

TAU = 2 * np.pi
TURNS = np.linspace(-40.25, 40.25, 200_001).astype(np.float32)
OCTAVES = np.concatenate(
    [np.linspace(-125, 125.9, 100_001), np.linspace(-1, 1, 50_001), np.geomspace(1e-30, 1, 999)]
).astype(np.float32)
POSITIVE = np.geomspace(1.2e-38, 3e38, 200_001).astype(np.float32)


def exact(values):
    return values.astype(np.float64)


def slope(function, x):
    return np.asarray(jax.vmap(jax.grad(function))(jnp.asarray(x)), np.float64)


def ratio(w):
    """(2^w - 1) / w in float64."""
    safe = np.where(w == 0, 1, w)
    return np.where(w == 0, np.log(2), np.expm1(safe * np.log(2)) / safe)


def test_cosine_and_sine():
    cosine, sine = (np.asarray(a) for a in fastmath._cos_sin_turns(jnp.asarray(TURNS)))
    np.testing.assert_allclose(cosine, np.cos(TAU * exact(TURNS)), atol=2e-7)
    np.testing.assert_allclose(sine, np.sin(TAU * exact(TURNS)), atol=2e-7)
    np.testing.assert_allclose(fastmath.cos_turns(jnp.asarray(TURNS)), cosine, atol=2e-7)


def test_cosine_and_sine_are_exact_at_quarters():
    quarters = jnp.arange(-8, 9) / 4
    cosine, sine = fastmath._cos_sin_turns(quarters.astype(jnp.float32))
    np.testing.assert_allclose(cosine, np.round(np.cos(TAU * np.arange(-8, 9) / 4)), atol=1e-7)
    np.testing.assert_allclose(sine, np.round(np.sin(TAU * np.arange(-8, 9) / 4)), atol=1e-7)


def test_slopes_of_cosine_and_sine():
    x = TURNS[::20]
    expected = -TAU * np.sin(TAU * exact(x))
    np.testing.assert_allclose(slope(fastmath.cos_turns, x), expected, atol=2e-6)
    np.testing.assert_allclose(
        slope(lambda t: fastmath._cos_sin_turns(t)[0], x), expected, atol=2e-6
    )
    other = slope(lambda t: fastmath._cos_sin_turns(t)[1], x)
    np.testing.assert_allclose(other, TAU * np.cos(TAU * exact(x)), atol=2e-6)


def test_powers_of_two():
    made = np.asarray(fastmath.exp2(jnp.asarray(OCTAVES)), np.float64)
    np.testing.assert_allclose(made, np.exp2(exact(OCTAVES)), rtol=2.5e-7)
    whole = np.arange(-126, 128).astype(np.float32)
    np.testing.assert_array_equal(
        fastmath.power_of_two(jnp.asarray(whole), jnp.float32), np.exp2(exact(whole))
    )


def test_slope_of_powers_of_two():
    expected = np.log(2) * np.exp2(exact(OCTAVES[::20]))
    made = slope(fastmath.exp2, OCTAVES[::20])
    np.testing.assert_allclose(made, expected, rtol=3e-7, atol=2e-38)


def test_power_of_two_less_one_over_its_exponent():
    w = OCTAVES
    made = np.asarray(fastmath.exp2m1_ratio(jnp.asarray(w)), np.float64)
    np.testing.assert_allclose(made, ratio(exact(w)), rtol=3e-7)
    near = np.linspace(-0.5, 0.5, 100_001).astype(np.float32)
    made = np.asarray(fastmath.exp2m1_ratio_near_0(jnp.asarray(near)), np.float64)
    np.testing.assert_allclose(made, ratio(exact(near)), rtol=2e-7)


def test_logarithm():
    expected = np.log2(exact(POSITIVE))
    error = np.abs(np.asarray(fastmath.log2(jnp.asarray(POSITIVE)), np.float64) - expected)
    assert (error / np.maximum(1, np.abs(expected))).max() < 2e-7
    x = POSITIVE[::20]
    expected = 1 / (np.log(2) * exact(x))
    np.testing.assert_allclose(slope(fastmath.log2, x), expected, rtol=3e-7, atol=2e-38)


def test_logarithm_near_1_keeps_its_digits():
    x = (1 + np.linspace(-1e-3, 1e-3, 2001)).astype(np.float32)
    made = np.asarray(fastmath.log2(jnp.asarray(x)), np.float64)
    np.testing.assert_allclose(made, np.log2(exact(x)), rtol=3e-7, atol=1e-12)


@pytest.mark.parametrize("drive", [0.0, 1e-3, 0.7, 5.0, 80.0, 3000.0])
def test_hyperbolic_tangent_of_a_sine(drive):
    turns = TURNS[::7]
    drives = np.full_like(turns, drive)
    made, cosine = fastmath.tanh_of_sine(jnp.asarray(drives), jnp.asarray(turns))
    # Where tanh is steep, the sine's own rounding is what counts: drive times 1e-7.
    angle = TAU * exact(turns)
    expected = np.tanh(exact(drives) * np.sin(angle))
    steepness = exact(drives) * (1 - expected**2)
    assert (np.abs(made - expected) - 2e-7 * steepness).max() < 5e-7
    np.testing.assert_allclose(cosine, np.cos(angle), atol=2e-7)


def test_slopes_of_the_hyperbolic_tangent_of_a_sine():
    rng = np.random.default_rng(0)
    turns = rng.uniform(-3, 3, 4001).astype(np.float32)
    drive = rng.uniform(0, 20, 4001).astype(np.float32)

    def first(d, t):
        return fastmath.tanh_of_sine(d, t)[0]

    by_drive, by_turns = (
        np.asarray(jax.vmap(jax.grad(first, argnums=i))(drive, turns), np.float64) for i in (0, 1)
    )
    angle = TAU * exact(turns)
    flat = 1 - np.tanh(exact(drive) * np.sin(angle)) ** 2
    np.testing.assert_allclose(by_drive, flat * np.sin(angle), atol=5e-6)
    np.testing.assert_allclose(by_turns, flat * exact(drive) * TAU * np.cos(angle), atol=5e-4)


def test_power():
    base = np.concatenate([np.linspace(0, 1, 50_001), np.geomspace(1e-30, 1, 999)])
    base = base.astype(np.float32)
    for exponent in (0.1, 0.5, 1.0, np.e, 6.0):
        made = fastmath.power(jnp.asarray(base), jnp.float32(exponent))
        expected = exact(base) ** np.float32(exponent)
        np.testing.assert_allclose(made, expected, rtol=8e-6, atol=1e-36)


def test_slopes_of_power():
    rng = np.random.default_rng(1)
    base, exponent = (rng.uniform(low, high, 4001) for low, high in ((0.01, 1), (0.1, 6)))
    base, exponent = base.astype(np.float32), exponent.astype(np.float32)
    by_base, by_exponent = (
        np.asarray(jax.vmap(jax.grad(fastmath.power, argnums=i))(base, exponent), np.float64)
        for i in (0, 1)
    )
    b, e = exact(base), exact(exponent)
    np.testing.assert_allclose(by_base, e * b ** (e - 1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(by_exponent, np.log(b) * b**e, rtol=1e-5, atol=1e-6)


def test_power_of_nothing_is_flat():
    zero = jnp.float32(0)
    for exponent in (0.1, 1.0, 6.0):
        assert fastmath.power(zero, jnp.float32(exponent)) == 0
        assert jax.grad(fastmath.power)(zero, jnp.float32(exponent)) == 0


def test_in_float64_the_functions_are_the_exact_ones():
    with jax.enable_x64(True):
        x = jnp.linspace(-3.0, 3.0, 1001, dtype=jnp.float64)
        positive = jnp.abs(x) + 1e-3
        np.testing.assert_allclose(fastmath.cos_turns(x), np.cos(TAU * x), atol=1e-14)
        np.testing.assert_allclose(fastmath.exp2(x), np.exp2(x), rtol=1e-15)
        np.testing.assert_allclose(fastmath.log2(positive), np.log2(positive), atol=1e-15)
        np.testing.assert_allclose(fastmath.exp2m1_ratio(x), ratio(np.asarray(x)), rtol=1e-12)
        saturated, _ = fastmath.tanh_of_sine(positive, x)
        np.testing.assert_allclose(saturated, np.tanh(positive * np.sin(TAU * x)), atol=1e-14)
