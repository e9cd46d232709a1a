"""Intervals by known distributions: of a mean of few values, of a share, by a standard error."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from eval.statistics.estimate import LEVEL, Estimate

__all__ = ["normal_interval", "student_interval", "t_interval", "wilson"]


def normal_interval(value: float, error: float, level: float = LEVEL) -> Estimate:
    """Return a value and the normal distribution's interval for its standard error.

    >>> [round(x, 2) for x in normal_interval(1.0, 0.1)]
    [1.0, 0.8, 1.2]
    """
    return _around(value, error * float(stats.norm.ppf(0.5 + level / 2)))


def student_interval(value: float, error: float, freedom: int, level: float = LEVEL) -> Estimate:
    """Return a value and Student's interval for its standard error, of that many degrees."""
    return _around(value, error * float(stats.t.ppf(0.5 + level / 2, freedom)))


def t_interval(values: Sequence[float], level: float = LEVEL) -> Estimate:
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
        return Estimate(mean)
    error = float(given.std(ddof=1)) / math.sqrt(given.size)
    return student_interval(mean, error, given.size - 1, level)


def wilson(successes: int, n: int, level: float = LEVEL) -> Estimate:
    """Return a share and Wilson's interval for it (1927), which is right for few and for extremes.

    >>> [round(x, 3) for x in wilson(10, 10)]
    [1.0, 0.722, 1.0]

    Raises:
        ValueError: there was no trial, or more successes than trials.
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"{successes} successes in {n} trials are impossible")
    found = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    return Estimate(successes / n, float(found.low), float(found.high))


def _around(value: float, reach: float) -> Estimate:
    return Estimate(value, value - reach, value + reach)
