"""Locks: parameters that a search must leave where a person put them, or within a range.

    box = locked(synth.parameters, {"keyboard": {"midi_f0": 60}, "adsr_1": {"attack": [0, 0.1]}})
    theta = box.whole(free)      # the strategy searches `free`, in [0, 1]^n_free

Values are in human units. A fixed parameter leaves the search; one with a range is searched between
its ends, by an affine map of the normalised values.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from synth.parameter import Parameter
from synth.patches.numbers import human_text

Lock = Mapping[str, Any]
"""A number, or [low, high], by module and parameter. Nested as deep as names have parts: a dot and
an arrow (`mod_matrix.lfo->vco_amp`) part them alike."""

_SLACK = 1e-6
"""Of a range: a number may be rounded past its end."""


@dataclass(frozen=True)
class Box:
    """The part of [0, 1]^n that may be searched, an axis-parallel box.

    Attributes:
        low, high: its ends, float32 values a parameter; equal where it is fixed.
        held: each lock as people read it, such as "keyboard.midi_f0 = 60 MIDI".
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    held: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[int, ...]:
        """The columns of theta that are searched."""
        pairs = enumerate(zip(self.low, self.high, strict=True))
        return tuple(column for column, (low, high) in pairs if low < high)

    def whole(self, free: Float[Array, "*batch n_free"]) -> Float[Array, "*batch n_params"]:
        """The synth's parameters of a point of the search; traceable, differentiable."""
        low, high = (np.array(ends, np.float32) for ends in (self.low, self.high))
        # A fixed parameter reads any column, times nothing.
        source = np.zeros(len(low), int)
        source[list(self.columns)] = np.arange(len(self.columns))
        # Rounding, which a compiler may do otherwise, must not leave the box.
        return jnp.clip(low + (high - low) * free[..., source], low, high)

    def free(self, theta: Float[Array, "*batch n_params"]) -> Float[Array, "*batch n_free"]:
        """The point of the search nearest to parameters of the synth; the inverse of `whole`."""
        columns = np.array(self.columns, int)
        low, high = (np.array(ends, np.float32)[columns] for ends in (self.low, self.high))
        return jnp.clip((theta[..., columns] - low) / (high - low), 0.0, 1.0)


def locked(parameters: Sequence[Parameter], lock: Lock) -> Box:
    """The box that a lock leaves of a synth's parameters.

    Raises:
        ValueError: an unknown name, with the nearest one; a value that is no number nor [low,
            high]; one outside of its parameter's range, with that; a name twice; or nothing is left
            to search.
    """
    low, high = [0.0] * len(parameters), [1.0] * len(parameters)
    by_name = {_plain(p.name): column for column, p in enumerate(parameters)}
    held: dict[int, str] = {}
    for name, value in _flat(lock):
        if (column := by_name.get(_plain(name))) is None:
            raise ValueError(_unknown(name, parameters))
        if column in held:
            raise ValueError(f"lock.{name} is given twice")
        p = parameters[column]
        ends = _ends(name, value, p)
        low[column], high[column] = _units(ends, p)
        held[column] = f"{p.name} {_shown(ends, p)}"
    box = Box(tuple(low), tuple(high), tuple(held[column] for column in sorted(held)))
    if not box.columns:
        raise ValueError(
            f"lock fixes all {len(parameters)} parameters and leaves nothing to search: free at "
            "least one"
        )
    return box


@dataclass(frozen=True, eq=False)
class Locked:
    """A synth of which only a box is played: `ctag.generation.Renderer` with fewer parameters.

    Attributes:
        synth: what is played.
        box: of its parameters.
    """

    synth: Any
    box: Box

    @property
    def n_params(self) -> int:
        """Parameters that are free."""
        return len(self.box.columns)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Those that are free; their ranges are the synth's, of which the box may hold a part."""
        return tuple(self.synth.parameters[column] for column in self.box.columns)

    @property
    def n_samples(self) -> int:
        """Samples of a sound."""
        return self.synth.n_samples

    @property
    def config(self) -> Any:
        """The synth's."""
        return self.synth.config

    def render(self, theta: Float[Array, "batch n_free"]) -> Float[Array, "batch n_samples"]:
        """Sounds from free parameters in [0, 1]; traceable."""
        return self.synth.render(self.box.whole(theta))


def _flat(lock: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names with their values."""
    if not isinstance(lock, Mapping):
        yield path, lock
        return
    for key, value in lock.items():
        yield from _flat(value, f"{path}.{key}" if path else str(key))


def _plain(name: str) -> str:
    return name.replace("->", ".")


def _unknown(name: str, parameters: Sequence[Parameter]) -> str:
    """What the module has, or what was probably meant, or which modules there are."""
    start = f"lock.{name}: there is no such parameter;"
    of_module = [p.name for p in parameters if p.name.startswith(f"{name}.")]
    if of_module:
        return f"{start} {name} has {', '.join(of_module)}"
    names = {_plain(p.name): p.name for p in parameters}
    near = get_close_matches(_plain(name), names, n=1)
    if near:
        return f"{start} did you mean {names[near[0]]}?"
    modules = dict.fromkeys(p.name.split(".")[0] for p in parameters)
    return f"{start} modules are {', '.join(modules)}"


def _ends(name: str, value: Any, parameter: Parameter) -> tuple[float, float]:
    """The ends of what is allowed, in human units."""
    values = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    number = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if not number or not np.isfinite(values).all() or len(values) not in (1, 2):
        raise ValueError(f"lock.{name} = {value!r}: give a number, or a range [low, high]")
    low, high = float(values[0]), float(values[-1])
    if low > high:
        raise ValueError(f"lock.{name} = {value!r}: the range must rise, from low to high")
    slack = _SLACK * (parameter.maximum - parameter.minimum)
    if low < parameter.minimum - slack or high > parameter.maximum + slack:
        ends = (human_text(end, parameter) for end in (parameter.minimum, parameter.maximum))
        allowed = f"{' to '.join(ends)} {parameter.unit}".rstrip()
        raise ValueError(f"lock.{name} = {value!r}: {parameter.name} goes from {allowed}")
    return low, high


def _units(ends: tuple[float, float], parameter: Parameter) -> tuple[float, float]:
    """The normalised ends as float32, rounded into a range and to the nearest of a fixed value."""
    low, high = (np.float32(parameter.to_unit(end)) for end in ends)
    if ends[0] < ends[1]:
        low = np.nextafter(low, np.float32(1)) if parameter.to_human(float(low)) < ends[0] else low
        high = (
            np.nextafter(high, np.float32(0)) if parameter.to_human(float(high)) > ends[1] else high
        )
    return float(min(low, high)), float(max(low, high))


def _shown(ends: tuple[float, float], parameter: Parameter) -> str:
    low, high = (human_text(end, parameter) for end in ends)
    text = f"= {low}" if ends[0] == ends[1] else f"in {low} to {high}"
    return f"{text} {parameter.unit}".rstrip()
