"""A distance with its interval, and the ways to one that suit it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from scipy import stats

__all__ = ["Estimate", "bootstrap", "groups_of", "jackknife"]

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval.

    Attributes:
        value: of the data as they are.
        low, high: ends of the interval.
    """

    value: float
    low: float
    high: float

    def around(self, value: float) -> Estimate:
        """The same interval around another value."""
        moved = value - self.value
        return Estimate(value, self.low + moved, self.high + moved)

    def scaled(self, factor: float) -> Estimate:
        """All three times a positive number."""
        return Estimate(factor * self.value, factor * self.low, factor * self.high)


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
        rng = np.random.default_rng([seed, repeat])
        drawn.append(statistic(*(np.sort(rng.integers(0, n, n)) for n in sizes)))
        if progress is not None:
            progress()
    tails = np.percentile(drawn, [50 * (1 - LEVEL), 50 * (1 + LEVEL)]) - np.mean(drawn)
    return Estimate(value, value + float(tails[0]), value + float(tails[1]))


def groups_of(n: int, n_groups: int, seed: int) -> list[Int64[np.ndarray, " _"]]:
    """Numbers 0 to n - 1 dealt at random into groups of equal size, give or take one.

    Raises:
        ValueError: fewer than 2 groups, or fewer numbers than groups.
    """
    if not 2 <= n_groups <= n:
        raise ValueError(f"{n} sounds cannot be dealt into {n_groups} groups, 2 at least")
    order = np.random.default_rng(seed).permutation(n)
    return [np.sort(part) for part in np.array_split(order, n_groups)]


def jackknife(value: float, left_out: Sequence[Float[np.ndarray, " n_groups"]]) -> Estimate:
    """Interval from leaving groups of sounds out, one at a time, of each set in turn.

    No sound is there twice, as in a bootstrap, which matters to what is extrapolated from the
    number of sounds, or leaves pairs of the same sound out. Intervals are Student's, symmetric.

    Args:
        value: with all sounds.
        left_out: for each set the values without each of its groups.
    """
    variance = sum(
        (len(values) - 1) / len(values) * float(np.sum((values - values.mean()) ** 2))
        for values in left_out
    )
    freedom = min(len(values) for values in left_out) - 1
    reach = float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * float(np.sqrt(variance))
    return Estimate(value, value - reach, value + reach)
