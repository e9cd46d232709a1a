"""From a composed configuration to a plan: filled in, resolved, checked, and named by its hash."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from scripts.runtime.catalog import CONF, experiments
from scripts.runtime.check import KeyPath, Report, check_node, check_value
from scripts.runtime.configuration import (
    HOUSE,
    check_inputs,
    check_missing,
    check_scale,
    check_top_level,
    check_tracker,
    fill_at_smoke,
    plain_values,
    resolve,
)
from scripts.runtime.errors import ConfigError
from scripts.runtime.identity import run_hash
from scripts.runtime.judges import available
from scripts.runtime.plugins import make_importable

__all__ = ["Plan", "Planner", "opened", "plan_of", "prepare", "register_resolvers"]

OPEN = ("lock",)
"""Top-level mappings whose keys are a synthesizer's, not the configuration's."""


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
        inputs, outputs: key paths of the files that the job reads and writes.
    """

    experiment: str
    hash: str
    config: dict[str, Any]
    folder: Path
    published: Path
    overrides: tuple[str, ...] = ()
    has_grid: bool = False
    inputs: tuple[KeyPath, ...] = ()
    outputs: tuple[KeyPath, ...] = ()

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


def opened(override: str) -> str:
    """An override of a mapping that takes any key, as Hydra wants it: `++lock.a.b=1`.

    >>> opened("lock.keyboard.midi_f0=60"), opened("lock={}")
    ('++lock.keyboard.midi_f0=60', 'lock={}')
    """
    return f"++{override}" if override.startswith(tuple(f"{name}." for name in OPEN)) else override


def prepare(
    composed: DictConfig,
    experiment: str | None,
    overrides: tuple[str, ...] = (),
    with_inputs: bool = True,
) -> Plan:
    """Checks a configuration that Hydra composed, and names its run. Builds nothing.

    Args:
        composed: what Hydra composed, without its own `hydra` node.
        experiment: the choice of the group `experiment`.
        overrides: what the command line set, for the record.
        with_inputs: False: the files that it reads need not be there, and then the hash is not
            that of the run with them.

    Raises:
        ConfigError: what is wrong, each line opening with a key's path.
    """
    if not experiment:
        known = ", ".join(experiments()) or "none yet"
        raise ConfigError([f"experiment: not set; give experiment=NAME, one of: {known}"])
    register_resolvers()
    raw = plain_values(composed)
    check_top_level(raw, overrides)
    check_scale(raw)
    if raw["scale"] == "smoke":
        fill_at_smoke(raw)
    check_missing(raw)
    plain = available(resolve(raw))
    report = Report()
    for key, annotation in HOUSE.items():
        if key in plain:
            check_value(plain[key], annotation, (key,), report)
        else:
            report.problem((key,), "not set; conf/config.yaml sets it")
    check_tracker(plain, report)
    if not isinstance(plain.get("job"), dict) or "_target_" not in plain["job"]:
        report.problem(("job",), "an experiment needs a job with a _target_")
    else:
        check_node(plain["job"], ("job",), report)
    if report.problems:
        raise ConfigError(report.problems)
    if with_inputs:
        check_inputs(plain, report)
    from scripts.runtime.source import named_by_their_runs

    job = named_by_their_runs(plain["job"], plain, with_inputs=with_inputs)
    name = run_hash(experiment, job, report, plain["seed"], plain["scale"], plain["assets"])
    return Plan(
        experiment=experiment,
        hash=name,
        config={"experiment": experiment, **plain},
        folder=Path(plain["paths"]["runs"]) / experiment / name,
        published=Path(plain["paths"]["published"]) / experiment / name,
        overrides=overrides,
        inputs=tuple(report.inputs),
        outputs=tuple(report.outputs),
    )


def plan_of(
    experiment: str,
    *overrides: str,
    conf: Path = CONF,
    also: Sequence[Path] = (),
    with_inputs: bool = True,
) -> Plan:
    """The plan of an experiment, composed here rather than by the command.

    Args:
        experiment: such as `ctag/demo`.
        overrides: as on the command line, without sweeps.
        conf: the configuration's folder.
        also: more folders of the same kind, as `--config-dir` on the command line names one; the
            runs that this one needs are looked for there too.
        with_inputs: as for `prepare`.

    Raises:
        ConfigError: what is wrong, each line opening with a key's path.
    """
    return Planner(also, conf).plan(experiment, *overrides, with_inputs=with_inputs)


class Planner:
    """Makes plans of many cells of few experiments, as a table's.

    Hydra takes some 50 ms to compose a configuration, so cells that choose the same files of the
    groups share one, and what else they set is written into a copy of it.

    Args:
        also: as for `plan_of`.
        conf: as for `plan_of`.
    """

    def __init__(self, also: Sequence[Path] = (), conf: Path = CONF) -> None:
        self._conf = conf
        self._folders = tuple(also) or _more_folders.get()
        self._bases: dict[tuple[str, ...], tuple[DictConfig, bool]] = {}

    def plan(self, experiment: str, *overrides: str, with_inputs: bool = True) -> Plan:
        """The plan of an experiment with these overrides; with_inputs as for `prepare`.

        Raises:
            ConfigError: what is wrong, each line opening with a key's path.
        """
        overrides = tuple(opened(override) for override in overrides)
        parsed = _parsed(overrides)
        plain = [o for o in parsed if _sets_a_value(o)]
        choices = tuple(str(o.input_line) for o in parsed if o not in plain)
        base, has_grid = self._composed(experiment, choices)
        task = copy.deepcopy(base)
        try:
            for override in plain:
                OmegaConf.update(task, override.key_or_group, override.value(), merge=True)
        except OmegaConfBaseException:
            task, has_grid = self._composed(experiment, overrides)  # raises, in Hydra's words
        token = _more_folders.set(self._folders)
        try:
            plan = prepare(task, experiment, overrides, with_inputs)
            return replace(plan, has_grid=has_grid)
        finally:
            _more_folders.reset(token)

    def _composed(self, experiment: str, overrides: tuple[str, ...]) -> tuple[DictConfig, bool]:
        """What Hydra composes, without its own node, and whether the plain command runs a grid."""
        from hydra import compose, initialize_config_dir
        from hydra.errors import HydraException

        from scripts.runtime.composition_errors import lines

        key = (experiment, *overrides)
        if key in self._bases:
            return self._bases[key]
        make_importable()
        chosen = [*_searching(self._folders), f"experiment={experiment}", *overrides]
        try:
            with (
                _apart(),
                initialize_config_dir(str(self._conf), job_name="run", version_base="1.3"),
            ):
                config = compose("config", chosen, return_hydra_config=True)
        except HydraException as error:
            raise ConfigError(lines(error)) from error
        task = OmegaConf.masked_copy(config, [str(name) for name in config if name != "hydra"])
        self._bases[key] = (task, str(config.hydra.mode).endswith("MULTIRUN"))
        return self._bases[key]


def _parsed(overrides: Sequence[str]) -> list[Any]:
    """Overrides as Hydra reads them.

    Raises:
        ConfigError: one cannot be read.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    from scripts.runtime.composition_errors import lines

    try:
        return OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        raise ConfigError(lines(error)) from error


def _sets_a_value(override: Any) -> bool:
    """Whether an override sets a value below a key that is there, which no choice hangs on."""
    key = override.key_or_group
    is_change = override.type.name == "CHANGE" and override.package is None
    return is_change and not override.is_sweep_override() and ("." in key or key == "seed")


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
