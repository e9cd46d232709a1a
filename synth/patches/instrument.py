"""A synth as a file describes it: its class, topology, rates, duration and parameter ranges."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from functools import cache
from typing import Any

from synth import synth as instruments
from synth.base import Synth
from synth.config import SynthConfig
from synth.parameter import Range
from synth.patches.numbers import plain
from synth.patches.reading import PatchError

_NOT_TOPOLOGY = ("config", "settings", "parent", "name")


@cache
def portable(synth: Synth) -> Synth:
    """The same instrument with nothing left to defaults that may change, and for one sound.

    Control rate and ranges are spelled out; starting values are dropped, since a patch has its own.
    """
    config = synth.config
    config = replace(
        config,
        batch_size=1,
        sample_rate=plain(config.sample_rate),
        buffer_size_seconds=plain(config.buffer_size_seconds),
        control_rate=plain(config.control_rate_hz),
    )
    ranges = {p.name: bare(p) for p in synth.parameters}
    return build(type(synth), config, topology(synth), ranges)


def build(
    cls: type[Synth],
    config: SynthConfig,
    shape: Mapping[str, Any],
    ranges: Mapping[str, Range],
) -> Synth:
    """A synth with the given ranges; settings are made only where they differ from the defaults."""
    synth = cls(config=config, **shape)
    differing = {
        p.name: ranges[p.name]
        for p in synth.parameters
        if p.name in ranges and ranges[p.name] != bare(p)
    }
    return cls(config=config, settings=differing, **shape) if differing else synth


def bare(parameter: Range) -> Range:
    """A parameter's range without its name, so that ranges compare."""
    p = parameter
    return Range(float(p.minimum), float(p.maximum), float(p.curve), bool(p.symmetric), p.unit)


def topology(synth: Synth) -> dict[str, Any]:
    """What a synth's class leaves open, such as a ParametricSynth's numbers of oscillators.

    Raises:
        PatchError: a field that is no number, text or truth value.
    """
    shape = {name: getattr(synth, name) for name in topology_defaults(type(synth))}
    for name, value in shape.items():
        if not isinstance(value, bool | int | float | str):
            raise PatchError(
                f"{type(synth).__name__}.{name} is a {type(value).__name__}; a patch can hold "
                "numbers, text and truth values"
            )
    return shape


def topology_defaults(cls: type[Synth]) -> dict[str, Any]:
    """The names of the fields that shape a synth, with their defaults (MISSING where required)."""
    return {f.name: f.default for f in fields(cls) if f.init and f.name not in _NOT_TOPOLOGY}


def check_topology(cls: type[Synth], given: Mapping[str, Any], n_parameters: int) -> None:
    """Refuse a topology before anything is built from it.

    Raises:
        PatchError: a value of another type than the field's, or more oscillators than the file has
            parameters for.
    """
    for name, default in topology_defaults(cls).items():
        value = given[name]
        expected = (bool, int, float, str) if default is MISSING else (type(default),)
        if type(value) not in expected:
            kinds = " or ".join(kind.__name__ for kind in expected)
            raise PatchError(f"synth.topology.{name} must be {kinds}, got {value!r}")
    if issubclass(cls, instruments.ParametricSynth):
        counts = [given[name] for name in ("sine", "square_saw", "fm_sine", "fm_square_saw")]
        n = sum(counts)
        # Each oscillator has two modulation sources and two destinations, and noise has one.
        if min(counts) < 0 or not 0 < 2 * n * (2 * n + 1) < n_parameters:
            raise PatchError(
                f"synth.topology asks for {dict(given)} oscillators, which the {n_parameters} "
                "parameters of this patch do not fit; the counts must be 0 or more, 1 at least"
            )


def class_name(cls: type[Synth]) -> str:
    """How a file names a class: `Voice`, and in full where it is not one of synth.synth."""
    return cls.__name__ if _is_ours(cls) else f"{cls.__module__}.{cls.__qualname__}"


def find_class(name: str) -> type[Synth]:
    """The synth that a file names, among those imported already: no file makes us import code.

    Raises:
        PatchError: there is none of that name.
    """
    known: dict[str, type[Synth]] = {}
    for cls in _descendants(Synth):
        known[class_name(cls)] = cls
    if name in known:
        return known[name]
    hint = " (import its module first)" if "." in name else ""
    raise PatchError(f"synth.class: {unknown(name, known)}{hint}")


def unknown(name: Any, allowed: Iterable[str]) -> str:
    """`'vioce' is unknown, did you mean 'Voice'? allowed: ...`."""
    choices: Sequence[str] = sorted(allowed)
    close = difflib.get_close_matches(str(name)[:100], choices, n=1)
    hint = f", did you mean {close[0]!r}?" if close else ";"
    listed = ", ".join(choices[:12]) + (", ..." if len(choices) > 12 else "")
    shown = repr(name)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    return f"{shown} is unknown{hint} allowed: {listed or 'none'}"


def _is_ours(cls: type[Synth]) -> bool:
    return getattr(instruments, cls.__name__, None) is cls and cls.__name__ in instruments.__all__


def _descendants(cls: type[Synth]) -> Iterable[type[Synth]]:
    for child in cls.__subclasses__():
        yield child
        yield from _descendants(child)
