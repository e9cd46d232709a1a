"""Statistics without some of the things they are of, and what these say of their error."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from eval.statistics.estimate import Estimate
from eval.statistics.intervals import student_interval
from eval.statistics.resampling import BATCH_VALUES

__all__ = ["Statistic", "jackknife", "without_each"]

Statistic = Callable[[Float[np.ndarray, "resamples n"]], Float[np.ndarray, " resamples"]]
"""A statistic of n things as a function of how often each of them counts, for several countings."""


def jackknife(value: float, left_out: Sequence[Float[np.ndarray, " n_groups"]]) -> Estimate:
    """Return an interval from leaving groups of things out, one at a time, of each set in turn.

    No thing is there twice, as in a bootstrap, which matters to what is extrapolated from the
    number of things, or leaves pairs of the same thing out. Intervals are Student's, symmetric.

    Args:
        value: with all things.
        left_out: for each set the values without each of its groups.
    """
    variance = sum(
        (len(values) - 1) / len(values) * float(np.sum((values - values.mean()) ** 2))
        for values in left_out
    )
    freedom = min(len(values) for values in left_out) - 1
    return student_interval(value, float(np.sqrt(variance)), freedom)


def without_each(statistic: Statistic, n: int) -> Float[np.ndarray, " _"]:
    """Return the statistic of n things without each of them in turn."""
    step = max(1, BATCH_VALUES // n)
    parts = []
    for start in range(0, n, step):
        places = np.arange(start, min(start + step, n))
        counts = np.ones((places.size, n))
        counts[np.arange(places.size), places] = 0.0
        parts.append(statistic(counts))
    return np.concatenate(parts)
