"""Bootstrap intervals of means, of any statistic and of differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from scipy import stats

from eval.statistics.estimate import LEVEL, Estimate, percentiles, tails_of
from eval.statistics.jackknife import Statistic, without_each
from eval.statistics.resampling import RESAMPLES, draws, resample_counts

__all__ = ["bootstrap", "difference", "mean_interval", "resampled_means"]


def mean_interval(values: ArrayLike, seed: int = 0, resamples: int = RESAMPLES) -> Estimate:
    """Return the mean of values (n,) with its percentile interval; of one value it is unknown.

    Raises:
        ValueError: there is no value, or one is not finite.
    """
    sample = np.asarray(values, np.float64)
    if sample.ndim != 1 or sample.size == 0 or not np.isfinite(sample).all():
        raise ValueError(f"a mean needs finite values (n,), at least one; given {sample.shape}")
    if sample.size == 1:
        return Estimate(float(sample[0]))
    return percentiles(float(sample.mean()), resampled_means(sample, seed, resamples))


def resampled_means(
    values: Float[np.ndarray, " n"], seed: int | Sequence[int], resamples: int = RESAMPLES
) -> Float[np.ndarray, " n_resamples"]:
    """Return the means of resamples of values; seed as `draws`."""
    drawn = draws(values.size, seed, resamples)
    return np.concatenate([values[rows].mean(axis=1) for (rows,) in drawn])


def bootstrap(
    statistic: Statistic,
    sizes: int | Sequence[int],
    resamples: int = 1000,
    level: float = LEVEL,
    seed: int = 0,
    method: Literal["percentile", "bca"] = "percentile",
) -> Estimate:
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
    blocks = resample_counts(sizes, seed, resamples)
    found = np.concatenate([statistic(counts) for counts in blocks])
    found = found[np.isfinite(found)]
    if not found.size:
        raise ValueError(f"the statistic is finite for none of {resamples} resamples")
    n = int(np.sum(sizes))
    value = float(statistic(np.ones((1, n)))[0])
    tails = tails_of(level)
    if method == "bca":
        tails = _corrected(tails, found, value, without_each(statistic, n))
    return percentiles(value, found, tails)


def difference(
    first: Statistic,
    second: Statistic,
    sizes: int | Sequence[int],
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Return how much larger the first statistic is than the second, of the same things.

    Both see the same resamples, so what makes things easy or hard for both cancels. Arguments and
    errors as `bootstrap`.
    """
    return bootstrap(lambda counts: first(counts) - second(counts), sizes, resamples, seed=seed)


def _corrected(
    tails: Float[np.ndarray, " 2"],
    found: Float[np.ndarray, " resamples"],
    value: float,
    left_out: Float[np.ndarray, " n"],
) -> Float[np.ndarray, " 2"]:
    """The quantiles that bias and skew move the tails to; the tails where they are undefined."""
    below = (np.sum(found < value) + 0.5 * np.sum(found == value)) / found.size
    distances = left_out.mean() - left_out
    spread = float((distances**2).sum()) ** 1.5
    if not 0 < below < 1 or spread == 0 or not np.isfinite(distances).all():
        return tails
    skew = float((distances**3).sum()) / (6.0 * spread)
    bias = stats.norm.ppf(below)
    moved = bias + stats.norm.ppf(tails)
    return stats.norm.cdf(bias + moved / (1.0 - skew * moved))
