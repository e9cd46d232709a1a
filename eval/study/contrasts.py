"""Differences between the levels of a factor in a fitted model, corrected for their number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from eval.statistics.estimate import LEVEL

__all__ = ["Contrast", "contrasts"]


@dataclass(frozen=True)
class Contrast:
    """One level less another, or, of odds, over another.

    Attributes:
        first, second: the levels.
        estimate, error: the difference and its standard error; of odds, of their ratio.
        freedom: degrees of Student's t; infinite where the statistic is normal.
        low, high: ends of the interval, corrected as p is.
        statistic: of the test that the levels do not differ.
        p: two-sided, times the number of contrasts, at most 1 (Bonferroni).
    """

    first: str
    second: str
    estimate: float
    error: float
    freedom: float
    low: float
    high: float
    statistic: float
    p: float


def contrasts(
    levels: Sequence[str],
    means: Float[np.ndarray, " n_levels"],
    covariance: Float[np.ndarray, "n_levels n_levels"],
    freedom: Callable[[np.ndarray], float] | None = None,
    odds: bool = False,
    level: float = LEVEL,
) -> tuple[Contrast, ...]:
    """Return every level less each one before it, with Bonferroni's correction of p and interval.

    Args:
        levels: their names.
        means, covariance: of the levels, as the model estimates them.
        freedom: of a combination of the means; None: normal.
        odds: means are log odds, and the contrasts become odds ratios, their error by the delta
            method.
        level: that all intervals hold together, at least.
    """
    from scipy.stats import norm, t

    n_levels = len(levels)
    pairs = [(i, j) for i in range(n_levels) for j in range(i)]
    pairs.sort(key=lambda pair: (pair[0], pair[1]))
    tail = (1 - level) / 2 / max(len(pairs), 1)
    found = []
    for i, j in pairs:
        row = np.zeros(n_levels)
        row[i], row[j] = 1.0, -1.0
        difference = float(row @ means)
        error = math.sqrt(max(float(row @ covariance @ row), 0.0))
        degrees = math.inf if freedom is None else freedom(row)
        statistic = difference / error if error > 0 else math.nan
        law = norm if math.isinf(degrees) else t(degrees)
        reach = error * float(law.isf(tail))
        p = min(1.0, len(pairs) * 2 * float(law.sf(abs(statistic))))
        estimate, low, high = difference, difference - reach, difference + reach
        if odds:
            estimate, low, high = (math.exp(value) for value in (estimate, low, high))
            error *= estimate
        found.append(
            Contrast(levels[i], levels[j], estimate, error, degrees, low, high, statistic, p)
        )
    return tuple(found)
