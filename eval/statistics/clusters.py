"""Means of things that come in groups: what is drawn again is the group, not the thing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from eval.statistics.bootstrap import bootstrap
from eval.statistics.estimate import Estimate

__all__ = ["clustered_mean"]


def clustered_mean(
    values: ArrayLike, clusters: Sequence[object], seed: int = 0, resamples: int = 1000
) -> Estimate:
    """Return the mean of values with its percentile interval over clusters.

    Sounds of one prompt succeed or fail together: ten of them are not ten pieces of news. Values
    that are NaN are left out.

    Args:
        values: (n,).
        clusters: what each belongs to.
        seed: of the resamples.
        resamples: how many.

    >>> [round(x, 3) for x in clustered_mean([0, 0, 1, 1], ["rain", "rain", "dog", "dog"])]
    [0.5, 0.0, 1.0]
    """
    numbers = np.asarray(values, np.float64)
    _, owner = np.unique(np.asarray([str(cluster) for cluster in clusters]), return_inverse=True)
    known = np.isfinite(numbers)
    n = int(owner.max(initial=-1)) + 1
    sums = np.bincount(owner[known], numbers[known], n)
    counts = np.bincount(owner[known], minlength=n).astype(float)
    sums, counts = sums[counts > 0], counts[counts > 0]
    if not counts.size:
        return Estimate(float("nan"))
    if counts.size == 1:
        return Estimate(float(sums[0] / counts[0]))
    return bootstrap(
        lambda drawn: (drawn @ sums) / np.maximum(drawn @ counts, 1e-300),
        counts.size,
        resamples,
        seed=seed,
    )
