"""What the order of values says: rank correlation, and how often one set is above another."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Float64
from numpy.typing import ArrayLike

from eval.statistics.estimate import Estimate, percentiles
from eval.statistics.intervals import normal_interval
from eval.statistics.resampling import RESAMPLES, draws

__all__ = ["probability_above", "spearman_interval"]


def spearman_interval(
    first: ArrayLike, second: ArrayLike, seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """Return Spearman's rank correlation of paired values, with an interval over the pairs.

    NaN where one side does not vary.

    Raises:
        ValueError: the two have not one shape (n,), or n < 3, or a value is not finite.
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if x.shape != y.shape or x.ndim != 1 or x.size < 3:
        raise ValueError(f"a correlation needs two (n,) with n >= 3, got {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("a correlation needs finite values")
    replicates = [_spearman(x[rows], y[rows]) for (rows,) in draws(x.size, seed, resamples)]
    return percentiles(float(_spearman(x[None], y[None])[0]), np.concatenate(replicates))


def probability_above(
    first: Float64[np.ndarray, " n"], second: Float64[np.ndarray, " m"]
) -> Estimate:
    """Return the probability that a value of the first set is above one of the second.

    Values that are NaN are left out; a tie counts as half. 0.5: neither is larger as a rule. It is
    the area under the ROC curve, with the interval of DeLong, DeLong and Clarke-Pearson (1988).
    """
    first, second = first[~np.isnan(first)], second[~np.isnan(second)]
    if first.size == 0 or second.size == 0:
        return Estimate(math.nan)
    of_first, of_second = _placed(first, second), 1.0 - _placed(second, first)
    value = float(of_first.mean())
    if min(first.size, second.size) < 2:
        return Estimate(value)
    error = math.sqrt(of_first.var(ddof=1) / first.size + of_second.var(ddof=1) / second.size)
    _, low, high = normal_interval(value, error)
    return Estimate(value, max(0.0, low), min(1.0, high))


def _spearman(
    x: Float[np.ndarray, "n_rows n"], y: Float[np.ndarray, "n_rows n"]
) -> Float[np.ndarray, " n_rows"]:
    """The correlation of ranks, ties at their mean, row by row."""
    from scipy.stats import rankdata

    a, b = (rankdata(side, axis=1) - (x.shape[1] + 1) / 2.0 for side in (x, y))
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), scale, out=np.full(len(x), np.nan), where=scale > 0)


def _placed(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return for each value the part of the others that it is above, ties as half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, side="left")
    not_above = np.searchsorted(ordered, values, side="right")
    return (below + not_above) / (2 * others.size)
