"""A task with fewer sounds, for a first look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.sounds.base import Clip, Sounds, Unreadable, check_numbers
from eval.tasks.base import Fold, Task

__all__ = ["thinned"]


@dataclass(frozen=True)
class Chosen:
    """Some sounds of a set, by their numbers."""

    sounds: Sounds
    numbers: tuple[int, ...]
    name: str

    @property
    def identity(self) -> str:
        """The set's, and which of its sounds."""
        return f"sounds {list(self.numbers)} of ({self.sounds.identity})"

    def __len__(self) -> int:
        """How many sounds."""
        return len(self.numbers)

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        """Return the sounds of those numbers.

        Raises:
            IndexError: a number is not in [0, len).
        """
        check_numbers(indices, len(self), self.name)
        return self.sounds.clips([self.numbers[index] for index in indices])


def thinned(task: Task, per_part: int | None, seed: int = 0) -> Task:
    """Return the task with at most so many sounds in each part of its splits.

    A part is what all folds treat alike: the sounds for training, validation or test of a task
    with one fold, each fold of one with several. The sounds are spread over the labels. A part
    keeps its sounds where it has no more; None keeps all.

    Args:
        task: the whole.
        per_part: how many sounds, at least 1.
        seed: of the draw.

    Raises:
        ValueError: no sound is asked for.
    """
    if per_part is None:
        return task
    if per_part < 1:
        raise ValueError(f"a part needs at least 1 sound, got per_part = {per_part}")
    roles: dict[int, list[int]] = defaultdict(lambda: [0] * len(task.folds))
    for place, fold in enumerate(task.folds):
        for role, sounds in enumerate((fold.train, fold.valid, fold.test), start=1):
            for sound in sounds:
                roles[sound][place] = role
    parts: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for sound in sorted(roles):
        parts[tuple(roles[sound])].append(sound)
    generator = np.random.default_rng(seed)
    kept: list[int] = []
    for sounds in parts.values():
        shuffled = [sounds[place] for place in generator.permutation(len(sounds))]
        grouped = sorted(shuffled, key=lambda sound: task.labels[sound])
        n = min(per_part, len(grouped))
        kept += [grouped[int((k + 0.5) * len(grouped) / n)] for k in range(n)]
    numbers = tuple(sorted(kept))
    place_of = {sound: place for place, sound in enumerate(numbers)}

    def left(sounds: Sequence[int]) -> tuple[int, ...]:
        return tuple(place_of[sound] for sound in sounds if sound in place_of)

    return replace(
        task,
        sounds=Chosen(task.sounds, numbers, task.sounds.name),
        labels=tuple(task.labels[sound] for sound in numbers),
        folds=tuple(
            Fold(fold.name, left(fold.train), left(fold.valid), left(fold.test))
            for fold in task.folds
        ),
    )
