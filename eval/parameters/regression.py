"""Two regressions from vectors to many targets at once, cheap enough to be repeated by the hundred.

Both split the work: what depends on the vectors is done once, what depends on the targets is a
product of matrices. A permutation baseline repeats only the latter.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

__all__ = ["ALPHAS", "Fitted", "nearest", "ridge"]

ALPHAS = tuple(10.0 ** (exponent / 2) for exponent in range(-4, 13))

Fitted = Callable[[Float[np.ndarray, "n_train n_targets"]], Float[np.ndarray, "n_test n_targets"]]
"""Takes the training targets, gives predictions for the test vectors."""


def ridge(
    train: Float[np.ndarray, "n_train dimension"],
    test: Float[np.ndarray, "n_test dimension"],
    alphas: tuple[float, ...] = ALPHAS,
) -> Fitted:
    """Return a ridge regression with an intercept on standardised vectors.

    Every target has its own penalty, the one with the least squared error when each training sound
    is left out in turn, by the closed form of that error.
    """
    mean, scale = train.mean(axis=0), train.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    left, singular, right = np.linalg.svd((train - mean) / scale, full_matrices=False)
    seen = ((test - mean) / scale) @ right.T
    kept = [singular**2 / (singular**2 + alpha) for alpha in alphas]
    # How much each training sound pulls its own prediction; the intercept's share is 1 / n.
    pulls = [(left**2) @ keep + 1.0 / len(train) for keep in kept]

    def predict(
        targets: Float[np.ndarray, "n_train n_targets"],
    ) -> Float[np.ndarray, "n_test n_targets"]:
        centre = targets.mean(axis=0)
        rest = targets - centre
        along = left.T @ rest
        best = np.full(targets.shape[1], np.inf)
        weights = np.zeros_like(along)
        for keep, pull in zip(kept, pulls, strict=True):
            residual = rest - left @ (keep[:, None] * along)
            error = ((residual / np.maximum(1.0 - pull, 1e-9)[:, None]) ** 2).sum(axis=0)
            # keep / singular = singular / (singular^2 + alpha), also where singular is 0.
            slope = np.divide(keep, singular, out=np.zeros_like(keep), where=singular > 0)
            better = error < best
            weights[:, better] = (slope[:, None] * along)[:, better]
            best = np.minimum(best, error)
        return centre + seen @ weights

    return predict


def nearest(
    train: Float[np.ndarray, "n_train dimension"],
    test: Float[np.ndarray, "n_test dimension"],
    neighbours: int = 10,
) -> Fitted:
    """Return the mean of the nearest neighbours' targets, by distance of standardised vectors."""
    from sklearn.neighbors import NearestNeighbors

    mean, scale = train.mean(axis=0), train.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    search = NearestNeighbors(n_neighbors=min(neighbours, len(train)))
    search.fit((train - mean) / scale)
    places = search.kneighbors((test - mean) / scale, return_distance=False)
    return lambda targets: targets[places].mean(axis=1)
