"""The phase of an oscillator whose pitch moves in a straight line, in closed form.

Within a control frame the increments are `increment * 2^(slope * i)`, i = 0, 1, ...; the sum of the
first n is a geometric series, `increment * (2^(slope n) - 1) / (2^slope - 1)`.

Written like that it divides by nearly nothing where the pitch is nearly flat, and a compiler that
computes the slope twice with different rounding gets two different frequencies. With
`q(w) = (2^w - 1) / w`, which is smooth at 0, the sum is `increment / q(slope) * n q(slope n)`; and
with w = i + f, i whole, `n q(w) = 2^i q(f) (n - i / slope) + (2^i - 1) / slope`, which needs no
division a sample and no slope at all while i = 0.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from synth.fastmath import exp2m1_ratio, exp2m1_ratio_near_0, power_of_two

_LN2 = math.log(2.0)
_SERIES = 0.1
"""Below this |slope n| ln 2 the derivative's closed form cancels, and its series is used."""


class Glide(NamedTuple):
    """A pitch line in one frame.

    Args:
        increment: turns of the first sample.
        slope: octaves a sample.
        scale: increment / q(slope).
        reciprocal: 1 / slope where the glide is steep enough to need it, else 0.
    """

    increment: Float[Array, "*shape"]
    slope: Float[Array, "*shape"]
    scale: Float[Array, "*shape"]
    reciprocal: Float[Array, "*shape"]


def make_glide(
    increment: Float[Array, "*shape"], slope: Float[Array, "*shape"], longest: int
) -> Glide:
    """Prepare a glide for up to `longest` samples; `turns` gives its derivatives."""
    steep = jnp.abs(slope) * longest > 0.25
    reciprocal = jnp.where(steep, 1 / jnp.where(steep, slope, 1.0), 0.0)
    scale = increment / exp2m1_ratio(slope)
    return Glide(increment, slope, lax.stop_gradient(scale), lax.stop_gradient(reciprocal))


def turns(glide: Glide, n: ArrayLike) -> Float[Array, "..."]:
    """Turns made in the first n samples of a glide, a whole number of samples."""
    return _turns(glide, jnp.asarray(n, glide.slope.dtype))


@jax.custom_jvp
def _turns(glide: Glide, n: Array) -> Array:
    w = glide.slope * n
    whole = jnp.round(w)
    power = power_of_two(whole, w.dtype)
    rest = n - whole * glide.reciprocal
    return glide.scale * (
        power * exp2m1_ratio_near_0(w - whole) * rest
        + (power * glide.reciprocal - glide.reciprocal)
    )


@_turns.defjvp
def _turns_jvp(primals, tangents):
    glide, n = primals
    value = _turns(glide, n)
    x = _LN2 * glide.slope
    near = jnp.abs(x * n) < _SERIES
    # sum of i e^(x i) for i < n: in closed form for steep glides, by its series for flat ones.
    steep = jnp.where(near, 1.0, x)
    once = jnp.expm1(steep)
    closed = (n * jnp.exp(steep * n) - jnp.expm1(steep * n) * jnp.exp(steep) / once) / once
    first = n * (n - 1) / 2
    flat = jnp.where(near, x, 0.0)
    third = first * first / 2 + flat * first * (2 * n - 1) * (3 * n * n - 3 * n - 1) / 90
    series = first + flat * (first * (2 * n - 1) / 3 + flat * third)
    moment = jnp.where(near, series, closed)
    return value, (
        value / glide.increment * tangents[0].increment
        + glide.increment * _LN2 * moment * tangents[0].slope
    )
