"""What a job is given: its folder, seed, configuration, tracker, checkpoints and progress."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from eval.harness.checkpoints import Checkpoints
from scripts.runtime.progress import Progress, is_worker, progress
from scripts.runtime.tracker import Tracker

__all__ = ["Job", "Run"]


@dataclass(frozen=True)
class Run:
    """One run of one experiment, as its job sees it.

    Args:
        experiment: the experiment's name, such as `ctag/demo`.
        hash: twelve hex digits of what decides the result.
        folder: the run folder, `outputs/runs/<experiment>/<hash>/`.
        seed: the seed of all randomness in the run.
        config: the resolved configuration as a plain dict.
        tracker: where metrics, audio, figures and tables are logged.
        checkpoints: the store from which an interrupted run goes on.
        check: raises where the run must stop (its lock was taken over); called at every progress
            update and every checkpoint.
    """

    experiment: str
    hash: str
    folder: Path
    seed: int
    config: dict[str, Any]
    tracker: Tracker
    checkpoints: Checkpoints
    check: Callable[[], None] | None = None

    def progress(
        self, total: int, description: str, done: int = 0
    ) -> AbstractContextManager[Progress]:
        """Shows progress: `with run.progress(300, "searching") as bar: bar.update(score=0.4)`.

        Args:
            total: steps in all.
            description: what is being done, in a few words.
            done: steps that are done already, where a checkpoint was loaded.
        """
        if is_worker():
            description = f"{self.experiment} {self.hash}: {description}"
        return progress(total, description, done, self.check)

    def artifact(self, name: str) -> Path:
        """The path of a file of this run, such as `audio/bell.wav`; its folder is made.

        Raises:
            ValueError: the name leads out of the run folder.
        """
        path = self.folder / name
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise ValueError(f"artifact {name!r} lies outside of the run folder {self.folder}")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


class Job(Protocol):
    """What an experiment instantiates: settings in the constructor, the work in the call."""

    def __call__(self, run: Run) -> dict[str, float]:
        """Does the work in `run.folder` and returns the metrics."""
        ...
