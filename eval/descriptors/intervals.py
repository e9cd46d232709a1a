"""How sets of sounds differ in a number, with 95 % intervals.

Values that are NaN (a sound has no such number) are left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

__all__ = ["Estimate", "gap_closed", "mean", "probability_above", "ratio_of_means"]

Values = Float64[np.ndarray, " _"]

RESAMPLES = 2000
LEVELS = (2.5, 97.5)
_AT_A_TIME = 100
_Z = 1.959964  # the normal distribution's 97.5 % quantile


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its 95 % interval; NaN where there is nothing to estimate."""

    value: float
    low: float
    high: float

    def metrics(self, name: str) -> dict[str, float]:
        """Return it as three metrics: `name`, `name_low`, `name_high`."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}


def mean(values: Values, seed: int = 0) -> Estimate:
    """Return the mean with its bootstrap percentile interval; one value has no interval."""
    values = values[~np.isnan(values)]
    if values.size == 0:
        return Estimate(math.nan, math.nan, math.nan)
    if values.size == 1:
        return Estimate(float(values[0]), math.nan, math.nan)
    return _estimate(float(values.mean()), _resampled(values, seed, 0))


def ratio_of_means(above: Values, below: Values, seed: int = 0) -> Estimate:
    """Return mean(above) / mean(below); both sets are resampled."""
    above, below = above[~np.isnan(above)], below[~np.isnan(below)]
    if above.size == 0 or below.size == 0 or below.mean() == 0:
        return Estimate(math.nan, math.nan, math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = _resampled(above, seed, 0) / _resampled(below, seed, 1)
    return _estimate(float(above.mean() / below.mean()), ratios)


def gap_closed(mixed: Values, real: Values, synthetic: Values, seed: int = 0) -> Estimate:
    """Return how much of the way from real to synthetic the mixed set goes, in the mean.

    (mixed - real) / (synthetic - real): 0 is no nearer than the real set, 1 as far as the synthetic
    one, negative is away from it. The interval is wide where real and synthetic hardly differ.
    """
    sets = [values[~np.isnan(values)] for values in (mixed, real, synthetic)]
    if any(values.size == 0 for values in sets):
        return Estimate(math.nan, math.nan, math.nan)

    def closed(mixed: np.ndarray, real: np.ndarray, synthetic: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return (mixed - real) / (synthetic - real)

    means = [values.mean(keepdims=True) for values in sets]
    samples = [_resampled(values, seed, place) for place, values in enumerate(sets)]
    return _estimate(float(closed(*means)[0]), closed(*samples))


def probability_above(first: Values, second: Values) -> Estimate:
    """Return the probability that a value of the first set is above one of the second.

    A tie counts as half. 0.5: neither is larger as a rule. It is the area under the ROC curve, with
    the interval of DeLong, DeLong and Clarke-Pearson (1988).
    """
    first, second = first[~np.isnan(first)], second[~np.isnan(second)]
    if first.size == 0 or second.size == 0:
        return Estimate(math.nan, math.nan, math.nan)
    of_first, of_second = _placed(first, second), 1.0 - _placed(second, first)
    value = float(of_first.mean())
    if min(first.size, second.size) < 2:
        return Estimate(value, math.nan, math.nan)
    error = math.sqrt(of_first.var(ddof=1) / first.size + of_second.var(ddof=1) / second.size)
    return Estimate(value, max(0.0, value - _Z * error), min(1.0, value + _Z * error))


def _placed(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return for each value the part of the others that it is above, ties as half."""
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, side="left")
    not_above = np.searchsorted(ordered, values, side="right")
    return (below + not_above) / (2 * others.size)


def _resampled(values: np.ndarray, seed: int, stream: int) -> np.ndarray:
    """Return the means of `RESAMPLES` resamples, in little memory."""
    generator = np.random.default_rng([seed, stream])
    means = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, _AT_A_TIME):
        drawn = generator.integers(values.size, size=(_AT_A_TIME, values.size))
        means[start : start + _AT_A_TIME] = values[drawn].mean(axis=1)
    return means


def _estimate(value: float, samples: np.ndarray) -> Estimate:
    samples = samples[~np.isnan(samples)]
    if samples.size == 0 or math.isnan(value):
        return Estimate(value, math.nan, math.nan)
    low, high = np.percentile(samples, LEVELS)
    return Estimate(value, float(low), float(high))
