"""From a composed configuration to a plan: filled in, resolved, checked, and named by its hash."""

from __future__ import annotations

import contextlib
import difflib
import functools
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from scripts.runtime.catalog import CONF, experiments
from scripts.runtime.check import KeyPath, Report, check_node, check_value, dotted
from scripts.runtime.errors import ConfigError
from scripts.runtime.identity import run_hash
from scripts.runtime.plugins import make_importable
from scripts.runtime.references import read_top_level_keys, strings
from scripts.runtime.tracker import TrackerSettings

__all__ = ["Plan", "Scale", "plan_of", "prepare", "register_resolvers"]

Scale = Literal["smoke", "small", "paper"]
Assets = Literal["published", "stand_in"]

_HOUSE: dict[str, Any] = {
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


@dataclass(frozen=True)
class Plan:
    """A run before it runs.

    Args:
        experiment: the experiment's name, such as `ctag/demo`.
        hash: twelve hex digits of what decides the result.
        config: the resolved configuration as plain values.
        folder: where the run goes.
        published: where a copy of the run would lie that git tracks.
        overrides: what the command line (or a sweep) set.
        has_grid: whether the plain command runs a grid, and `hydra.mode=RUN` this cell of it alone;
            known of what `plan_of` composed.
    """

    experiment: str
    hash: str
    config: dict[str, Any]
    folder: Path
    published: Path
    overrides: tuple[str, ...] = ()
    has_grid: bool = False

    @property
    def job(self) -> dict[str, Any]:
        """The node that is instantiated."""
        return self.config["job"]

    @property
    def label(self) -> str:
        """The run's name in messages: experiment and hash."""
        return f"{self.experiment} {self.hash}"


def register_resolvers() -> None:
    """Makes the house's own `${name:...}` known; may be called again.

    `${assets_for:scale}`: stand-ins at smoke, else what was published.
    """

    def assets_for(scale: str) -> str:
        return "stand_in" if scale == "smoke" else "published"

    OmegaConf.register_new_resolver("assets_for", assets_for, replace=True)


def prepare(composed: DictConfig, experiment: str | None, overrides: tuple[str, ...] = ()) -> Plan:
    """Checks a configuration that Hydra composed, and names its run. Builds nothing.

    Args:
        composed: what Hydra composed, without its own `hydra` node.
        experiment: the choice of the group `experiment`.
        overrides: what the command line set, for the record.

    Raises:
        ConfigError: what is wrong, each line opening with a key's path.
    """
    if not experiment:
        known = ", ".join(experiments()) or "none yet"
        raise ConfigError([f"experiment: not set; give experiment=NAME, one of: {known}"])
    register_resolvers()
    raw = _plain(composed)
    _check_top_level(raw)
    _check_scale(raw)
    if raw["scale"] == "smoke":
        _fill_at_smoke(raw)
    _check_missing(raw)
    plain = _resolve(raw)
    report = Report()
    for key, annotation in _HOUSE.items():
        if key in plain:
            check_value(plain[key], annotation, (key,), report)
        else:
            report.problem((key,), "not set; conf/config.yaml sets it")
    _check_tracker(plain, report)
    if not isinstance(plain.get("job"), dict) or "_target_" not in plain["job"]:
        report.problem(("job",), "an experiment needs a job with a _target_")
    else:
        check_node(plain["job"], ("job",), report)
    if report.problems:
        raise ConfigError(report.problems)
    _check_inputs(plain, report)
    from scripts.runtime.source import named_by_their_runs

    job = named_by_their_runs(plain["job"], plain)
    name = run_hash(experiment, job, report, plain["seed"], plain["scale"], plain["assets"])
    return Plan(
        experiment=experiment,
        hash=name,
        config={"experiment": experiment, **plain},
        folder=Path(plain["paths"]["runs"]) / experiment / name,
        published=Path(plain["paths"]["published"]) / experiment / name,
        overrides=overrides,
    )


def plan_of(
    experiment: str, *overrides: str, conf: Path = CONF, also: Sequence[Path] = ()
) -> Plan:
    """The plan of an experiment, composed here rather than by the command.

    Args:
        experiment: such as `ctag/demo`.
        overrides: as on the command line, without sweeps.
        conf: the configuration's folder.
        also: more folders of the same kind, as `--config-dir` on the command line names one; the
            runs that this one needs are looked for there too.

    Raises:
        ConfigError: what is wrong, each line opening with a key's path.
    """
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException

    from scripts.runtime.composition_errors import lines

    make_importable()
    folders = tuple(also) or _more_folders.get()
    try:
        with _apart(), initialize_config_dir(str(conf), job_name="run", version_base="1.3"):
            chosen = [*_searching(folders), f"experiment={experiment}", *overrides]
            config = compose("config", chosen, return_hydra_config=True)
    except HydraException as error:
        raise ConfigError(lines(error)) from error
    task = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    token = _more_folders.set(folders)
    try:
        plan = prepare(task, experiment, overrides)
        return replace(plan, has_grid=str(config.hydra.mode).endswith("MULTIRUN"))
    finally:
        _more_folders.reset(token)


_more_folders: ContextVar[tuple[Path, ...]] = ContextVar("more_folders", default=())
"""The folders in which the run that is being planned was looked for, besides conf/."""


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """Sets the Hydra of the command that runs aside while another configuration is composed."""
    from hydra.core.global_hydra import GlobalHydra

    here = GlobalHydra.instance()
    running, here.hydra = here.hydra, None
    try:
        yield
    finally:
        here.hydra = running


def _searching(folders: Sequence[Path]) -> list[str]:
    """The override that makes Hydra look in more folders."""
    if not folders:
        return []
    return [f"hydra.searchpath=[{','.join(f'file://{folder.resolve()}' for folder in folders)}]"]


def _check_top_level(raw: Mapping[str, Any]) -> None:
    """Finds top-level keys that nothing reads: misspelt, left over, or set in vain.

    Raises:
        ConfigError: one line a key.
    """
    known = set(_HOUSE) | {"job"} | read_top_level_keys(raw)
    base = _base()
    problems = []
    for key, value in raw.items():
        if key in known or (key in base and base[key] == value):
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
    """The values of conf/config.yaml, which are there for experiments that read them."""
    return _plain(OmegaConf.load(CONF / "config.yaml"))


def _plain(config: Any) -> dict[str, Any]:
    """A configuration as plain values, with every `${...}` as it is written."""
    values = OmegaConf.to_container(config, resolve=False)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def _check_scale(raw: Mapping[str, Any]) -> None:
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


def _fill_at_smoke(raw: dict[str, Any]) -> None:
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


def _check_missing(raw: Mapping[str, Any]) -> None:
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


def _resolve(raw: dict[str, Any]) -> dict[str, Any]:
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


def _check_tracker(plain: Mapping[str, Any], report: Report) -> None:
    """Checks the group `tracker` against its settings."""
    tracker = plain.get("tracker")
    if isinstance(tracker, Mapping):
        name = f"{TrackerSettings.__module__}.{TrackerSettings.__qualname__}"
        check_node({"_target_": name, **tracker}, ("tracker",), report)


def _check_inputs(plain: Mapping[str, Any], report: Report) -> None:
    """Finds input files that are not there; stand-ins need none.

    Raises:
        ConfigError: one line a file.
    """
    if plain["assets"] == "stand_in":
        return
    problems = Report()
    for path in report.inputs:
        value: Any = plain
        for key in path:
            value = value[key]
        if not Path(value).exists():
            problems.problem(
                path, f"there is no file or folder {value!r} (looked from {Path.cwd()})"
            )
    if problems.problems:
        raise ConfigError(problems.problems)
