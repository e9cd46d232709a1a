"""Does a quantity fall, step by step, as a factor grows?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from eval.statistics.estimate import Estimate
from eval.statistics.rank import spearman_interval
from eval.statistics.resampling import resample_counts

__all__ = ["Fall", "fall"]


@dataclass(frozen=True)
class Fall:
    """What is known about a fall.

    Attributes:
        steadily: the means fall at every step.
        share: of bootstrap resamples, those in which they do.
        p: of Page's test: how often means would lie at least so well in falling order if the
            factor did nothing (one-sided).
        spearman: rank correlation of factor and value over all sounds; -1 is a perfect fall. Its
            interval resamples values one by one.
    """

    steadily: bool
    share: float
    p: float
    spearman: Estimate


def fall(
    values: Float[np.ndarray, "n_sounds n_steps"],
    factors: Float[np.ndarray, " n_steps"],
    seed: int = 0,
) -> Fall:
    """Test whether values fall with a factor (Page, 1963).

    Args:
        values: row i holds sound i at every factor. Where the columns are different sounds, the
            test is as right, only weaker.
        factors: rising.
        seed: of the bootstrap.

    Raises:
        ValueError: fewer than two sounds or three steps, factors that do not rise, or values that
            are not finite.
    """
    from scipy.stats import page_trend_test

    n_sounds, n_steps = values.shape
    if n_sounds < 2 or n_steps < 3 or factors.shape != (n_steps,):
        raise ValueError(
            "a trend needs at least 2 sounds at 3 factors, got values "
            f"{values.shape} and {factors.shape} factors"
        )
    if not (np.diff(factors) > 0).all() or not np.isfinite(values).all():
        raise ValueError("factors must rise, and values be finite")
    means = values.mean(axis=0)
    falls = [
        (np.diff(counts @ values, axis=1) < 0).all(axis=1)
        for counts in resample_counts(n_sounds, seed)
    ]
    # The largest value is expected at the first factor: ranks rise from the last column on.
    page = page_trend_test(values[:, ::-1], method="asymptotic")
    return Fall(
        bool((np.diff(means) < 0).all()),
        float(np.concatenate(falls).mean()),
        float(page.pvalue),
        spearman_interval(np.tile(factors, n_sounds), values.reshape(-1), seed, resamples=500),
    )
