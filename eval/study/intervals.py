"""Means and correlations with percentile bootstrap intervals (Efron and Tibshirani, 1993)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

__all__ = ["Interval", "interval_of", "mean_interval", "resample_counts", "spearman_interval"]

RESAMPLES = 2000
LEVEL = 0.95
_BLOCK_NUMBERS = 4_000_000  # counts held at a time


@dataclass(frozen=True)
class Interval:
    """A value and the ends of its interval; the ends are NaN where nothing can be said."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"

    def metrics(self, name: str) -> dict[str, float]:
        """Return it as three metrics: `name`, `name_low`, `name_high`."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}


def interval_of(
    value: float, replicates: Float[np.ndarray, " n_resamples"], level: float = LEVEL
) -> Interval:
    """Return a value with the percentiles of its bootstrap replicates; NaN ones are left out.

    >>> interval_of(2.0, np.arange(101.0), level=0.5)
    Interval(value=2.0, low=25.0, high=75.0)
    """
    known = replicates[~np.isnan(replicates)]
    if known.size == 0:
        return Interval(float(value), math.nan, math.nan)
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(value), float(low), float(high))


def resample_counts(
    n: int, seed: int, resamples: int = RESAMPLES
) -> Iterator[Float[np.ndarray, "n_block n"]]:
    """Yield how often each of n things is drawn in each resample, in blocks of bounded size.

    The rows depend on the seed alone, not on the size of the blocks.
    """
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK_NUMBERS // max(n, 1))
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        yield rng.multinomial(n, np.full(n, 1.0 / n), size=rows).astype(np.float64)


def mean_interval(
    values: ArrayLike, seed: int = 0, level: float = LEVEL, resamples: int = RESAMPLES
) -> Interval:
    """Return the mean of values (n,) with its interval; of one value the interval is unknown.

    Raises:
        ValueError: there is no value, or one is not finite.
    """
    sample = np.asarray(values, np.float64)
    if sample.ndim != 1 or sample.size == 0 or not np.isfinite(sample).all():
        raise ValueError(f"a mean needs finite values (n,), at least one; given {sample.shape}")
    if sample.size == 1:
        return Interval(float(sample[0]), math.nan, math.nan)
    replicates = [
        counts @ sample / sample.size for counts in resample_counts(sample.size, seed, resamples)
    ]
    return interval_of(float(sample.mean()), np.concatenate(replicates), level)


def spearman_interval(
    first: ArrayLike,
    second: ArrayLike,
    seed: int = 0,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
) -> Interval:
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
    rng = np.random.default_rng(seed)
    block = max(1, _BLOCK_NUMBERS // x.size)
    replicates = []
    for start in range(0, resamples, block):
        rows = rng.integers(0, x.size, (min(block, resamples - start), x.size))
        replicates.append(_spearman(x[rows], y[rows]))
    value = _spearman(x[None], y[None])[0]
    return interval_of(float(value), np.concatenate(replicates), level)


def _spearman(
    x: Float[np.ndarray, "n_rows n"], y: Float[np.ndarray, "n_rows n"]
) -> Float[np.ndarray, " n_rows"]:
    """The correlation of ranks, ties at their mean, row by row."""
    from scipy.stats import rankdata

    a, b = (rankdata(side, axis=1) - (x.shape[1] + 1) / 2.0 for side in (x, y))
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), scale, out=np.full(len(x), np.nan), where=scale > 0)
