"""A run that needs another (the probe of a pretraining) names it, and finds its folder.

In an experiment file:

    job:
      _target_: scripts.jobs.probe.Probe
      source:
        _target_: scripts.runtime.source.Source
        experiment: doppel/pretrain
        overrides: [synth=voice, job.delta=0.25, "seed=${seed}"]

The named run is found by composing and hashing what it was made from, never by a folder's name, and
its hash stands for it in the asking run's own: other settings of the pretraining, wherever they are
written, make another probe.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.runtime import folders
from scripts.runtime.check import KeyPath, dotted
from scripts.runtime.errors import ConfigError, UserError

if TYPE_CHECKING:
    from scripts.runtime.compose import Plan

__all__ = ["Source", "command", "named_by_their_runs"]

_DEFAULT_OUTPUTS = "outputs"
_DEFAULT_SCALE = "small"


@dataclass(frozen=True)
class Source:
    """Another run, by what it is made from.

    Scale, assets and paths are the asking run's unless `overrides` sets them; the seed is not:
    write `"seed=${seed}"` where each seed has a source of its own.

    Args:
        experiment: such as `doppel/pretrain`.
        overrides: as on the command line, without sweeps.
    """

    experiment: str
    overrides: Sequence[str] = ()

    def plan(self, config: Mapping[str, Any], with_inputs: bool = True) -> Plan:
        """The plan of the run.

        Args:
            config: the asking run's resolved configuration (`run.config` in a job).
            with_inputs: as for `scripts.runtime.compose.prepare`.

        Raises:
            ConfigError: it cannot be composed, or names itself.
        """
        from scripts.runtime.compose import plan_of

        own = (self.experiment, *self.overrides)
        if own in _resolving.get():
            raise ConfigError([f"source: {' '.join(own)} names itself"])
        with _asked(own):
            handed_on = _handed_on(config, self.overrides)
            return plan_of(
                self.experiment,
                *handed_on,
                *self.overrides,
                also=_more_folders(),
                with_inputs=with_inputs,
            )

    def folder(self, config: Mapping[str, Any], *files: str) -> folders.RunFolder:
        """The folder of the finished run, with these files in it.

        Args:
            config: the asking run's resolved configuration.
            files: what is read from it, relative to the folder, such as `checkpoints`. Published
                copies hold small tables only.

        Raises:
            ConfigError: it cannot be composed.
            UserError: it has not been run, or not to the end, or a file is not there; the message
                has the command.
        """
        plan = self.plan(config)
        places = (folders.RunFolder(plan.folder), folders.RunFolder(plan.published))
        finished = [run for run in places if run.is_finished]
        for run in finished:
            if all((run.path / name).exists() for name in files):
                return run
        again = command(plan, self.overrides)
        if finished:
            absent = ", ".join(name for name in files if not (finished[0].path / name).exists())
            raise UserError(
                f"the run that this one needs, {plan.label}, is without {absent} in "
                f"{finished[0].path}: make it again with {again} rerun=true"
            )
        begun = "was begun and has not ended" if plan.folder.exists() else "has not been run"
        raise UserError(
            f"the run that this one needs, {plan.label}, {begun} "
            f"(looked in {plan.folder} and {plan.published}); run: {again}"
        )


def command(plan: Plan, overrides: Sequence[str] = ()) -> str:
    """The exact command that makes a plan's run, as one types it into a shell.

    Args:
        plan: the run.
        overrides: what was chosen for it; scale, assets and outputs are added where they are not
            the defaults.
    """
    config, chosen = plan.config, {_key(override) for override in overrides}
    words = [f"experiment={plan.experiment}", f"scale={config['scale']}"]
    usual = "stand_in" if config["scale"] == "smoke" else "published"
    if config["assets"] != usual:
        words.append(f"assets={config['assets']}")
    if (outputs := config["paths"]["outputs"]) != _DEFAULT_OUTPUTS:
        words.append(f"paths.outputs={outputs}")
    if plan.has_grid:
        words.append("hydra.mode=RUN")
    words = [word for word in words if _key(word) not in chosen]
    return shlex.join(["python", "-m", "scripts.run", *words, *overrides])


def named_by_their_runs(
    job: Mapping[str, Any],
    config: Mapping[str, Any],
    path: KeyPath = ("job",),
    with_inputs: bool = True,
) -> dict[str, Any]:
    """A job in which the hash of the run stands where its source was named, at any depth.

    Args:
        job: the resolved `job` node, plain values.
        config: the whole resolved configuration.
        path: where the node stands, for messages.
        with_inputs: False: the files that the sources read need not be there.

    Raises:
        ConfigError: a source cannot be composed; the line opens with its path.
    """
    return _named(job, config, path, with_inputs)


def _named(value: Any, config: Mapping[str, Any], path: KeyPath, with_inputs: bool) -> Any:
    if isinstance(value, Mapping):
        if value.get("_target_") == f"{Source.__module__}.{Source.__qualname__}":
            source = Source(value["experiment"], tuple(value.get("overrides") or ()))
            try:
                return {"run": source.plan(config, with_inputs).hash}
            except ConfigError as error:
                where = f"{dotted(path)} ({source.experiment})"
                raise ConfigError([f"{where}: {line}" for line in error.problems]) from error
        return {
            key: _named(item, config, (*path, str(key)), with_inputs) for key, item in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [
            _named(item, config, (*path, index), with_inputs) for index, item in enumerate(value)
        ]
    return value


_resolving: ContextVar[tuple[tuple[str, ...], ...]] = ContextVar("resolving", default=())
"""The sources that are being composed, the outermost first: one among them again has no end."""


@contextlib.contextmanager
def _asked(own: tuple[str, ...]) -> Iterator[None]:
    """Notes a source while it is composed."""
    token = _resolving.set((*_resolving.get(), own))
    try:
        yield
    finally:
        _resolving.reset(token)


def _handed_on(config: Mapping[str, Any], overrides: Sequence[str]) -> list[str]:
    """The overrides that make a source of the same scale, assets and paths as the asking run."""
    own = {_key(override) for override in overrides}
    given = {"scale": config["scale"], **{f"paths.{k}": v for k, v in config["paths"].items()}}
    if "scale" not in own:  # else the kind of assets follows from that scale
        given["assets"] = config["assets"]
    return [f"{key}={_quoted(value)}" for key, value in given.items() if key not in own]


def _key(override: str) -> str:
    return override.lstrip("+~").partition("=")[0]


def _quoted(value: Any) -> str:
    """A value in Hydra's syntax of overrides."""
    if value is None:
        return "null"
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _more_folders() -> list[Path]:
    """The folders that `--config-dir` adds to the command that runs now, if one does."""
    from hydra.core.hydra_config import HydraConfig

    if not HydraConfig.initialized():
        return []
    sources = HydraConfig.get().runtime.config_sources
    return [Path(source.path) for source in sources if source.provider == "command-line"]
