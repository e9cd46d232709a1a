"""Parameters: a value in [0, 1] with a range in human units, a unit, a curve and a symmetry.

The mapping is torchsynth's (Turian et al. 2021), which SynthAX kept:
`human = minimum + (maximum - minimum) * unit ** (1 / curve)`, and around the centre where the
parameter is symmetric.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


@dataclass(frozen=True)
class Range:
    """What one parameter may be, in human units.

    Args:
        minimum, maximum: ends of the range, in `unit`; minimum < maximum.
        curve: shape of the mapping, > 0; below 1 gives small values more of [0, 1], 1 is linear.
        symmetric: the curve works outwards from the middle of the range.
        unit: what the numbers count: "Hz", "s", "semitones", "rad", "MIDI" or "" for a ratio.
    """

    minimum: float
    maximum: float
    curve: float = 1.0
    symmetric: bool = False
    unit: str = ""

    def __post_init__(self) -> None:
        if not self.minimum < self.maximum:
            raise ValueError(
                f"a range needs minimum < maximum, got {self.minimum} and {self.maximum}"
            )
        if not self.curve > 0:
            raise ValueError(f"a curve must be above 0, got {self.curve}")

    def to_human(self, unit_value: Any) -> Any:
        """Map values in [0, 1] to human units (arrays of any shape, JAX or NumPy, or numbers)."""
        xp = jnp if isinstance(unit_value, jax.Array) else np
        power = 1.0 / self.curve
        if not self.symmetric:
            return self.minimum + (self.maximum - self.minimum) * _power(xp, unit_value, power)
        offset = 2.0 * unit_value - 1.0
        bent = xp.sign(offset) * _power(xp, xp.abs(offset), power)
        return self.minimum + (self.maximum - self.minimum) / 2.0 * (1.0 + bent)

    def to_unit(self, human_value: Any) -> Any:
        """Map values in human units to [0, 1]; the inverse of `to_human`."""
        xp = jnp if isinstance(human_value, jax.Array) else np
        ratio = (human_value - self.minimum) / (self.maximum - self.minimum)
        if not self.symmetric:
            return _power(xp, xp.clip(ratio, 0.0, 1.0), self.curve)
        offset = 2.0 * xp.clip(ratio, 0.0, 1.0) - 1.0
        return (1.0 + xp.sign(offset) * _power(xp, xp.abs(offset), self.curve)) / 2.0


@dataclass(frozen=True)
class Initial:
    """A starting value in human units, and the range that it lives in (the module's own if None).

    Args:
        value: one number for every sound, or one a sound.
        range: the parameter's range.
    """

    value: tuple[float, ...]
    range: Range | None = None

    def __init__(self, value: Any, range: Range | None = None) -> None:
        values = np.atleast_1d(np.asarray(value, dtype=np.float64))
        if values.ndim != 1 or values.size == 0:
            raise ValueError(f"a value is a number or a vector, got shape {values.shape}")
        object.__setattr__(self, "value", tuple(values.tolist()))
        object.__setattr__(self, "range", range)


Setting = Range | Initial | Any
"""What a module accepts for a parameter: a range, a value in human units, or both (`Initial`).

A mapping of their arguments is the same, so that a configuration file can say
`vco.tuning: {minimum: -12, maximum: 12}` or `adsr.attack: {value: 0.1}`.
"""


@dataclass(frozen=True)
class Parameter(Range):
    """A named parameter of a synth: `module.parameter`, with its range."""

    name: str = ""


def hashable(setting: Setting) -> Setting:
    """A setting that can key compiled programs: values become tuples of numbers."""
    if setting is None or isinstance(setting, Range | Initial):
        return setting
    if not isinstance(setting, Mapping):
        return Initial(setting)
    if "value" not in setting:
        return Range(**setting)
    scope = setting.get("range")
    return Initial(setting["value"], Range(**scope) if isinstance(scope, Mapping) else scope)


def settle(name: str, setting: Setting, default: Range) -> tuple[Range, tuple[float, ...] | None]:
    """Split a setting into its range and, where one was given, its starting values.

    Raises:
        ValueError: a value lies outside the range.
    """
    if isinstance(setting, Range):
        return setting, None
    initial = setting if isinstance(setting, Initial) else Initial(setting)
    scope = initial.range or default
    slack = 1e-6 * (scope.maximum - scope.minimum)
    for value in initial.value:
        if not scope.minimum - slack <= value <= scope.maximum + slack:
            raise ValueError(
                f"{name} = {value} {scope.unit}".rstrip()
                + f" is outside its range {scope.minimum} to {scope.maximum};"
                " give a value inside, or a wider range with Initial(value, range)"
            )
    return scope, initial.value


def theta_to_human(
    theta: Float[Array, "*batch n_params"], parameters: Sequence[Range]
) -> Float[Array, "*batch n_params"]:
    """Map whole parameter vectors to human units in one element-wise pass.

    The powers are products, not `pow`: every default curve is one over a whole number, and a
    transcendental a parameter would cost as much as several samples of audio.
    """
    minimum, maximum = (
        np.array([getattr(p, k) for p in parameters], theta.dtype) for k in ("minimum", "maximum")
    )
    symmetric = np.array([p.symmetric for p in parameters])
    curves = np.array([p.curve for p in parameters])
    offset = jnp.where(symmetric, 2 * theta - 1, theta)
    size = jnp.abs(offset)
    bent = size
    for curve in sorted(set(curves.tolist()) - {1.0}):
        bent = jnp.where(curves == curve, _power(jnp, size, 1.0 / curve), bent)
    bent = jnp.where(symmetric, (1 + jnp.sign(offset) * bent) / 2, bent)
    return jnp.asarray(minimum) + (maximum - minimum) * bent


def rename(parameter: Range, name: str) -> Parameter:
    """Give a range its full name within a synth."""
    if isinstance(parameter, Parameter):
        return replace(parameter, name=name)
    return Parameter(
        parameter.minimum,
        parameter.maximum,
        parameter.curve,
        parameter.symmetric,
        parameter.unit,
        name,
    )


def _power(xp: Any, base: Any, exponent: float) -> Any:
    """`base ** exponent` for base >= 0; by products where the exponent is whole."""
    whole = round(exponent)
    if whole >= 1 and abs(exponent - whole) < 1e-9:
        return base if whole == 1 else base**whole
    # A fractional power has an infinite slope at 0: step aside, so that gradients stay finite.
    return xp.where(base > 0, xp.where(base > 0, base, 1.0) ** exponent, 0.0)
