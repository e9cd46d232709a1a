"""Profiles: which value each descriptor should have, written as people write it.

    brightness: 2..5 kHz x2     between 2 and 5 kHz, counts double
    attack: <20 ms              at most 20 ms
    pitchedness: ">0.8"         at least 0.8 (YAML wants quotes around a leading >)
    pitch_slope: -2..-0.5 oct/s between two falling rates
    noisiness: -20 dB           this value

Units: Hz and kHz; s and ms; /s; dB; nothing or % for shares; oct and st (semitones); oct/s, st/s.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from ctag.scorers.acoustic.table import DESCRIPTORS, INDEX, Descriptor

UNITS: dict[str, dict[str, float]] = {
    "Hz": {"Hz": 1.0, "kHz": 1000.0},
    "s": {"s": 1.0, "ms": 0.001},
    "/s": {"/s": 1.0},
    "dB": {"dB": 1.0},
    "share": {"": 1.0, "%": 0.01},
    "oct": {"oct": 1.0, "st": 1 / 12},
    "oct/s": {"oct/s": 1.0, "st/s": 1 / 12},
}
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_GOAL = re.compile(
    rf"(?P<sign>[<>]?)\s*(?P<low>{_NUMBER})(?:\s*\.\.\s*(?P<high>{_NUMBER}))?"
    r"\s*(?P<unit>[A-Za-z/%]*?)(?:\s*\bx(?P<weight>\d+(?:\.\d+)?))?"
)
_SHIFT = re.compile(r"(?P<sign>[*+-])\s*(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z/%]*)")


class ProfileError(ValueError):
    """A profile's text that cannot be understood."""


@dataclass(frozen=True)
class Goal:
    """The range a descriptor should lie in, in its unit, and how much it counts."""

    low: float
    high: float
    weight: float = 1.0


Profile = Mapping[str, Goal]
"""Goals by name of the descriptor."""


@dataclass(frozen=True)
class Shift:
    """A change of a goal: `factor` multiplies, `offset` is added, in the descriptor's unit."""

    factor: float = 1.0
    offset: float = 0.0

    def apply(self, goal: Goal, descriptor: Descriptor) -> Goal:
        """Return the shifted goal, kept in the descriptor's range."""
        ends = (
            min(max(end * self.factor + self.offset, descriptor.minimum), descriptor.maximum)
            for end in (goal.low, goal.high)
        )
        low, high = sorted(ends)
        return Goal(low, high, goal.weight)


def find_descriptor(name: str) -> Descriptor:
    """Return the descriptor of that name; ProfileError with near names where there is none."""
    if name in INDEX:
        return DESCRIPTORS[INDEX[name]]
    near = get_close_matches(name, INDEX, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"descriptors are {', '.join(INDEX)}"
    raise ProfileError(f"unknown descriptor {name!r}: {hint}")


def parse_goal(name: str, text: object) -> Goal:
    """Read one goal; ProfileError says what is wrong with it and what is allowed."""
    descriptor = find_descriptor(name)
    match = _GOAL.fullmatch(str(text).strip())
    if match is None:
        raise ProfileError(
            f"{name}: cannot read {text!r}; write a value, a range a..b, <a or >a, then the unit "
            f"({_unit_names(descriptor)}), then, if it counts more or less, a weight such as x2"
        )
    scale = _scale(descriptor, match["unit"], text)
    low = float(match["low"]) * scale
    high = low if match["high"] is None else float(match["high"]) * scale
    if match["sign"] and match["high"]:
        raise ProfileError(f"{name}: {text!r} has both {match['sign']} and a range; use one")
    if match["sign"] == "<":
        low = descriptor.minimum
    if match["sign"] == ">":
        high = descriptor.maximum
    if low > high:
        raise ProfileError(f"{name}: the range {text!r} ends before it begins")
    if low < descriptor.minimum or high > descriptor.maximum:
        raise ProfileError(
            f"{name}: {text!r} leaves its range, {descriptor.minimum:g} to {descriptor.maximum:g} "
            f"{'' if descriptor.unit == 'share' else descriptor.unit}".rstrip()
        )
    return Goal(low, high, 1.0 if match["weight"] is None else float(match["weight"]))


def parse_shift(name: str, text: object) -> Shift:
    """Read a shift: `*2` or `*0.5` multiplies, `+6 dB` or `-0.2` adds."""
    descriptor = find_descriptor(name)
    match = _SHIFT.fullmatch(str(text).strip())
    if match is None:
        raise ProfileError(f"{name}: cannot read the shift {text!r}; write *2, +6 dB or -0.2")
    amount = float(match["amount"])
    if match["sign"] == "*":
        if match["unit"]:
            raise ProfileError(f"{name}: the factor {text!r} takes no unit")
        return Shift(factor=amount)
    offset = amount * _scale(descriptor, match["unit"], text)
    return Shift(offset=offset if match["sign"] == "+" else -offset)


def blend(profiles: Sequence[Profile], weights: Sequence[float]) -> dict[str, Goal]:
    """Mix profiles: ranges are averaged on the descriptors' curves, by weight, and weights add up.

    A descriptor that only some of the profiles name keeps their range and a part of their weight.
    """
    total = sum(weights)
    mixed: dict[str, Goal] = {}
    for name in dict.fromkeys(name for profile in profiles for name in profile):
        descriptor = DESCRIPTORS[INDEX[name]]
        parts = [
            (profile[name], weight * profile[name].weight / total)
            for profile, weight in zip(profiles, weights, strict=True)
            if name in profile
        ]
        mass = sum(weight for _, weight in parts)
        if mass <= 0:
            continue
        low, high = (
            descriptor.value(sum(w * descriptor.position(end(g)) for g, w in parts) / mass)
            for end in (lambda goal: goal.low, lambda goal: goal.high)
        )
        mixed[name] = Goal(low, high, mass)
    return mixed


def _scale(descriptor: Descriptor, unit: str, text: object) -> float:
    allowed = UNITS[descriptor.unit]
    if unit not in allowed:
        given = f"unit {unit!r}" if unit else "no unit"
        raise ProfileError(
            f"{descriptor.name}: {text!r} has {given}; {descriptor.name} is given in "
            f"{_unit_names(descriptor)}"
        )
    return allowed[unit]


def _unit_names(descriptor: Descriptor) -> str:
    return " or ".join(unit or "a bare number" for unit in UNITS[descriptor.unit])
