"""The job of `eval/probe`: what a probe learns of a task from an embedder's vectors."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eval.embedders.base import Embedder
from eval.embedding import Embedded, embed
from eval.probe.base import Probe
from eval.probe.evaluate import ProbeResult, evaluate
from eval.statistics.bootstrap import bootstrap
from eval.statistics.estimate import Estimate
from eval.tasks.base import Task, TaskSource
from eval.tasks.thinned import thinned
from scripts.jobs.comparing import counting, warn_of_unreadable
from scripts.jobs.probe.report import Report
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["Probing"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Probing:
    """Score one embedder on one task by one probe (a cell of Table 10).

    The sounds are embedded once for all runs that share a cache. Sounds that cannot be read are
    left out and named. Writes `scores.csv`, `fits.csv` (epochs and settings that were chosen),
    `predictions.npz`, `confusion.png` where a sound has one label out of fifty at most, and
    `index.html`.

    Attributes:
        task: what is asked.
        embedder: what hears.
        probe: what is fitted on the vectors.
        seeds: how many times it is fitted with other randomness; a probe without any is fitted
            once.
        per_part: sounds of each part of the task's splits, at most; None: all.
        resamples: of the bootstrap over test sounds.
        examples: confused sounds on the page.
        cache: keeps embeddings; None: nowhere.
        page: where a copy of the page goes; None: nowhere.
    """

    task: TaskSource
    embedder: Embedder
    probe: Probe
    seeds: int = 5
    per_part: int | None = None
    resamples: int = 1000
    examples: int = 6
    cache: OutputPath | None = None
    page: OutputPath | None = None

    def __call__(self, run: Run) -> dict[str, float]:
        """Embed, fit, score, write everything, and give the scores."""
        if self.seeds < 1:
            raise UserError(f"job.seeds must be at least 1, got {self.seeds}")
        task = self._task()
        result = self._result(run, task, self._embedded(run, task))
        said = result.predictions
        interval = bootstrap(said.counted(task.metrics[0]), said.sizes, self.resamples)
        report = Report(task, self.embedder.name, self.probe.name, result, interval)
        report.write(run, self.examples, self.page)
        log.info(
            "%s, %s, %s: %s %.4f (%.4f to %.4f)",
            task.name,
            self.embedder.name,
            self.probe.name,
            task.metrics[0],
            *interval,
        )
        return _metrics(result, interval)

    def _task(self) -> Task:
        """The task, thinned.

        Raises:
            UserError: its data are not there, or contradict themselves.
        """
        try:
            return thinned(self.task.load(), self.per_part)
        except (FileNotFoundError, ValueError) as error:
            raise UserError(f"task: {error}") from error

    def _embedded(self, run: Run, task: Task) -> Embedded:
        """The vectors, with a warning that names sounds which could not be read.

        Raises:
            UserError: the embedder's weights are not there, or its vectors are not finite.
        """
        with counting(run, len(task.sounds), "embedding") as of_set:
            try:
                found = embed(
                    task.sounds, self.embedder, self.cache, task.clip_s, of_set(task.name)
                )
            except (FileNotFoundError, ValueError) as error:
                raise UserError(f"embedder: {error}") from error
        warn_of_unreadable(task.name, len(found.names), found.unreadable)
        return found

    def _result(self, run: Run, task: Task, embedded: Embedded) -> ProbeResult:
        """The probe on every fold; folds that a checkpoint holds are not fitted again.

        Raises:
            UserError: nothing can be learned from these vectors.
        """
        seeds = [1000 * run.seed + number for number in range(self.seeds)]
        with run.progress(100, "probing") as bar:
            shown = 0

            def show(share: float) -> None:
                nonlocal shown
                bar.update(int(100 * share) - shown)
                shown = int(100 * share)

            try:
                return evaluate(
                    task,
                    embedded,
                    self.probe,
                    seeds,
                    show,
                    save=lambda state: run.checkpoints.save("folds", state),
                    saved=run.checkpoints.load("folds"),
                )
            except ValueError as error:
                raise UserError(f"probe: {error}") from error


def _metrics(result: ProbeResult, interval: Estimate) -> dict[str, float]:
    own = [row for row in result.rows() if row.metric == result.metrics[0]]
    by_seed = [np.mean([row.value for row in own if row.seed == seed]) for seed in result.seeds]
    metrics = {
        "score": interval.value,
        "score_low": interval.low,
        "score_high": interval.high,
        **{name: result.mean(name) for name in result.metrics},
        "n_folds": float(len(result.folds)),
        "n_seeds": float(len(result.seeds)),
        "n_train": float(np.mean([fold.n_train for fold in result.folds])),
        "n_test": float(sum(result.predictions.sizes)),
        "unreadable": float(len(result.unreadable)),
    }
    if len(by_seed) > 1:
        metrics["score_deviation_of_seeds"] = float(np.std(by_seed, ddof=1))
    return metrics
