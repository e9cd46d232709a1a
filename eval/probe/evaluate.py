"""Scores an embedding on a task: a probe fitted on each fold's training sounds, for each seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.embedding import Embedded
from eval.probe.base import Examples, Probe, Problem, Progress, Settings
from eval.probe.predictions import FoldPredictions, Predictions
from eval.probe.scores import score
from eval.probe.splits import tenth
from eval.sounds.base import Unreadable
from eval.tasks.base import Fold, Task

__all__ = ["FoldResult", "ProbeResult", "ScoreRow", "evaluate"]


@dataclass(frozen=True)
class ScoreRow:
    """One score of one fitted probe."""

    metric: str
    fold: str
    seed: int
    value: float


@dataclass(frozen=True, eq=False)
class FoldResult:
    """What a fold gave.

    Attributes:
        predictions: for its test sounds.
        n_train: sounds that were learned from.
        n_valid: sounds that were chosen by.
        validation: best score on these, of each seed.
        settings: what was chosen, of each seed, such as its epoch.
    """

    predictions: FoldPredictions
    n_train: int
    n_valid: int
    validation: tuple[float, ...]
    settings: tuple[Settings, ...]


@dataclass(frozen=True, eq=False)
class ProbeResult:
    """What a probe gave on all folds.

    Attributes:
        task: its name.
        metrics: of the task, its own first.
        seeds: that were fitted; one, where no seed changes the result.
        folds: in the task's order.
        unreadable: sounds of the folds that have no vector; left out of training, validation and
            test alike.
    """

    task: str
    metrics: tuple[str, ...]
    seeds: tuple[int, ...]
    folds: tuple[FoldResult, ...]
    unreadable: tuple[Unreadable, ...]

    @property
    def predictions(self) -> Predictions:
        """What was said of all test sounds."""
        return Predictions(tuple(fold.predictions for fold in self.folds))

    def rows(self) -> list[ScoreRow]:
        """Return every score: of each metric, fold and seed."""
        return [
            ScoreRow(metric, said.name, seed, score(metric, scores, said.targets))
            for metric in self.metrics
            for said in self.predictions.folds
            for seed, scores in zip(self.seeds, said.scores, strict=True)
        ]

    def mean(self, metric: str) -> float:
        """Return a score's mean over folds and seeds."""
        return float(np.mean([row.value for row in self.rows() if row.metric == metric]))


def evaluate(
    task: Task,
    embedded: Embedded,
    probe: Probe,
    seeds: Sequence[int] = (0,),
    progress: Progress | None = None,
    save: Callable[[Mapping[str, Any]], None] | None = None,
    saved: Mapping[str, Any] | None = None,
) -> ProbeResult:
    """Fit a probe on every fold and score it.

    A fold without validation sounds gets a tenth of its training ones, by label, the same for every
    probe and embedder. Sounds that could not be read are left out everywhere and named in the
    result: what is wrong with a file says nothing about an embedder.

    Args:
        task: what is asked.
        embedded: a vector for every sound of the task.
        probe: what is fitted; one that no seed changes is fitted for the first seed only.
        seeds: of the probe.
        progress: told what share is done.
        save: given the state after every fold.
        saved: such a state, from which an interrupted evaluation goes on.

    Raises:
        ValueError: the vectors are not those of the task, or of some part of a fold no sound can
            be read.
    """
    if len(embedded.vectors) != len(task.sounds):
        raise ValueError(
            f"task {task.name} has {len(task.sounds)} sounds, given {len(embedded.vectors)} vectors"
        )
    seeds = tuple(seeds[:1] if probe.deterministic else seeds)
    if not seeds:
        raise ValueError("a probe needs a seed, given none")
    readable = np.zeros(len(embedded.vectors), bool)
    readable[embedded.readable] = True
    done = [] if saved is None else [_result_of(state) for state in saved["folds"]]
    report = progress or (lambda share: None)
    for place in range(len(done), len(task.folds)):

        def part(share: float, place: int = place) -> None:
            report((place + share) / len(task.folds))

        chosen = done[0].settings if probe.chooses_once and done else None
        done.append(_fold(task, task.folds[place], embedded, readable, probe, seeds, chosen, part))
        if save is not None:
            save({"folds": [_state_of(result) for result in done]})
    report(1.0)
    used = {sound for fold in task.folds for sound in (*fold.train, *fold.valid, *fold.test)}
    missing = {embedded.names[sound] for sound in used if not readable[sound]}
    unreadable = tuple(item for item in embedded.unreadable if item.name in missing)
    return ProbeResult(task.name, task.metrics, seeds, tuple(done), unreadable)


def _fold(
    task: Task,
    fold: Fold,
    embedded: Embedded,
    readable: np.ndarray,
    probe: Probe,
    seeds: Sequence[int],
    chosen: Sequence[Settings] | None,
    progress: Progress,
) -> FoldResult:
    train, valid = (fold.train, fold.valid) if fold.valid else tenth(fold.train, task.labels)
    parts: dict[str, Examples] = {}
    for name, sounds in {"train on": train, "validate on": valid, "test on": fold.test}.items():
        there = [sound for sound in sounds if readable[sound]]
        if not there:
            raise ValueError(
                f"task {task.name}, {fold.name}: none of {len(sounds)} sounds to {name} can be read"
            )
        rows = np.array(there, np.int64)
        parts[name] = Examples(embedded.vectors, rows, task.targets(there))
    problem = Problem(
        parts["train on"], parts["validate on"], task.kind, task.metrics[0], task.max_epochs
    )
    fitted = probe.fit(problem, seeds, chosen, progress)
    test = parts["test on"]
    scores = np.stack([one.scores(test) for one in fitted]).astype(np.float32)
    return FoldResult(
        FoldPredictions(fold.name, test.rows, scores, test.targets),
        len(problem.train),
        len(problem.valid),
        tuple(one.validation for one in fitted),
        tuple(one.settings for one in fitted),
    )


def _state_of(result: FoldResult) -> dict[str, Any]:
    said = result.predictions
    return {
        "name": said.name,
        "sounds": said.sounds,
        "scores": said.scores,
        "targets": said.targets,
        "n_train": result.n_train,
        "n_valid": result.n_valid,
        "validation": result.validation,
        "settings": [dict(settings) for settings in result.settings],
    }


def _result_of(state: Mapping[str, Any]) -> FoldResult:
    said = FoldPredictions(state["name"], state["sounds"], state["scores"], state["targets"])
    return FoldResult(
        said,
        state["n_train"],
        state["n_valid"],
        tuple(state["validation"]),
        tuple(state["settings"]),
    )
