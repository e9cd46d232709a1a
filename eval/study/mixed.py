"""Linear mixed models of ratings: what a factor does, when people and sounds differ too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from eval.statistics.estimate import Estimate
from eval.statistics.intervals import normal_interval

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
    from scipy.optimize import minimize
    from scipy.stats import norm

    y, x = np.asarray(ratings, np.float64), np.asarray(factor, np.float64)
    groups = [np.asarray(people)] + ([] if sounds is None else [np.asarray(sounds)])
    if any(labels.shape != y.shape for labels in [x, *groups]) or y.ndim != 1:
        raise ValueError("ratings, factor, people and sounds must be of one length")
    if not (np.isfinite(y).all() and np.isfinite(x).all()) or np.ptp(x) == 0:
        raise ValueError("ratings and factor must be finite, and the factor must vary")
    if len(np.unique(groups[0])) < 2:
        raise ValueError("answers of two people or more are needed")
    sums = _Sums.of(y, x, groups)
    best = minimize(
        lambda ratios: sums.fit(ratios).deviance,
        np.full(len(groups), 0.5),
        method="L-BFGS-B",
        bounds=[(0.0, 1e3)] * len(groups),
    )
    fit = sums.fit(best.x)
    errors = np.sqrt(np.diag(fit.covariance))
    intercept, slope = (
        normal_interval(float(value), float(error))
        for value, error in zip(fit.coefficients, errors, strict=True)
    )
    rest = float(np.sqrt(fit.variance))
    return MixedModel(
        intercept,
        slope,
        float(2 * norm.sf(abs(fit.coefficients[1] / errors[1]))),
        float(best.x[0] * rest),
        float(best.x[1] * rest) if sounds is not None else float("nan"),
        rest,
        bool(best.success),
    )


@dataclass(frozen=True)
class _Fit:
    """Estimates at given ratios of deviations."""

    coefficients: Float[np.ndarray, " 2"]
    covariance: Float[np.ndarray, "2 2"]
    variance: float
    deviance: float


@dataclass(frozen=True)
class _Sums:
    """Everything that the likelihood needs of the answers: sums of products.

    Attributes:
        n: answers.
        fixed: of intercept and factor among each other and, last, with the ratings.
        crossed: of the labels' columns with those three.
        labels: of the labels' columns among each other.
        group: whose column each label's is.
    """

    n: int
    fixed: Float[np.ndarray, "3 3"]
    crossed: Float[np.ndarray, "n_labels 3"]
    labels: Float[np.ndarray, "n_labels n_labels"]
    group: Int[np.ndarray, " n_labels"]

    @classmethod
    def of(cls, y: np.ndarray, x: np.ndarray, groups: list[np.ndarray]) -> _Sums:
        """Add up."""
        table = np.stack([np.ones_like(x), x, y], axis=1)
        designs = [_indicators(labels) for labels in groups]
        z = np.hstack(designs)
        owner = np.repeat(np.arange(len(designs)), [design.shape[1] for design in designs])
        return cls(len(y), table.T @ table, z.T @ table, z.T @ z, owner)

    def fit(self, ratios: Float[np.ndarray, " n_groups"]) -> _Fit:
        """Coefficients and restricted likelihood, where `ratios` are deviations over the rest's.

        With V = I + Z R^2 Z', products with its inverse and its determinant come from the small
        matrix I + R Z'Z R (Woodbury); the rest's variance has a closed form (Bates et al., 2015).
        """
        scale = np.asarray(ratios)[self.group]
        inner = np.eye(len(scale)) + scale[:, None] * self.labels * scale[None, :]
        root = np.linalg.cholesky(inner)
        half = np.linalg.solve(root, scale[:, None] * self.crossed)
        products = self.fixed - half.T @ half
        xx, xy = products[:2, :2], products[:2, 2]
        coefficients = np.linalg.solve(xx, xy)
        left = self.n - 2
        variance = float(products[2, 2] - xy @ coefficients) / left
        deviance = (
            left * np.log(variance)
            + 2 * np.log(np.diag(root)).sum()
            + np.linalg.slogdet(xx).logabsdet
        )
        return _Fit(coefficients, variance * np.linalg.inv(xx), variance, float(deviance))


def _indicators(labels: np.ndarray) -> Float[np.ndarray, "n n_labels"]:
    """A column a label, 1 where an answer has it."""
    different, place = np.unique(labels, return_inverse=True)
    return np.eye(len(different))[place]
