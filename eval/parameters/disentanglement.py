"""How a code holds the factors that made a sound: DCI, MIG and SAP.

DCI: Eastwood and Williams, 2018. MIG: Chen et al., 2018. SAP: Kumar et al., 2018. A code is a
number of an embedding, a factor a parameter of the synthesizer.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

__all__ = ["Dci", "Importance", "dci", "importance", "mutual_information_gap", "separation"]

Regressor = Literal["lasso", "forest"]


@dataclass(frozen=True)
class Importance:
    """How much each code counts in predicting each factor, and how well that succeeds.

    Attributes:
        weights: 0 or more; rows are codes.
        r2: of each factor, on sounds that were held out.
    """

    weights: Float[np.ndarray, "n_codes n_factors"]
    r2: Float[np.ndarray, " n_factors"]


@dataclass(frozen=True)
class Dci:
    """Disentanglement and completeness, from 0 to 1.

    Attributes:
        disentanglement: whether a code counts for one factor alone; the mean over codes, each
            weighing what it counts. NaN where none counts.
        completeness: whether a factor is held by one code alone; the mean over the factors that a
            code counts for. NaN where there is none.
        unheld: factors that no code counts for; they are not in the completeness.
    """

    disentanglement: float
    completeness: float
    unheld: int


def importance(
    codes: Float[np.ndarray, "n_sounds n_codes"],
    factors: Float[np.ndarray, "n_sounds n_factors"],
    regressor: Regressor = "lasso",
    held_out: float = 0.25,
    seed: int = 0,
) -> Importance:
    """Fit a sparse regression a factor and read off what it uses.

    Args:
        codes, factors: are standardised here, by the sounds that are fitted on.
        regressor: lasso with its penalty chosen by three-fold cross-validation (weights are the
            sizes of its coefficients), or a random forest of 30 trees (weights are its
            importances, which see curved relations too).
        held_out: the share of the sounds that R2 is measured on.
        seed: of the division and of the forest.

    Raises:
        ValueError: fewer than 12 sounds.
    """
    n_sounds = len(codes)
    if n_sounds < 12:
        raise ValueError(f"{n_sounds} sounds are too few to fit and to test on: give 12 or more")
    order = np.random.default_rng(seed).permutation(n_sounds)
    n_test = max(3, round(held_out * n_sounds))
    test, train = order[:n_test], order[n_test:]
    x = _standardised(codes, train)
    y = _standardised(factors, train)
    weights = np.zeros((codes.shape[1], factors.shape[1]))
    r2 = np.full(factors.shape[1], np.nan)
    for place in range(factors.shape[1]):
        target = y[:, place]
        if not target[train].any() or np.ptp(target[test]) == 0:
            continue
        weights[:, place], guess = _fitted(regressor, x[train], target[train], x[test], seed)
        error = ((target[test] - guess) ** 2).sum()
        r2[place] = 1.0 - error / ((target[test] - target[test].mean()) ** 2).sum()
    return Importance(weights, r2)


def dci(weights: Float[np.ndarray, "n_codes n_factors"]) -> Dci:
    """Return disentanglement and completeness of importances, by the entropies of rows and columns.

    >>> dci(np.eye(3))
    Dci(disentanglement=1.0, completeness=1.0, unheld=0)

    Raises:
        ValueError: fewer than two codes or factors, or a negative or not finite importance.
    """
    if min(weights.shape) < 2 or not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError(
            f"importances {weights.shape} must be of 2 codes and 2 factors or more, none negative"
        )
    by_code, by_factor = weights.sum(axis=1), weights.sum(axis=0)
    used, held = by_code > 0, by_factor > 0
    if not used.any():
        return Dci(np.nan, np.nan, int((~held).sum()))
    apart = 1.0 - _entropy(weights[used] / by_code[used, None]) / np.log(weights.shape[1])
    whole = 1.0 - _entropy((weights[:, held] / by_factor[held]).T) / np.log(weights.shape[0])
    return Dci(
        float(np.average(apart, weights=by_code[used])), float(whole.mean()), int((~held).sum())
    )


def mutual_information_gap(
    codes: Float[np.ndarray, "n_sounds n_codes"],
    factors: Float[np.ndarray, "n_sounds n_factors"],
    bins: int = 20,
) -> Float[np.ndarray, " n_factors"]:
    """Return, for each factor, what its best code knows more than the second best, of its entropy.

    Both are cut into bins that hold equally many sounds, so that no bending of a code matters.
    NaN for a factor that does not vary.

    Raises:
        ValueError: fewer than two codes, or fewer sounds than bins.
    """
    if codes.shape[1] < 2 or len(codes) < bins:
        raise ValueError(f"a gap needs 2 codes and {bins} sounds, got {codes.shape}")
    gaps = np.full(factors.shape[1], np.nan)
    cells = [_binned(codes[:, place], bins) for place in range(codes.shape[1])]
    for place in range(factors.shape[1]):
        own = _binned(factors[:, place], bins)
        entropy = _entropy(np.bincount(own, minlength=bins)[None] / len(own))[0]
        if entropy > 0:
            known = np.sort([_information(cell, own, bins) for cell in cells])
            gaps[place] = (known[-1] - known[-2]) / entropy
    return gaps


def separation(
    codes: Float[np.ndarray, "n_sounds n_codes"],
    factors: Float[np.ndarray, "n_sounds n_factors"],
) -> Float[np.ndarray, " n_factors"]:
    """Return SAP: each factor's R2 from its best code alone, less that from the second best.

    NaN for a factor that does not vary.

    Raises:
        ValueError: fewer than two codes.
    """
    if codes.shape[1] < 2:
        raise ValueError(f"a gap needs 2 codes, got {codes.shape}")
    every = np.arange(len(codes))
    x, y = _standardised(codes, every), _standardised(factors, every)
    r2 = np.sort((x.T @ y / len(x)) ** 2, axis=0)
    return np.where(y.any(axis=0), r2[-1] - r2[-2], np.nan)


def _fitted(
    regressor: Regressor, x: np.ndarray, y: np.ndarray, test: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The weight of each code, and the predictions for the test codes."""
    if regressor == "forest":
        from sklearn.ensemble import RandomForestRegressor

        forest = RandomForestRegressor(30, min_samples_leaf=3, random_state=seed).fit(x, y)
        return forest.feature_importances_, forest.predict(test)
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LassoCV

    lasso = LassoCV(alphas=10, eps=1e-2, cv=3, tol=1e-3, max_iter=300)
    with warnings.catch_warnings():
        # Its last, smallest penalties may not settle; cross-validation judges what they give.
        warnings.simplefilter("ignore", ConvergenceWarning)
        lasso.fit(x, y)
    return np.abs(lasso.coef_), lasso.predict(test)


def _standardised(
    values: Float[np.ndarray, "n k"], rows: Int[np.ndarray, " n_rows"]
) -> Float[np.ndarray, "n k"]:
    """Columns at mean 0 and deviation 1 over the rows; zeros where a column does not vary."""
    table = np.asarray(values, np.float64)
    mean, scale = table[rows].mean(axis=0), table[rows].std(axis=0)
    moving = scale > 1e-12 * np.maximum(1.0, np.abs(mean))
    return np.where(moving, (table - mean) / np.where(moving, scale, 1.0), 0.0)


def _entropy(shares: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " n"]:
    """Entropy of every row, in nats."""
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return -(shares * logs).sum(axis=1)


def _binned(values: Float[np.ndarray, " n"], bins: int) -> Int[np.ndarray, " n"]:
    """The number of the bin of each value; equal values share one."""
    edges = np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1])
    return np.searchsorted(edges, values, side="right").astype(np.int64)


def _information(first: Int[np.ndarray, " n"], second: Int[np.ndarray, " n"], bins: int) -> float:
    """Mutual information of two binned values, in nats."""
    joint = np.bincount(first * bins + second, minlength=bins * bins) / len(first)
    table = joint.reshape(bins, bins)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    parts = _entropy(rows[None])[0] + _entropy(columns[None])[0] - _entropy(joint[None])[0]
    return float(parts)
