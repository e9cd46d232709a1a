"""How sets of sounds differ in a number, with 95 % intervals.

Values that are NaN (a sound has no such number) are left out.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float64

from eval.statistics.bootstrap import mean_interval, resampled_means
from eval.statistics.estimate import Estimate, percentiles

__all__ = ["gap_closed", "mean", "ratio_of_means"]

Values = Float64[np.ndarray, " _"]


def mean(values: Values, seed: int = 0) -> Estimate:
    """Return the mean with its interval; there is none of one value."""
    values = values[~np.isnan(values)]
    return mean_interval(values, seed) if values.size else Estimate(math.nan)


def ratio_of_means(above: Values, below: Values, seed: int = 0) -> Estimate:
    """Return mean(above) / mean(below); both sets are resampled."""
    above, below = above[~np.isnan(above)], below[~np.isnan(below)]
    if above.size == 0 or below.size == 0 or below.mean() == 0:
        return Estimate(math.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = resampled_means(above, [seed, 0]) / resampled_means(below, [seed, 1])
    return percentiles(float(above.mean() / below.mean()), ratios)


def gap_closed(mixed: Values, real: Values, synthetic: Values, seed: int = 0) -> Estimate:
    """Return how much of the way from real to synthetic the mixed set goes, in the mean.

    (mixed - real) / (synthetic - real): 0 is no nearer than the real set, 1 as far as the synthetic
    one, negative is away from it. The interval is wide where real and synthetic hardly differ.
    """
    sets = [values[~np.isnan(values)] for values in (mixed, real, synthetic)]
    if any(values.size == 0 for values in sets):
        return Estimate(math.nan)

    def closed(mixed: np.ndarray, real: np.ndarray, synthetic: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return (mixed - real) / (synthetic - real)

    means = [values.mean(keepdims=True) for values in sets]
    samples = [resampled_means(values, [seed, place]) for place, values in enumerate(sets)]
    return percentiles(float(closed(*means)[0]), closed(*samples))
