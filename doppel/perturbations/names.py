"""Which of a synth's parameters a name in a configuration means.

A name is that of a parameter (`keyboard.midi_f0`), of a module, which means all of its parameters
(`keyboard`), or a pattern of either with `*` and `?` (`adsr_*`, `*.attack`, `vco_*.tuning`). Where
several mean the same parameter the narrowest counts: its own name, then a pattern of such, then its
module, then a pattern of modules. The order in which they are given says nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TypeVar

from synth.parameter import Parameter

__all__ = ["by_parameter", "modules_of"]

Value = TypeVar("Value")


def by_parameter(
    values: Mapping[str, Value], parameters: Sequence[Parameter], default: Value
) -> list[Value]:
    """The value of each parameter, in their order.

    Args:
        values: by name or pattern.
        parameters: of a synth.
        default: of those that no name means.

    Raises:
        ValueError: a name means no parameter, or two equally narrow ones say different things of
            the same parameter.
    """
    found = [default] * len(parameters)
    said_by: dict[int, tuple[int, str]] = {}
    for name in sorted(values):
        width = _width(name)
        meant = [i for i, parameter in enumerate(parameters) if _means(name, parameter.name)]
        if not meant:
            raise ValueError(_unknown(name, parameters))
        for i in meant:
            earlier_width, earlier = said_by.get(i, (width + 1, ""))
            if width < earlier_width:
                found[i], said_by[i] = values[name], (width, name)
            elif width == earlier_width and found[i] != values[name]:
                raise ValueError(
                    f"{earlier!r} and {name!r} both mean {parameters[i].name} and say different "
                    f"things ({found[i]} and {values[name]}): name that parameter itself"
                )
    return found


def modules_of(parameters: Sequence[Parameter]) -> tuple[int, ...]:
    """The number of each parameter's module, counted in the order of their first parameters."""
    numbers: dict[str, int] = {}
    return tuple(numbers.setdefault(_module(p.name), len(numbers)) for p in parameters)


def _means(name: str, parameter: str) -> bool:
    return fnmatchcase(parameter if "." in name else _module(parameter), name)


def _module(parameter: str) -> str:
    return parameter.split(".", 1)[0]


def _width(name: str) -> int:
    """0 for a parameter's own name, to 3 for a pattern of modules."""
    return 2 * ("." not in name) + any(sign in name for sign in "*?[")


def _unknown(name: str, parameters: Sequence[Parameter]) -> str:
    full = [p.name for p in parameters]
    modules = list(dict.fromkeys(map(_module, full)))
    near = difflib.get_close_matches(name, full + modules, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    return f"no parameter is called {name!r}: {hint}The modules are {', '.join(modules)}"
