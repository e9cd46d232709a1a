"""What a task is: labelled sounds, how they are split, and what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from eval.sounds.base import Sounds

__all__ = ["Fold", "LabelKind", "Task", "TaskSource"]

LabelKind = Literal["multiclass", "multilabel"]


@dataclass(frozen=True)
class Fold:
    """One way to split a task's sounds; numbers of sounds, disjoint.

    Attributes:
        name: such as "fold 3" or "official".
        train: what a probe is fitted on.
        valid: what its best epoch and settings are chosen by; empty where the task has none, and
            a probe then takes a seeded, stratified tenth of `train`.
        test: what it is scored on.
    """

    name: str
    train: tuple[int, ...]
    valid: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True)
class Task:
    """A labelled set with its own splits, metric and label kind.

    Attributes:
        name: such as "esc50".
        sounds: the clips; sound i has `labels[i]`.
        labels: numbers into `vocabulary`, one a sound where the kind is multiclass, any number
            where it is multilabel.
        vocabulary: names of the labels.
        kind: multiclass or multilabel.
        metrics: names of `eval.probe.scores`; the first one is the task's own, by which the best
            epoch is chosen and which tables print.
        folds: at least one; the task's score is the mean over them.
        max_epochs: of the benchmark.
        clip_s: seconds that clips are cut or padded to; None leaves them.
    """

    name: str
    sounds: Sounds
    labels: tuple[tuple[int, ...], ...]
    vocabulary: tuple[str, ...]
    kind: LabelKind
    metrics: tuple[str, ...]
    folds: tuple[Fold, ...]
    max_epochs: int = 500
    clip_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse a task that contradicts itself.

        Raises:
            ValueError: numbers of sounds and labels differ, a label or sound is out of range, a
                multiclass sound has not one label, folds overlap, or there is no fold or metric.
        """
        n, n_labels = len(self.sounds), len(self.vocabulary)
        wrong: list[str] = []
        if len(self.labels) != n:
            wrong.append(f"{n} sounds but {len(self.labels)} labels")
        if not self.folds or not self.metrics:
            wrong.append("at least one fold and one metric are needed")
        if len(set(self.vocabulary)) != n_labels:
            wrong.append("the vocabulary names a label twice")
        if any(not 0 <= label < n_labels for row in self.labels for label in row):
            wrong.append(f"a label is outside of the vocabulary of {n_labels}")
        if self.kind == "multiclass" and any(len(row) != 1 for row in self.labels):
            wrong.append("a multiclass sound has exactly one label")
        for fold in self.folds:
            every = [*fold.train, *fold.valid, *fold.test]
            if len(set(every)) != len(every):
                wrong.append(f"{fold.name}: a sound is in it twice")
            if any(not 0 <= index < n for index in every):
                wrong.append(f"{fold.name}: a sound is outside of the {n}")
            if not fold.train or not fold.test:
                wrong.append(f"{fold.name}: nothing to train on or nothing to test on")
        if wrong:
            raise ValueError(f"task {self.name}: {'; '.join(wrong)}")

    def targets(self, indices: Sequence[int]) -> Float32[np.ndarray, "n n_labels"]:
        """Return zeros and ones, a row a sound."""
        rows = np.zeros((len(indices), len(self.vocabulary)), np.float32)
        for row, index in zip(rows, indices, strict=True):
            row[list(self.labels[index])] = 1.0
        return rows


@runtime_checkable
class TaskSource(Protocol):
    """What a configuration names: settings, from which the task is read or made when asked."""

    @property
    def name(self) -> str:
        """Short and printable, such as "esc50"."""
        ...

    def load(self) -> Task:
        """Return the task.

        Raises:
            FileNotFoundError: its data are not there; the message says which command gets them.
        """
        ...
