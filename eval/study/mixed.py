"""Linear mixed models of ratings: what a factor does, when people and sounds differ too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from eval.statistics.estimate import Estimate
from eval.statistics.intervals import normal_interval
from eval.study.linear import fit_linear

__all__ = ["MixedModel", "mixed_model"]


@dataclass(frozen=True)
class MixedModel:
    """A fitted model, rating = intercept + slope * factor + person + sound + rest.

    Attributes:
        intercept, slope: with 95 % intervals by the normal approximation, which are too narrow for
            fewer than ten people or so.
        p: of the slope being 0 (Wald's test, two-sided).
        person, sound, rest: standard deviations; sound is NaN where it was left out.
        converged: whether the fit settled.
    """

    intercept: Estimate
    slope: Estimate
    p: float
    person: float
    sound: float
    rest: float
    converged: bool


def mixed_model(
    ratings: ArrayLike,
    factor: ArrayLike,
    people: ArrayLike,
    sounds: ArrayLike | None = None,
) -> MixedModel:
    """Fit ratings by a factor with random intercepts of people and, crossed with them, of sounds.

    By restricted maximum likelihood.

    A factor that is a property of sounds, as delta is of pairs, needs the sounds' intercepts:
    without them every rating of the same pair counts as news about the factor.

    Args:
        ratings, factor: numbers, one an answer.
        people, sounds: who and what, one label an answer.

    Raises:
        ValueError: lengths that differ, values that are not finite, fewer than two people, or a
            factor that does not vary.
    """
    from scipy.stats import norm

    y, x = np.asarray(ratings, np.float64), np.asarray(factor, np.float64)
    groups = [np.asarray(people)] + ([] if sounds is None else [np.asarray(sounds)])
    if any(labels.shape != y.shape for labels in [x, *groups]) or y.ndim != 1:
        raise ValueError("ratings, factor, people and sounds must be of one length")
    if not (np.isfinite(y).all() and np.isfinite(x).all()) or np.ptp(x) == 0:
        raise ValueError("ratings and factor must be finite, and the factor must vary")
    if len(np.unique(groups[0])) < 2:
        raise ValueError("answers of two people or more are needed")
    fit = fit_linear(y, np.stack([np.ones_like(x), x], axis=1), groups)
    errors = np.sqrt(np.diag(fit.covariance))
    intercept, slope = (
        normal_interval(float(value), float(error))
        for value, error in zip(fit.coefficients, errors, strict=True)
    )
    return MixedModel(
        intercept,
        slope,
        float(2 * norm.sf(abs(fit.coefficients[1] / errors[1]))),
        float(fit.deviations[0]),
        float(fit.deviations[1]) if sounds is not None else float("nan"),
        fit.rest,
        fit.converged,
    )
