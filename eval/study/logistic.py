"""Logistic mixed models of yes and no: maximum likelihood by Laplace's approximation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from eval.study.curvature import gradient, hessian
from eval.study.linear import check_design, indicators

__all__ = ["LogisticFit", "fit_logistic"]

_LARGEST = 12.0  # of a coefficient: odds of 160,000 to one are those of an answer without exception
_TOLERANCE = 1e-11
_MOST_STEPS = 100


@dataclass(frozen=True)
class LogisticFit:
    """A fitted model, log odds = design @ coefficients + one intercept a label of each grouping.

    Attributes:
        coefficients, covariance: of the fixed effects; the latter from the curvature of the
            likelihood in all parameters.
        deviations: standard deviation of the intercepts of each grouping.
        deviance: -2 times the log likelihood, as Laplace approximates it.
        converged: whether the fit settled; not where answers are without exception in a cell.
    """

    coefficients: Float[np.ndarray, " n_fixed"]
    covariance: Float[np.ndarray, "n_fixed n_fixed"]
    deviations: Float[np.ndarray, " n_groups"]
    deviance: float
    converged: bool


def fit_logistic(y: ArrayLike, design: ArrayLike, groups: Sequence[ArrayLike]) -> LogisticFit:
    """Fit as lme4's glmer does with nAGQ = 1 (Bates et al., 2015).

    Args:
        y: (n,), 0 or 1.
        design: (n, n_fixed), of full rank.
        groups: one label an answer, (n,), for each grouping; at least one.

    Raises:
        ValueError: as `eval.study.linear.fit_linear`, or an answer is neither 0 nor 1, or all are
            the same.
    """
    from scipy.optimize import minimize

    answers, fixed = np.asarray(y, np.float64), np.asarray(design, np.float64)
    labels = [np.asarray(one) for one in groups]
    check_design(answers, fixed, labels)
    if set(np.unique(answers)) != {0.0, 1.0}:
        raise ValueError("answers must be 0 or 1, and both must occur")
    likelihood = _Laplace(answers, fixed, labels)
    n_groups = len(labels)
    start = np.concatenate([np.full(n_groups, 0.5), likelihood.without_groups()])
    bounds = [(0.0, 50.0)] * n_groups + [(-2 * _LARGEST, 2 * _LARGEST)] * fixed.shape[1]
    best = minimize(
        likelihood,
        start,
        method="L-BFGS-B",
        jac="3-point",
        bounds=bounds,
        options={"ftol": 1e-13, "gtol": 1e-5, "maxiter": 200},
    )
    point = best.x
    for _ in range(2):
        # Newton's last steps; a deviation at its bound stays there.
        free = np.append(point[:n_groups] > 1e-6, np.ones(fixed.shape[1], bool))
        curvature = hessian(likelihood, point)[np.ix_(free, free)]
        if np.linalg.eigvalsh(curvature).min() <= 0:
            break
        step = np.linalg.solve(curvature, gradient(likelihood, point)[free])
        moved = point.copy()
        moved[free] -= step
        if (moved[:n_groups] < 0).any() or likelihood(moved) > likelihood(point):
            break
        point = moved
    curvature = hessian(likelihood, point)
    fine = bool(np.linalg.eigvalsh(curvature).min() > 0)
    own = slice(n_groups, None)
    covariance = 2 * (
        np.linalg.inv(curvature)[own, own] if fine else np.linalg.pinv(curvature[own, own])
    )
    coefficients = point[own]
    return LogisticFit(
        coefficients,
        covariance,
        point[:n_groups],
        likelihood(point),
        fine and bool(np.abs(coefficients).max() < _LARGEST),
    )


class _Laplace:
    """-2 log likelihood of deviations and coefficients.

    The intercepts are integrated out by a normal distribution around the likeliest ones, found by
    Newton's method on the penalised likelihood: with u standard normal and Lambda the deviations,
    d(y | u) + u'u + log det(Lambda Z'WZ Lambda + I).
    """

    def __init__(self, y: np.ndarray, design: np.ndarray, groups: Sequence[np.ndarray]) -> None:
        self.y, self.design = y, design
        columns = [indicators(labels) for labels in groups]
        self.z = np.hstack(columns)
        self.owner = np.repeat(np.arange(len(columns)), [column.shape[1] for column in columns])
        self.n_groups = len(columns)
        self.likeliest = np.zeros(self.z.shape[1])  # of the call before, where the next one begins

    def __call__(self, point: np.ndarray) -> float:
        scaled = self.z * point[: self.n_groups][self.owner]
        fixed = self.design @ point[self.n_groups :]
        u = self.likeliest
        cost, eta = self._penalised(fixed, scaled, u)
        root = np.eye(len(u))
        for _ in range(_MOST_STEPS):
            mean = _chance(eta)
            weights = mean * (1 - mean)
            inner = scaled.T @ (weights[:, None] * scaled) + np.eye(len(u))
            root = np.linalg.cholesky(inner)
            step = np.linalg.solve(inner, scaled.T @ (self.y - mean) - u)
            share = 1.0
            while True:
                tried, tried_eta = self._penalised(fixed, scaled, u + share * step)
                if tried <= cost or share < 1e-6:
                    break
                share /= 2
            u, eta = u + share * step, tried_eta
            gained, cost = cost - tried, tried
            if gained < _TOLERANCE * (1 + abs(cost)) and np.abs(step).max() < 1e-8:
                break
        self.likeliest = u
        return float(cost + 2 * np.log(np.diag(root)).sum())

    def _penalised(
        self, fixed: np.ndarray, scaled: np.ndarray, u: np.ndarray
    ) -> tuple[float, np.ndarray]:
        eta = fixed + scaled @ u
        return float(2 * (np.logaddexp(0, eta) - self.y * eta).sum() + u @ u), eta

    def without_groups(self) -> np.ndarray:
        """Coefficients of the plain logistic regression, a few steps of Newton's far."""
        beta = np.zeros(self.design.shape[1])
        for _ in range(8):
            mean = _chance(self.design @ beta)
            weights = np.maximum(mean * (1 - mean), 1e-3)
            inner = self.design.T @ (weights[:, None] * self.design)
            beta = beta + np.linalg.solve(inner, self.design.T @ (self.y - mean))
        return np.clip(beta, -_LARGEST, _LARGEST)


def _chance(eta: np.ndarray) -> np.ndarray:
    """The probability that log odds are."""
    return 0.5 * (1 + np.tanh(eta / 2))
