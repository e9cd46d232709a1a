"""Run folders: what is in one, and finding the ones that a table or another run needs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from eval.harness.files import read_json, read_yaml
from scripts.runtime.environment import git_revision

__all__ = ["RunFolder", "find", "finished", "walk"]

CONFIG, RESULTS, ENVIRONMENT, ERROR, LOG = (
    "config.yaml",
    "results.json",
    "environment.json",
    "error.log",
    "run.log",
)


@dataclass(frozen=True)
class RunFolder:
    """A run folder on the disk, read when asked."""

    path: Path

    @property
    def is_finished(self) -> bool:
        """Whether the run ended: `results.json` is written last, and whole."""
        return (self.path / RESULTS).is_file()

    @cached_property
    def config(self) -> dict[str, Any]:
        """The resolved configuration of the run.

        Raises:
            FileNotFoundError: the folder holds none.
            ValueError: the file is damaged.
        """
        return read_yaml(self.path / CONFIG)

    @cached_property
    def results(self) -> dict[str, Any]:
        """The content of `results.json`: experiment, hash, scale, assets, metrics.

        Raises:
            FileNotFoundError: the run has not ended.
            ValueError: the file is damaged.
        """
        return read_json(self.path / RESULTS)

    @cached_property
    def metrics(self) -> dict[str, float]:
        """The numbers that the job returned; one that was not finite is NaN."""
        return {
            name: math.nan if value is None else value
            for name, value in self.results["metrics"].items()
        }

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Versions, device, git revision, seconds; empty where the file is not there."""
        path = self.path / ENVIRONMENT
        return read_json(path) if path.is_file() else {}

    @property
    def revision(self) -> str | None:
        """The revision of the code that the run began with; None if it is not known."""
        return (self.environment.get("git") or {}).get("revision")

    @property
    def is_of_other_code(self) -> bool:
        """Whether the code has another revision now; false where one of the two is not known."""
        now = (git_revision() or {}).get("revision")
        return bool(now and self.revision and now != self.revision)

    def value(self, key: str) -> Any:
        """The configuration's value at a dotted key such as `job.search.population`.

        Raises:
            KeyError: there is no such key.
        """
        value: Any = self.config
        for part in key.split("."):
            inside = value if isinstance(value, Mapping) else {}
            named = {str(name): item for name, item in inside.items()}
            if part in named:  # as text: YAML has names that are numbers
                value = named[part]
            elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            else:
                raise KeyError(f"{self.path} has no key {key!r} in its configuration")
        return value

    def matches(self, values: Mapping[str, Any]) -> bool:
        """Whether the configuration has these values at these dotted keys."""
        try:
            return all(self.value(key) == wanted for key, wanted in values.items())
        except KeyError:
            return False


def finished(*places: Path) -> RunFolder | None:
    """The first of some folders that holds a run that ended; None if none does."""
    return next((run for run in map(RunFolder, places) if run.is_finished), None)


def walk(experiment: str, *roots: Path) -> Iterator[RunFolder]:
    """Every folder of an experiment's runs that ended, each hash once, earlier roots first.

    Args:
        experiment: such as `ctag/demo`.
        roots: `outputs/runs`, `outputs/published/runs`.
    """
    seen: set[str] = set()
    for root in roots:
        for results in sorted((root / experiment).glob(f"*/{RESULTS}")):
            if results.parent.name not in seen:
                seen.add(results.parent.name)
                yield RunFolder(results.parent)


def find(experiment: str, values: Mapping[str, Any] | None = None, *roots: Path) -> list[RunFolder]:
    """The runs of an experiment that ended, selected by what their configuration says.

    Args:
        experiment: such as `ctag/demo`.
        values: dotted keys and the values they must have: `{"seed": 0, "job.iterations": 300}`.
        roots: where to look; none is `outputs/runs` and `outputs/published/runs`.
    """
    places = roots or (Path("outputs/runs"), Path("outputs/published/runs"))
    return [run for run in walk(experiment, *places) if run.matches(values or {})]
