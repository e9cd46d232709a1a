"""Intervals of 95 %: over seeds or folds, over test sounds, of a share, of a difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

__all__ = ["Interval", "Statistic", "bootstrap", "difference", "t_interval", "wilson"]

Statistic = Callable[[Float[np.ndarray, "resamples n"]], Float[np.ndarray, " resamples"]]
"""A statistic of n things as a function of how often each of them counts, for several countings."""

BATCH_VALUES = 4_000_000  # counts in memory at a time


class Interval(NamedTuple):
    """An estimate and the range that holds the true value as often as the level says."""

    estimate: float
    low: float
    high: float


def t_interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """Return the mean of values and Student's interval for it.

    For independent values that are about normal, such as scores of several seeds. Scores of folds
    share training sounds, so theirs is somewhat too narrow (Bengio and Grandvalet, 2004). Of one
    value nothing is known: low and high are NaN.

    >>> [round(x, 3) for x in t_interval([0.8, 0.9, 1.0])]
    [0.9, 0.652, 1.148]

    Raises:
        ValueError: there is no value.
    """
    given = np.asarray(values, np.float64)
    if given.size == 0:
        raise ValueError("an interval needs values, given none")
    mean = float(given.mean())
    if given.size == 1:
        return Interval(mean, float("nan"), float("nan"))
    half = stats.t.ppf(0.5 + level / 2, given.size - 1) * given.std(ddof=1) / np.sqrt(given.size)
    return Interval(mean, mean - float(half), mean + float(half))


def wilson(successes: int, n: int, level: float = 0.95) -> Interval:
    """Return a share and Wilson's interval for it (1927), which is right for few and for extremes.

    >>> [round(x, 3) for x in wilson(10, 10)]
    [1.0, 0.722, 1.0]

    Raises:
        ValueError: there was no trial, or more successes than trials.
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"{successes} successes in {n} trials are impossible")
    found = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    return Interval(successes / n, float(found.low), float(found.high))


def bootstrap(
    statistic: Statistic,
    sizes: int | Sequence[int],
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    method: Literal["percentile", "bca"] = "percentile",
) -> Interval:
    """Return a statistic and how it varies when things are drawn again with replacement.

    Args:
        statistic: of the things; resamples for which it is not finite are left out.
        sizes: how many things there are; several groups, such as the test sounds of each fold,
            stand one after the other and are drawn again each for itself.
        resamples: how often.
        level: how much the interval holds.
        seed: of the draws.
        method: "percentile" takes the resamples' own quantiles; "bca" corrects them for bias and
            skew (Efron, 1987), at the price of leaving out each thing once.

    Raises:
        ValueError: nothing to draw from, or the statistic is finite for no resample.
    """
    groups = np.atleast_1d(np.asarray(sizes, np.int64))
    if groups.size == 0 or groups.min() < 1 or resamples < 1:
        raise ValueError(f"nothing to draw from: groups of {groups.tolist()}, {resamples} times")
    n = int(groups.sum())
    estimate = float(statistic(np.ones((1, n)))[0])
    generator = np.random.default_rng(seed)
    step = max(1, BATCH_VALUES // n)
    found = np.concatenate(
        [
            statistic(_counts(generator, groups, min(step, resamples - start)))
            for start in range(0, resamples, step)
        ]
    )
    found = found[np.isfinite(found)]
    if not found.size:
        raise ValueError(f"the statistic is finite for none of {resamples} resamples")
    tails = np.array([0.5 - level / 2, 0.5 + level / 2])
    if method == "bca":
        tails = _corrected(tails, found, estimate, _left_out(statistic, n))
    low, high = np.quantile(found, tails)
    return Interval(estimate, float(low), float(high))


def difference(
    first: Statistic,
    second: Statistic,
    sizes: int | Sequence[int],
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    method: Literal["percentile", "bca"] = "percentile",
) -> Interval:
    """Return how much larger the first statistic is than the second, of the same things.

    Both see the same resamples, so what makes things easy or hard for both cancels. Arguments and
    errors as `bootstrap`.
    """
    return bootstrap(
        lambda counts: first(counts) - second(counts), sizes, resamples, level, seed, method
    )


def _counts(
    generator: np.random.Generator, groups: Int[np.ndarray, " groups"], resamples: int
) -> np.ndarray:
    """How often each thing is drawn, (resamples, n)."""
    parts = []
    for size in groups:
        drawn = generator.integers(0, size, (resamples, size))
        drawn += np.arange(resamples)[:, None] * size
        parts.append(np.bincount(drawn.reshape(-1), minlength=resamples * size))
    shaped = [part.reshape(resamples, -1) for part in parts]
    return np.concatenate(shaped, axis=1).astype(np.float64)


def _left_out(statistic: Statistic, n: int) -> np.ndarray:
    """The statistic without each thing in turn."""
    step = max(1, BATCH_VALUES // n)
    parts = []
    for start in range(0, n, step):
        places = np.arange(start, min(start + step, n))
        counts = np.ones((places.size, n))
        counts[np.arange(places.size), places] = 0.0
        parts.append(statistic(counts))
    return np.concatenate(parts)


def _corrected(
    tails: np.ndarray, found: np.ndarray, estimate: float, left_out: np.ndarray
) -> np.ndarray:
    """The quantiles that bias and skew move the tails to; the tails where they are undefined."""
    below = (np.sum(found < estimate) + 0.5 * np.sum(found == estimate)) / found.size
    distances = left_out.mean() - left_out
    spread = float((distances**2).sum()) ** 1.5
    if not 0 < below < 1 or spread == 0 or not np.isfinite(distances).all():
        return tails
    skew = float((distances**3).sum()) / (6.0 * spread)
    bias = stats.norm.ppf(below)
    moved = bias + stats.norm.ppf(tails)
    return stats.norm.cdf(bias + moved / (1.0 - skew * moved))
