"""Sounds of two sets drawn again, or dealt into groups, for the intervals of distances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Int64

from eval.statistics.estimate import Estimate, percentiles
from eval.statistics.resampling import draws

__all__ = ["bootstrap", "groups_of"]


def bootstrap(
    statistic: Callable[[Int64[np.ndarray, " n"], Int64[np.ndarray, " m"]], float],
    sizes: tuple[int, int],
    repeats: int,
    seed: int,
    progress: Callable[[], None] | None = None,
) -> Estimate:
    """Interval of a distance between two sets, by drawing the sounds of both with replacement.

    What is drawn again lies farther apart than what was there (some sounds are there twice, so
    that fewer stand for each set), and the plain percentiles would often miss the value itself.
    Only their distances from the replicates' mean are used, and put around the value: this says
    how far other sets of the same sizes would be, not where infinitely large ones would.

    Args:
        statistic: the distance between sounds of those numbers.
        sizes: how many sounds the two sets have.
        repeats: draws, 2 at least.
        seed: of the draws.
        progress: called after each draw.

    Raises:
        ValueError: fewer than 2 draws.
    """
    if repeats < 2:
        raise ValueError(f"a bootstrap needs 2 repeats at least, got {repeats}")
    value = statistic(*(np.arange(n) for n in sizes))
    drawn = []
    for repeat in range(repeats):
        these, those = next(draws(sizes, (seed, repeat), resamples=1))
        drawn.append(statistic(np.sort(these[0]), np.sort(those[0])))
        if progress is not None:
            progress()
    return percentiles(float(np.mean(drawn)), np.array(drawn)).around(value)


def groups_of(n: int, n_groups: int, seed: int) -> list[Int64[np.ndarray, " _"]]:
    """Numbers 0 to n - 1 dealt at random into groups of equal size, give or take one.

    Raises:
        ValueError: fewer than 2 groups, or fewer numbers than groups.
    """
    if not 2 <= n_groups <= n:
        raise ValueError(f"{n} sounds cannot be dealt into {n_groups} groups, 2 at least")
    order = np.random.default_rng(seed).permutation(n)
    return [np.sort(part) for part in np.array_split(order, n_groups)]
