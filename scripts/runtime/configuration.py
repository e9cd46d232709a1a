"""What a composed configuration must be: nothing misspelt, nothing missing, all of it resolved."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from eval.embedders.published import how_to_fetch
from scripts.runtime.catalog import CONF
from scripts.runtime.check import KeyPath, Report, check_node, check_value, dotted
from scripts.runtime.errors import ConfigError
from scripts.runtime.references import read_top_level_keys, strings
from scripts.runtime.tracker import TrackerSettings

__all__ = [
    "HOUSE",
    "Scale",
    "check_inputs",
    "check_missing",
    "check_scale",
    "check_top_level",
    "check_tracker",
    "fill_at_smoke",
    "plain_values",
    "resolve",
]

Scale = Literal["smoke", "small", "paper"]
Assets = Literal["published", "stand_in"]

HOUSE: dict[str, Any] = {
    "scale": Scale,
    "seed": int,
    "assets": Assets,
    "device": Literal["auto", "cpu", "gpu"],
    "workers": int,
    "rerun": bool,
    "sizes": Mapping[str, Mapping[str, Any]],
    "smoke_overrides": Mapping[str, Any],
    "paths": Mapping[str, Any],
    "tracker": Mapping[str, Any],
}
"""The top-level keys that the runner itself reads. Every other one must be read by `${...}`."""


_MISSING = "???"


def check_top_level(raw: Mapping[str, Any], overrides: Sequence[str] = ()) -> None:
    """Finds top-level keys that nothing reads: misspelt, left over, or set in vain.

    An experiment may set what conf/config.yaml has (a synthesizer and its rate) and then be given
    a choice that does not read it (recordings); the command line may not.

    Raises:
        ConfigError: one line a key.
    """
    known = set(HOUSE) | {"job"} | read_top_level_keys(raw)
    base, problems = _base(), []
    given = {override.lstrip("+").partition("=")[0] for override in overrides}
    for key, value in raw.items():
        if key in known or (key in base and (base[key] == value or key not in given)):
            continue
        near = difflib.get_close_matches(str(key), sorted({*known, *base} - {key}), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "; remove it, or read it in the job"
        problems.append(f"{key}: nothing reads this key (no ${{{key}}} anywhere){hint}")
    sizes = raw.get("sizes")
    if isinstance(sizes, Mapping):
        for key in sizes:
            if key not in get_args(Scale):
                problems.append(
                    f"sizes.{key}: not a scale; allowed are {', '.join(get_args(Scale))}"
                )
    if problems:
        raise ConfigError(problems)


@functools.cache
def _base() -> dict[str, Any]:
    """The values and groups of conf/config.yaml, which are there for experiments that read them."""
    values = plain_values(OmegaConf.load(CONF / "config.yaml"))
    chosen = [entry for entry in values["defaults"] if isinstance(entry, dict)]
    return {group: choice for entry in chosen for group, choice in entry.items()} | values


def plain_values(config: Any) -> dict[str, Any]:
    """A configuration as plain values, with every `${...}` as it is written."""
    values = OmegaConf.to_container(config, resolve=False)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def check_scale(raw: Mapping[str, Any]) -> None:
    """Checks the scale before sizes are looked up by it.

    Raises:
        ConfigError: it is not one of the three, or the experiment has no sizes for it.
    """
    report = Report()
    check_value(raw["scale"], Scale, ("scale",), report)
    sizes = raw.get("sizes") or {}
    for scale in get_args(Scale):
        if sizes and scale not in sizes:
            report.problem(
                ("sizes",), f"no sizes for scale {scale!r}; an experiment holds all three"
            )
    if report.problems:
        raise ConfigError(report.problems)


def fill_at_smoke(raw: dict[str, Any]) -> None:
    """Gives every `???` that `smoke_overrides` names the value it holds there; in place.

    Raises:
        ConfigError: it names a key that the configuration does not have.
    """
    unknown = _fill(raw, raw.get("smoke_overrides") or {}, ())
    if unknown:
        raise ConfigError(
            [f"smoke_overrides.{key}: the configuration has no key {key!r}" for key in unknown]
        )


def _fill(node: dict[str, Any], fills: Mapping[str, Any], path: KeyPath) -> list[str]:
    """Fills the `???` of a node and those below it; returns the keys that are not there."""
    unknown: list[str] = []
    for dotted_key, value in fills.items():
        key, _, rest = str(dotted_key).partition(".")
        if key not in node:
            unknown.append(dotted((*path, dotted_key)))
        elif rest and isinstance(node[key], dict):
            unknown += _fill(node[key], {rest: value}, (*path, key))
        elif isinstance(value, Mapping) and isinstance(node[key], dict):
            unknown += _fill(node[key], value, (*path, key))
        elif node[key] == _MISSING:
            node[key] = value
    return unknown


def check_missing(raw: Mapping[str, Any]) -> None:
    """Finds every `???`.

    Raises:
        ConfigError: one line a key, with how to give it.
    """
    unread = ("sizes", "smoke_overrides")
    read = {key: value for key, value in raw.items() if key not in unread}
    missing = [dotted(path) for path, text in strings(read) if text == _MISSING]
    if missing:
        raise ConfigError(
            [f"{key}: not set (???); give it on the command line: {key}=VALUE" for key in missing]
        )


def resolve(raw: dict[str, Any]) -> dict[str, Any]:
    """The configuration with every `${...}` resolved, as plain values.

    Raises:
        ConfigError: a `${...}` that leads nowhere, with the key that holds it.
    """
    try:
        plain = OmegaConf.to_container(OmegaConf.create(raw), resolve=True)
    except OmegaConfBaseException as error:
        raise ConfigError([_of_omegaconf(error)]) from error
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def _of_omegaconf(error: OmegaConfBaseException) -> str:
    """OmegaConf's complaint as one line that opens with the key's path."""
    first = (error.msg or str(error)).strip().splitlines()[0]
    key = error.full_key or error.key or "configuration"
    return f"{key}: {first}"


def check_tracker(plain: Mapping[str, Any], report: Report) -> None:
    """Checks the group `tracker` against its settings."""
    tracker = plain.get("tracker")
    if isinstance(tracker, Mapping):
        name = f"{TrackerSettings.__module__}.{TrackerSettings.__qualname__}"
        check_node({"_target_": name, **tracker}, ("tracker",), report)


def check_inputs(plain: Mapping[str, Any], report: Report) -> None:
    """Finds input files that are not there; stand-ins need none.

    Raises:
        ConfigError: one line a file.
    """
    if plain["assets"] == "stand_in":
        return
    problems = Report()
    for path in report.inputs:
        node: Any = plain
        value: Any = plain
        for key in path:
            node, value = value, value[key]
        if not Path(value).exists():
            command = node.get("command") if isinstance(node, Mapping) else None
            how = f"; give `{command}`" if command else ""
            how = how or (f"; {fetch}" if (fetch := how_to_fetch(value)) else "")
            problems.problem(
                path, f"there is no file or folder {value!r} (looked from {Path.cwd()}){how}"
            )
    if problems.problems:
        raise ConfigError(problems.problems)
