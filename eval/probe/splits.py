"""Validation examples for a task that has none: a tenth of the training ones, by label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["tenth"]


def tenth(
    train: Sequence[int], labels: Sequence[tuple[int, ...]], share: float = 0.1, seed: int = 0
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the sounds that stay for training and those that are held back, in their order.

    Sounds are put in groups by their labels, shuffled within each, and laid one group after the
    other; then every tenth one is held back. So each group is held back in its proportion, within
    one sound. The split depends on these arguments alone: every probe and every embedder gets the
    same.

    >>> tenth(range(20), [(0,)] * 10 + [(1,)] * 10)[1]
    (0, 12)

    Args:
        train: numbers of sounds.
        labels: of every sound of the task.
        share: how much is held back.
        seed: of the shuffling.

    Raises:
        ValueError: fewer than two sounds cannot be parted.
    """
    if len(train) < 2:
        raise ValueError(f"{len(train)} sounds cannot be parted into training and validation")
    generator = np.random.default_rng(seed)
    shuffled = [train[place] for place in generator.permutation(len(train))]
    grouped = sorted(shuffled, key=lambda sound: labels[sound])
    n_held = max(1, round(len(train) * share))
    places = {int((k + 0.5) * len(train) / n_held) for k in range(n_held)}
    held = {sound for place, sound in enumerate(grouped) if place in places}
    stay = tuple(sound for sound in train if sound not in held)
    return stay, tuple(sound for sound in train if sound in held)
