"""Linear mixed models: any design, random intercepts of any number of groupings, crossed or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import ArrayLike

from eval.study.curvature import gradient, hessian

__all__ = ["LinearFit", "fit_linear", "indicators"]

_STEP = 1e-3  # of differences


@dataclass(frozen=True)
class LinearFit:
    """A fitted model, y = design @ coefficients + one intercept a label of each grouping + rest.

    Attributes:
        coefficients, covariance: of the fixed effects.
        deviations: standard deviation of the intercepts of each grouping.
        rest: standard deviation of what is left.
        converged: whether the fit settled.
        freedom: Satterthwaite's degrees of freedom (1946) of a combination of coefficients.
    """

    coefficients: Float[np.ndarray, " n_fixed"]
    covariance: Float[np.ndarray, "n_fixed n_fixed"]
    deviations: Float[np.ndarray, " n_groups"]
    rest: float
    converged: bool
    freedom: Callable[[np.ndarray], float]


def fit_linear(y: ArrayLike, design: ArrayLike, groups: Sequence[ArrayLike]) -> LinearFit:
    """Fit by restricted maximum likelihood.

    Args:
        y: (n,).
        design: (n, n_fixed), of full rank.
        groups: one label an answer, (n,), for each grouping; at least one.

    Raises:
        ValueError: lengths that differ, values that are not finite, or a design that does not tell
            its columns apart.
    """
    from scipy.optimize import minimize

    answers, fixed = np.asarray(y, np.float64), np.asarray(design, np.float64)
    labels = [np.asarray(one) for one in groups]
    check_design(answers, fixed, labels)
    sums = _Sums.of(answers, fixed, labels)

    def cost(ratios: np.ndarray) -> float:
        return sums.profile(ratios).deviance

    bounds = [(0.0, 1e3)] * len(labels)
    rough = minimize(cost, np.full(len(labels), 0.5), method="L-BFGS-B", bounds=bounds)
    best = minimize(
        cost,
        rough.x,
        method="Nelder-Mead",
        bounds=bounds,
        options={"xatol": 1e-8, "fatol": 1e-10, "maxiter": 2000, "maxfev": 4000},
    )
    found = sums.profile(best.x)
    rest = float(np.sqrt(found.variance))
    return LinearFit(
        found.coefficients,
        found.variance * found.unscaled,
        best.x * rest,
        rest,
        bool(best.success),
        lambda row: _freedom(sums, np.append(best.x, rest), np.asarray(row, np.float64)),
    )


def check_design(y: np.ndarray, design: np.ndarray, groups: Sequence[np.ndarray]) -> None:
    """Refuse what no mixed model can be fitted to.

    Raises:
        ValueError: as `fit_linear`.
    """
    if y.ndim != 1 or design.ndim != 2 or any(one.shape != y.shape for one in groups):
        raise ValueError("answers, design and groupings must be of one length")
    if len(design) != len(y) or not groups:
        raise ValueError("answers, design and at least one grouping must be of one length")
    if not (np.isfinite(y).all() and np.isfinite(design).all()):
        raise ValueError("answers and design must be finite")
    if np.linalg.matrix_rank(design) < design.shape[1] or len(y) <= design.shape[1]:
        raise ValueError(
            f"{len(y)} answers do not tell the {design.shape[1]} columns of the design apart"
        )


def indicators(labels: np.ndarray) -> Float[np.ndarray, "n n_labels"]:
    """A column a label, 1 where an answer has it; labels sorted."""
    different, place = np.unique(labels, return_inverse=True)
    return np.eye(len(different))[place]


@dataclass(frozen=True)
class _Profile:
    """Estimates at given ratios of deviations.

    `unscaled` is the covariance over the variance, `squares` what is left of the squares.
    """

    coefficients: np.ndarray
    unscaled: np.ndarray
    variance: float
    squares: float
    logarithms: float
    deviance: float


@dataclass(frozen=True)
class _Sums:
    """Everything that the likelihood needs of the answers: sums of products.

    Attributes:
        n: answers.
        fixed: of the design's columns among each other and, last, with the answers.
        crossed: of the labels' columns with those.
        labels: of the labels' columns among each other.
        group: whose column each label's is.
    """

    n: int
    fixed: Float[np.ndarray, "n_fixed_and_1 n_fixed_and_1"]
    crossed: Float[np.ndarray, "n_labels n_fixed_and_1"]
    labels: Float[np.ndarray, "n_labels n_labels"]
    group: Int[np.ndarray, " n_labels"]

    @classmethod
    def of(cls, y: np.ndarray, design: np.ndarray, groups: Sequence[np.ndarray]) -> _Sums:
        """Add up."""
        table = np.column_stack([design, y])
        columns = [indicators(labels) for labels in groups]
        z = np.hstack(columns)
        owner = np.repeat(np.arange(len(columns)), [column.shape[1] for column in columns])
        return cls(len(y), table.T @ table, z.T @ table, z.T @ z, owner)

    def profile(self, ratios: np.ndarray) -> _Profile:
        """Coefficients and restricted likelihood, where `ratios` are deviations over the rest's.

        With V = I + Z R^2 Z', products with its inverse and its determinant come from the small
        matrix I + R Z'Z R (Woodbury); the rest's variance has a closed form (Bates et al., 2015).
        """
        scale = np.asarray(ratios)[self.group]
        inner = np.eye(len(scale)) + scale[:, None] * self.labels * scale[None, :]
        root = np.linalg.cholesky(inner)
        half = np.linalg.solve(root, scale[:, None] * self.crossed)
        products = self.fixed - half.T @ half
        xx, xy = products[:-1, :-1], products[:-1, -1]
        coefficients = np.linalg.solve(xx, xy)
        left = self.n - len(xy)
        squares = float(products[-1, -1] - xy @ coefficients)
        logarithms = float(2 * np.log(np.diag(root)).sum() + np.linalg.slogdet(xx).logabsdet)
        variance = squares / left
        deviance = left * np.log(variance) + logarithms
        return _Profile(
            coefficients, np.linalg.inv(xx), variance, squares, logarithms, float(deviance)
        )


def _freedom(sums: _Sums, variances: np.ndarray, row: np.ndarray) -> float:
    """Twice the squared variance of a combination over the variance of that variance.

    As lmerTest (Kuznetsova et al., 2017): in ratios and the rest's deviation, whose covariance is
    twice the inverse of the deviance's Hessian, directions without curvature left out.
    """

    def deviance(point: np.ndarray) -> float:
        at = sums.profile(point[:-1])
        left = sums.n - len(at.coefficients)
        return float(2 * left * np.log(abs(point[-1])) + at.squares / point[-1] ** 2) + (
            at.logarithms
        )

    def variance(point: np.ndarray) -> float:
        return float(point[-1] ** 2 * row @ sums.profile(point[:-1]).unscaled @ row)

    values, vectors = np.linalg.eigh(hessian(deviance, variances, _STEP))
    kept = values > 1e-8 * values.max()
    slope = vectors[:, kept].T @ gradient(variance, variances, _STEP)
    spread = float(2 * (slope**2 / values[kept]).sum())
    return 2 * variance(variances) ** 2 / spread if spread > 0 else float("inf")
