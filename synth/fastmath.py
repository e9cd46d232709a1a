"""Elementary functions at audio rate: polynomials that vectorise, with analytic derivatives.

XLA's own `sin`, `tanh` and `exp2` cost 5-9 ns a sample on a CPU; these cost 0.15-0.5. Phases are
in turns, so that range reduction is a rounding. In float64 (the path that finite differences and
references use) each function is the exact one. Coefficients are minimax fits over the stated
interval; the error is the largest one of the fit before rounding to float32.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

_TWO_PI = 2 * math.pi
_LN2 = math.log(2.0)

# sin(2 pi y) for |y| <= 1/4, odd powers: 3.4e-9.
_SIN = (
    6.283185160089448,
    -41.34165503141179,
    81.60100407300143,
    -76.54978228802194,
    39.53670602600628,
)
# cos(2 pi y) for |y| <= 1/4, even powers: 4.7e-8.
_COS = (
    0.9999999534666657,
    -19.7391714346995,
    64.93459062654921,
    -85.24033031676534,
    56.24238041742548,
)
# (2^f - 1) / f for |f| <= 1/2: 2.2e-8 relative.
_EXP2M1 = (
    0.6931471824645996,
    0.24022650718688965,
    0.05550391972064972,
    0.009618041105568409,
    0.0013379674637690187,
    0.0001546772546134889,
)
# 2^f for |f| <= 1/2: 7.5e-8 relative.
_EXP2 = (
    1.0000000716546724,
    0.6931469670643615,
    0.24022119723881794,
    0.05550713274149531,
    0.009675541332781347,
    0.0013276471781989746,
)

# 1 / (1 + e) for 0 <= e <= 1, as the factor of (1 - e): 3.9e-7 of the product.
_TANH = (
    0.9999996052482288,
    -0.9999309483674464,
    0.9980488288410716,
    -0.9789944789519757,
    0.8865773543964411,
    -0.6480150519541028,
    0.3125052596263727,
    -0.07022857443054219,
)
# log2(1 + t) / t for -1/3 <= t <= 1/3: 3.8e-8 relative.
_LOG2 = (
    1.4426950525420292,
    -0.7213465410942551,
    0.48089409734250343,
    -0.36078957470364326,
    0.2887956766866648,
    -0.23678642444055814,
    0.20058459695959424,
    -0.22222167541408647,
    0.20825212390123224,
)
_TWO_THIRDS_BITS = 0x3F2AAAAB  # float32 2/3: mantissas are taken from [2/3, 4/3)


def _polynomial(x: Array, coefficients: Sequence[float]) -> Array:
    total = jnp.full((), coefficients[-1], x.dtype)
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total


def power_of_two(whole: Float[Array, "*shape"], dtype: Any) -> Float[Array, "*shape"]:
    """2^whole for whole numbers in [-126, 127], by writing the exponent's bits.

    Adding 1.5 * 2^23 leaves the whole number in the low bits of the sum: a conversion to integers
    would check for what does not fit, at twice the instructions.
    """
    if dtype == jnp.float64:
        return jnp.exp2(whole)
    bits = lax.bitcast_convert_type(whole + np.float32(1.5 * 2**23 + 127), jnp.int32)
    return lax.bitcast_convert_type(bits << 23, jnp.float32)


def exp2m1_ratio(w: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """(2^w - 1) / w for |w| < 126, smooth at 0; 1e-7 relative."""
    whole = jnp.round(w)
    power = power_of_two(whole, w.dtype)
    fraction = w - whole
    small = exp2m1_ratio_near_0(fraction)
    away = whole != 0
    ratio = (power * fraction * small + (power - 1)) / jnp.where(away, w, 1.0)
    return jnp.where(away, ratio, small)


def exp2m1_ratio_near_0(f: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """(2^f - 1) / f for |f| <= 1/2; 2e-8 relative."""
    if f.dtype != jnp.float64:
        return _polynomial(f, _EXP2M1)
    near = jnp.abs(f) < 1e-9
    return jnp.where(near, _LN2 + f * (_LN2**2 / 2), jnp.expm1(f * _LN2) / jnp.where(near, 1.0, f))


def exp2(w: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """2^w for |w| < 126; 1e-7 relative."""
    return jnp.exp2(w) if w.dtype == jnp.float64 else _exp2(w)


@jax.custom_jvp
def _exp2(w: Array) -> Array:
    whole = jnp.round(w)
    return power_of_two(whole, w.dtype) * _polynomial(w - whole, _EXP2)


@_exp2.defjvp
def _exp2_jvp(primals, tangents):
    value = _exp2(*primals)
    return value, value * (_LN2 * tangents[0])


def log2(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """log2(x) for normal x > 0; 1e-7 of the larger of 1 and the result."""
    return jnp.log2(x) if x.dtype == jnp.float64 else _log2(x)


@jax.custom_jvp
def _log2(x: Array) -> Array:
    bits = lax.bitcast_convert_type(x, jnp.int32)
    whole = (bits - _TWO_THIRDS_BITS) >> 23
    mantissa = lax.bitcast_convert_type(bits - (whole << 23), jnp.float32)
    rest = mantissa - 1
    return whole.astype(jnp.float32) + rest * _polynomial(rest, _LOG2)


@_log2.defjvp
def _log2_jvp(primals, tangents):
    (x,) = primals
    return _log2(x), tangents[0] * (1 / _LN2) / x


def _quarter(turns: Array) -> tuple[Array, Array]:
    """Fold a phase to y in [-1/4, 1/4] with cos(2 pi turns) = sin(2 pi y); and the signed rest."""
    rest = turns - jnp.round(turns)
    return 0.25 - jnp.abs(rest), rest


def cos_turns(turns: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """cos(2 pi turns); 2e-7."""
    return jnp.cos(_TWO_PI * turns) if turns.dtype == jnp.float64 else _cos_turns(turns)


@jax.custom_jvp
def _cos_turns(turns: Array) -> Array:
    y, _ = _quarter(turns)
    return y * _polynomial(y * y, _SIN)


@_cos_turns.defjvp
def _cos_turns_jvp(primals, tangents):
    cosine, sine = _cos_sin_turns(*primals)
    return cosine, -_TWO_PI * sine * tangents[0]


@jax.custom_jvp
def _cos_sin_turns(turns: Array) -> tuple[Array, Array]:
    """cos(2 pi turns) and sin(2 pi turns) from one folding; 2e-7."""
    y, rest = _quarter(turns)
    square = y * y
    cosine = y * _polynomial(square, _SIN)
    return cosine, _with_sign_of(_polynomial(square, _COS), rest)


@_cos_sin_turns.defjvp
def _cos_sin_turns_jvp(primals, tangents):
    cosine, sine = _cos_sin_turns(*primals)
    step = _TWO_PI * tangents[0]
    return (cosine, sine), (-sine * step, cosine * step)


def tanh_of_sine(
    drive: Float[Array, "*#shape"], turns: Float[Array, "*shape"]
) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"]]:
    """tanh(drive sin(2 pi turns)) for drive >= 0, and cos(2 pi turns); 4e-7.

    With e = 2^(-2 drive |sin| / ln 2) the first is (1 - e) / (1 + e), a polynomial of e: a division
    costs as much as all the rest.
    """
    if turns.dtype == jnp.float64:
        return jnp.tanh(drive * jnp.sin(_TWO_PI * turns)), jnp.cos(_TWO_PI * turns)
    return _tanh_of_sine(drive, turns)


@jax.custom_jvp
def _tanh_of_sine(drive: Array, turns: Array) -> tuple[Array, Array]:
    y, rest = _quarter(turns)
    square = y * y
    exponent = (drive * (-2 / _LN2)) * _polynomial(square, _COS)
    e = _exp2(jnp.where(exponent > -64.0, exponent, -64.0))
    saturated = (1 - e) * _polynomial(e, _TANH)
    return _with_sign_of(saturated, rest), y * _polynomial(square, _SIN)


@_tanh_of_sine.defjvp
def _tanh_of_sine_jvp(primals, tangents):
    drive, turns = primals
    saturated, cosine = _tanh_of_sine(drive, turns)
    _, sine = _cos_sin_turns(turns)
    step = _TWO_PI * tangents[1]
    slope = 1 - saturated * saturated
    tangent = slope * (sine * tangents[0] + drive * cosine * step)
    return (saturated, cosine), (tangent, -sine * step)


def _with_sign_of(size: Array, sign: Array) -> Array:
    """`size` >= 0 with the sign of another number, by its bit."""
    bits = lax.bitcast_convert_type(sign, jnp.int32) & np.int32(-(2**31))
    return lax.bitcast_convert_type(lax.bitcast_convert_type(size, jnp.int32) | bits, jnp.float32)


def power(
    base: Float[Array, "*shape"], exponent: Float[Array, "*#shape"]
) -> Float[Array, "*shape"]:
    """base^exponent for base in [0, 1] and exponent > 0, with a gradient of 0 at base 0.

    The slope of x^a at 0 is infinite for a < 1, which is where envelopes begin: an infinite
    derivative times a zero elsewhere would be NaN.
    """
    positive = base > 0
    logarithm = exponent * log2(jnp.where(positive, base, 1.0))
    return jnp.where(positive, exp2(jnp.where(logarithm < -120.0, -120.0, logarithm)), 0.0)
