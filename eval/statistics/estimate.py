"""A number with its interval: what every measurement of sounds gives."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

__all__ = ["LEVEL", "Estimate", "percentiles", "tails_of"]

LEVEL = 0.95


class Estimate(NamedTuple):
    """A value and the ends of its interval, which holds the truth as often as its level says.

    Attributes:
        value: of the data as they are; NaN where there is nothing to estimate.
        low, high: ends of the interval; NaN where nothing can be said of it.
    """

    value: float
    low: float = math.nan
    high: float = math.nan

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"

    def metrics(self, name: str) -> dict[str, float]:
        """Return it as three metrics: `name`, `name_low`, `name_high`."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high}

    def around(self, value: float) -> Estimate:
        """Return the same interval around another value."""
        moved = value - self.value
        return Estimate(value, self.low + moved, self.high + moved)

    def scaled(self, factor: float) -> Estimate:
        """Return all three times a positive number."""
        return Estimate(factor * self.value, factor * self.low, factor * self.high)


def tails_of(level: float = LEVEL) -> Float[np.ndarray, " 2"]:
    """Return the quantiles between which that much lies.

    >>> [round(float(tail), 3) for tail in tails_of()]
    [0.025, 0.975]
    """
    return np.array([0.5 - level / 2, 0.5 + level / 2])


def percentiles(
    value: float,
    replicates: Float[np.ndarray, " n_replicates"],
    tails: Float[np.ndarray, " 2"] | None = None,
) -> Estimate:
    """Return a value with two quantiles of its replicates; replicates that are NaN are left out.

    Args:
        value: of the data as they are; of NaN there is no interval.
        replicates: what it might have been.
        tails: the quantiles; None is `tails_of()`.

    >>> percentiles(2.0, np.arange(101.0), tails_of(0.5))
    Estimate(value=2.0, low=25.0, high=75.0)
    """
    known = replicates[~np.isnan(replicates)]
    if known.size == 0 or math.isnan(value):
        return Estimate(float(value))
    low, high = np.quantile(known, tails_of() if tails is None else tails)
    return Estimate(float(value), float(low), float(high))
