"""The audio of a task as a set of sounds, without its labels."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from eval.sounds.base import Clip, Sounds, Unreadable
from eval.sounds.subset import Subset
from eval.tasks.base import Task, TaskSource

__all__ = ["Split", "TaskAudio", "numbers_of"]

Split = Literal["valid_or_first_fold", "train", "valid", "test", "all"]


def numbers_of(task: Task, split: Split) -> tuple[int, ...]:
    """The sounds of a split of a task's first fold, in their order.

    "valid_or_first_fold" is what the paper compares with: the validation set of a task with one
    split, and of one with several folds the clips that the first fold tests on.

    Raises:
        ValueError: the split is empty.
    """
    fold = task.folds[0]
    if split == "valid_or_first_fold":
        chosen = fold.valid if len(task.folds) == 1 and fold.valid else fold.test
    elif split == "all":
        chosen = tuple(range(len(task.sounds)))
    else:
        chosen = {"train": fold.train, "valid": fold.valid, "test": fold.test}[split]
    if not chosen:
        raise ValueError(f"{fold.name} of task {task.name} has no sounds in its split {split!r}")
    return tuple(sorted(chosen))


@dataclass(frozen=True)
class TaskAudio:
    """Clips of one split of a task; the task is loaded when they are asked for.

    Attributes:
        task: where the clips are from.
        split: which of them, see `numbers_of`.
        n: at most so many, drawn by the seed; None is all.
        seed: of the draw.
        name: of the set; empty is the task's.
    """

    task: TaskSource
    split: Split = "valid_or_first_fold"
    n: int | None = None
    seed: int = 0
    name: str = ""

    def __post_init__(self) -> None:
        """Take over the task's name where there is none."""
        if not self.name:
            object.__setattr__(self, "name", self.task.name)

    @property
    def identity(self) -> str:
        """That of the task's sounds, and which of them."""
        return self._chosen.identity

    def __len__(self) -> int:
        """How many sounds."""
        return len(self._chosen)

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        """Return the sounds of those numbers.

        Raises:
            IndexError: a number is not in [0, len).
        """
        return self._chosen.clips(indices)

    @cached_property
    def _chosen(self) -> Subset:
        task = self.task.load()
        split = _Part(task.sounds, np.array(numbers_of(task, self.split)), self.name)
        return Subset(split, self.n, self.seed)


@dataclass(frozen=True)
class _Part:
    """Sounds of given numbers."""

    sounds: Sounds
    numbers: np.ndarray
    name: str

    @property
    def identity(self) -> str:
        digest = hashlib.sha256(self.numbers.astype(np.int64).tobytes()).hexdigest()
        return f"numbers {digest[:16]} of ({self.sounds.identity})"

    def __len__(self) -> int:
        return len(self.numbers)

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        return self.sounds.clips([int(self.numbers[index]) for index in indices])
