"""The file format of a patch, version 1: from plain data to a synth and its values, and back.

    format: synth patch
    version: 1
    name: "bell"
    synth: {class, topology (where it has one), sample_rate, control_rate, duration_s, compat,
            noise_key}
    parameters:
      vco_1:
        tuning: {value, unit, range: [minimum, maximum], curve, symmetric, normalised}
    metadata: anything

`value` is in human units, `normalised` the exact float32 in [0, 1] that was rendered. While `value`
is what `normalised` would be printed as, `normalised` counts, bit for bit; once somebody changed
`value`, that counts. `normalised` may be left out.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from synth.base import Synth
from synth.config import SynthConfig
from synth.parameter import Range
from synth.patches.instrument import (
    build,
    check_topology,
    class_name,
    find_class,
    topology,
    topology_defaults,
    unknown,
)
from synth.patches.numbers import human_text, is_shown_as, plain
from synth.patches.reading import PatchError

FORMAT = "synth patch"
VERSION = 1
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""By version: makes a document of that version one of the next. Each new version adds an entry."""

_SLACK = 0.51  # of the last printed digit: the ends of a range may have been rounded outwards


def to_document(
    synth: Synth,
    values: tuple[float, ...],
    name: str,
    metadata: Mapping[str, Any],
    noise_key: tuple[int, int] | None,
) -> dict[str, Any]:
    """A patch as plain data; human values are text already, so that they print as they count."""
    c = synth.config
    shape = topology(synth)
    about: dict[str, Any] = {"class": class_name(type(synth))}
    if shape:
        about["topology"] = shape
    about["sample_rate"] = c.sample_rate
    about["control_rate"] = c.control_rate
    about["duration_s"] = c.buffer_size_seconds
    about["compat"] = c.compat
    about["noise_key"] = None if noise_key is None else list(noise_key)
    parameters: dict[str, dict[str, Any]] = {}
    for p, value in zip(synth.parameters, values, strict=True):
        module, _, parameter = p.name.partition(".")
        parameters.setdefault(module, {})[parameter] = {
            "value": float(human_text(float(p.to_human(value)), p)),
            "unit": p.unit,
            "range": [plain(p.minimum), plain(p.maximum)],
            "curve": plain(p.curve),
            "symmetric": p.symmetric,
            "normalised": value,
        }
    return {
        "format": FORMAT,
        "version": VERSION,
        "name": name,
        "synth": about,
        "parameters": parameters,
        "metadata": dict(metadata),
    }


def from_document(
    data: Any,
) -> tuple[Synth, tuple[float, ...], str, dict[str, Any], tuple[int, int] | None]:
    """Synth, values, name, metadata and noise key of a patch.

    Raises:
        PatchError: something is missing, unknown, of the wrong type or out of range.
    """
    data = migrate(data)
    keys = _mapping(data, "", ("format", "version", "name", "synth", "parameters"), ("metadata",))
    name = _text(keys["name"], "name")
    metadata = _mapping(keys.get("metadata", {}), "metadata")

    given = _parameters(keys["parameters"])
    cls, shape, config, noise_key = _about(keys["synth"], len(given))
    ranges = {name: _range(entry, f"parameters.{name}") for name, entry in given.items()}
    try:
        synth = build(cls, config, shape, ranges)
    except (ValueError, TypeError) as error:
        raise PatchError(f"synth: {error}") from None
    names = [p.name for p in synth.parameters]
    for name_given in given:
        if name_given not in names:
            raise PatchError(f"parameters: {unknown(name_given, names)}")
    if missing := [n for n in names if n not in given]:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise PatchError(
            f"parameters: {missing[0]!r}{more} missing; {cls.__name__} has {len(names)}"
        )
    values = tuple(_unit(given[n], ranges[n], f"parameters.{n}") for n in names)
    return synth, values, name, metadata, noise_key


def is_patch(data: Any) -> bool:
    """Whether plain data says that it is a patch of ours, of whatever version."""
    return isinstance(data, dict) and data.get("format") == FORMAT


def migrate(data: Any) -> dict[str, Any]:
    """A document of any older version as one of today's.

    Raises:
        PatchError: not a patch, or of a version that this program does not know.
    """
    if not isinstance(data, dict):
        raise PatchError(f"is not a patch: a mapping is expected, got {_show(data)}")
    if not is_patch(data):
        given = _show(data["format"]) if "format" in data else "no such key"
        raise PatchError(
            f"is not a patch: format must be {FORMAT!r}, got {given}; patches of other programs "
            "are read with synth.patches.importers.import_patch"
        )
    version = data.get("version")
    if type(version) is not int or version < 1:
        raise PatchError(
            f"version must be a whole number from 1 to {VERSION}, got {_show(version)}"
        )
    if version > VERSION:
        raise PatchError(
            f"version is {version}, but this program reads up to {VERSION}; a newer one is needed"
        )
    while version < VERSION:
        data = {**MIGRATIONS[version](data), "version": version + 1}
        version += 1
    return data


def _about(
    data: Any, n_parameters: int
) -> tuple[type[Synth], dict[str, Any], SynthConfig, tuple[int, int] | None]:
    required = ("class", "sample_rate", "control_rate", "duration_s", "compat", "noise_key")
    keys = _mapping(data, "synth", required, ("topology",))
    cls = find_class(_text(keys["class"], "synth.class"))
    names = tuple(topology_defaults(cls))
    shape = _mapping(keys.get("topology", {}), "synth.topology", names)
    check_topology(cls, shape, n_parameters)
    rates = {}
    for key in ("sample_rate", "control_rate", "duration_s"):
        rates[key] = number = _number(keys[key], f"synth.{key}")
        if not number > 0:
            raise PatchError(f"synth.{key} must be above 0, got {number}")
    if keys["compat"] not in (None, "synthax"):
        raise PatchError(f"synth.compat must be null or 'synthax', got {_show(keys['compat'])}")
    config = SynthConfig(
        sample_rate=plain(rates["sample_rate"]),
        buffer_size_seconds=plain(rates["duration_s"]),
        control_rate=plain(rates["control_rate"]),
        compat=keys["compat"],
    )
    return cls, shape, config, check_noise_key(keys["noise_key"], "synth.noise_key")


def check_noise_key(key: Any, where: str) -> tuple[int, int] | None:
    """Two 32-bit words of a noise key, or None for the fixed noise."""
    if key is None:
        return None
    words = list(key) if isinstance(key, list | tuple) else []
    if len(words) != 2 or not all(type(w) is int and 0 <= w < 2**32 for w in words):
        raise PatchError(
            f"{where} must be null or two whole numbers from 0 to 2**32 - 1, got {_show(key)}"
        )
    return words[0], words[1]


def _parameters(data: Any) -> dict[str, Any]:
    """Entries by full name."""
    modules = _mapping(data, "parameters")
    return {
        f"{module}.{name}": entry
        for module, entries in modules.items()
        for name, entry in _mapping(entries, f"parameters.{module}").items()
    }


def _range(entry: Any, where: str) -> Range:
    required = ("value", "unit", "range", "curve", "symmetric")
    keys = _mapping(entry, where, required, ("normalised",))
    ends = keys["range"]
    if not isinstance(ends, list) or len(ends) != 2:
        raise PatchError(f"{where}.range must be [minimum, maximum], got {_show(ends)}")
    minimum, maximum = (_number(end, f"{where}.range") for end in ends)
    if not (minimum < maximum and math.isfinite(maximum - minimum)):
        raise PatchError(f"{where}.range must be [minimum, maximum], rising, got {_show(ends)}")
    curve = _number(keys["curve"], f"{where}.curve")
    if not curve > 0:
        raise PatchError(f"{where}.curve must be above 0, got {curve}")
    if not isinstance(keys["symmetric"], bool):
        raise PatchError(f"{where}.symmetric must be true or false, got {_show(keys['symmetric'])}")
    return Range(minimum, maximum, curve, keys["symmetric"], _text(keys["unit"], f"{where}.unit"))


def _unit(entry: Mapping[str, Any], scope: Range, where: str) -> float:
    """The value in [0, 1] that counts."""
    value = _number(entry["value"], f"{where}.value")
    if "normalised" in entry:
        given = _number(entry["normalised"], f"{where}.normalised")
        if not 0 <= given <= 1:
            raise PatchError(f"{where}.normalised must be from 0 to 1, got {given}")
        exact = float(np.float32(given))
        if is_shown_as(value, float(scope.to_human(exact)), scope):
            return exact
    slack = _SLACK * 10.0 ** (math.floor(math.log10(scope.maximum - scope.minimum)) - 3)
    if not scope.minimum - slack <= value <= scope.maximum + slack:
        ends = f"{human_text(scope.minimum, scope)} to {human_text(scope.maximum, scope)}"
        allowed = f"from {ends} {scope.unit}".rstrip()
        raise PatchError(f"{where}.value must be {allowed}, got {value}")
    return float(np.float32(scope.to_unit(value)))


def _mapping(
    data: Any, where: str, required: tuple[str, ...] | None = None, optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A mapping with all required keys and no unknown ones (any keys where `required` is None)."""
    prefix = f"{where}: " if where else ""
    if not isinstance(data, dict):
        raise PatchError(f"{prefix}a mapping is expected, got {_show(data)}")
    if required is not None:
        allowed = (*required, *optional)
        for key in data:
            if key not in allowed:
                raise PatchError(f"{prefix}the key {unknown(key, allowed)}")
        for key in required:
            if key not in data:
                raise PatchError(f"{prefix}the key {key!r} is missing")
    return data


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PatchError(f"{where} must be a number, got {_show(value)}")
    if not math.isfinite(value):
        raise PatchError(f"{where} must be a finite number, got {value}")
    return float(value)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise PatchError(f"{where} must be text, got {_show(value)}")
    return value


def _show(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 80 else text[:77] + '...'} ({type(value).__name__})"
