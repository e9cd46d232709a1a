"""Moves in human units: so many semitones, decibels or times as long.

In [0, 1] a step means something else at each place of a bent range, and 0.1 is 13 semitones of one
parameter and two seconds of another. Here the standard deviation at delta 1 is said in a unit that
people hear in, and the moved value is brought back to [0, 1].

    "12 semitones", "1 octave", "50 cents"   of parameters in MIDI numbers, semitones or Hz
    "6 dB"                                   of levels: parameters that are plain ratios
    "factor 1.5"                             of durations, frequencies and levels
    "0.1 s", "5 Hz", "0.5 rad", "0.2"        added, in the parameter's own unit

What is multiplied (decibels, factors, intervals of a frequency in Hz) keeps its sign, and 0 stays
0: silence cannot be made louder.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from doppel.perturbation import Perturbation
from doppel.perturbations.names import by_parameter, modules_of
from doppel.perturbations.noise import check_share, module_noise
from synth.parameter import Parameter, Range, theta_to_human

__all__ = ["Semantic"]

_SEMITONES = {"octave": 12.0, "semitone": 1.0, "cent": 0.01}
_LARGEST_EXPONENT = 80.0  # of float32, so that no 0 is multiplied by infinity
_PITCHES = ("MIDI", "semitones")
_STEP = re.compile(r"\s*(factor\s+)?([0-9.]+(?:e-?[0-9]+)?)\s*([A-Za-z]*)\s*")


@dataclass(frozen=True)
class Semantic:
    """Gaussian moves with a standard deviation of delta times a step in human units.

    Attributes:
        steps: by name or pattern (`doppel.perturbations.names`), as the module says.
        default: of all other parameters, the factor of delta in [0, 1] as in `Scaled`.
        rho: the share of the variance that the parameters of a module have in common.
    """

    steps: Mapping[str, str] = field(default_factory=dict, hash=False)
    default: float = 1.0
    rho: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no step.

        Raises:
            ValueError: a step that cannot be read, a negative factor, or rho is no share.
        """
        for name, step in self.steps.items():
            _read(name, step)
        if not 0 <= self.default < math.inf:
            raise ValueError(f"default is a factor of 0 or more, got {self.default}")
        check_share(self.rho)

    def for_synth(self, parameters: Sequence[Parameter]) -> Perturbation:
        """Return the perturbation for a synth with these parameters.

        Raises:
            ValueError: a name that means none of them, or a unit that one of them cannot have.
        """
        steps = by_parameter(dict(self.steps), parameters, "")
        moves = tuple(
            _Move(False, 0.0, self.default) if not step else _move(parameter, step)
            for parameter, step in zip(parameters, steps, strict=True)
        )
        ranges = tuple(
            Range(p.minimum, p.maximum, p.curve, p.symmetric, p.unit) for p in parameters
        )
        return _Human(ranges, moves, modules_of(parameters), self.rho)


@dataclass(frozen=True)
class _Move:
    """A parameter's deviation at delta 1.

    Attributes:
        multiplied: whether `human` is of the logarithm, or added.
        human: in human units; 0 where it moves in [0, 1].
        unit: in [0, 1].
    """

    multiplied: bool
    human: float
    unit: float = 0.0


def _read(name: str, step: str) -> tuple[bool, float, str]:
    """Whether it is a factor, the number, and the unit."""
    matched = _STEP.fullmatch(str(step))
    amount = float(matched[2]) if matched and matched[2].count(".") < 2 else -1.0
    if matched is None or amount < 0 or (matched[1] and (amount < 1 or matched[3])):
        raise ValueError(
            f"{name}: {step!r} is no step; allowed are such as '12 semitones', '1 octave', "
            "'50 cents', '6 dB', 'factor 1.5' (1 or more), '0.1 s', '5 Hz', '0.2'"
        )
    return bool(matched[1]), amount, matched[3]


def _move(parameter: Parameter, step: str) -> _Move:
    """What a step means for a parameter."""
    factor, amount, unit = _read(parameter.name, step)
    singular = unit.removesuffix("s") if unit.removesuffix("s") in _SEMITONES else unit
    if factor and parameter.unit in ("s", "Hz", ""):
        return _Move(True, math.log(amount))
    if not factor and singular in _SEMITONES:
        semitones = amount * _SEMITONES[singular]
        if parameter.unit in _PITCHES:
            return _Move(False, semitones)
        if parameter.unit == "Hz":
            return _Move(True, semitones / 12 * math.log(2))
    elif not factor and unit == "dB" and parameter.unit == "":
        return _Move(True, amount / 20 * math.log(10))
    elif not factor and unit == parameter.unit:
        return _Move(False, amount)
    own = f"is in {parameter.unit}" if parameter.unit else "is a plain ratio"
    raise ValueError(f"{parameter.name} {own} and cannot be moved by {step!r}")


@dataclass(frozen=True)
class _Human:
    """The move itself: a range, a step and a module's number for each column of theta."""

    ranges: tuple[Range, ...]
    moves: tuple[_Move, ...]
    modules: tuple[int, ...]
    rho: float

    def __call__(
        self, theta: Float[Array, " n_params"], key: Key[Array, ""], delta: Float[Array, ""]
    ) -> Float[Array, " n_params"]:
        multiplied = np.array([move.multiplied for move in self.moves])
        human = np.array([move.human for move in self.moves], np.float32)
        unit = np.array([move.unit for move in self.moves], np.float32)
        noise = delta * module_noise(key, self.modules, self.rho)
        shift = noise * human
        moved = jnp.where(human > 0, self._moved(theta, shift, multiplied), theta + noise * unit)
        # Where nothing moves, the way to human units and back would cost the last bits.
        return jnp.where(shift + noise * unit == 0, theta, jnp.clip(moved, 0.0, 1.0))

    def _moved(
        self,
        theta: Float[Array, " n_params"],
        shift: Float[Array, " n_params"],
        multiplied: Bool[np.ndarray, " n_params"],
    ) -> Float[Array, " n_params"]:
        """All columns moved in human units, in [0, 1] again."""
        minimum, maximum, curve = (
            np.array([getattr(scope, name) for scope in self.ranges], np.float32)
            for name in ("minimum", "maximum", "curve")
        )
        symmetric = np.array([scope.symmetric for scope in self.ranges])
        factor = jnp.exp(jnp.minimum(shift, _LARGEST_EXPONENT))
        human = theta_to_human(theta, self.ranges)
        target = jnp.where(multiplied, human * factor, human + shift)
        ratio = jnp.clip((target - minimum) / (maximum - minimum), 0.0, 1.0)
        offset = jnp.where(symmetric, 2 * ratio - 1, ratio)
        straight = jnp.sign(offset) * jnp.abs(offset) ** curve
        unit = jnp.where(symmetric, (1 + straight) / 2, straight)
        # A strongly bent range from 0 is 0 in float32 well above its end. A factor of what lies on
        # a power of theta is one of theta, so that the power need not be taken.
        is_power = multiplied & (minimum == 0) & ~symmetric
        return jnp.where(is_power, theta * factor**curve, unit)
