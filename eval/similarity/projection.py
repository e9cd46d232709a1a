"""Two numbers a vector, for pictures: principal components, and UMAP."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["Components", "principal_components", "umap_points"]


@dataclass(frozen=True)
class Components:
    """Principal components of a set of vectors.

    Attributes:
        mean: of the vectors.
        axes: orthonormal rows, the one with the largest variance first; the coordinate of an axis
            that is largest in magnitude is positive, so that pictures are never mirrored.
        explained: each axis's share of the variance; NaN where there is none.
    """

    mean: Float[np.ndarray, " dimension"]
    axes: Float[np.ndarray, "n_axes dimension"]
    explained: Float[np.ndarray, " n_axes"]

    def points(self, vectors: Float[np.ndarray, "n dimension"]) -> Float[np.ndarray, "n n_axes"]:
        """Return coordinates along the axes, of these vectors or of others."""
        return (np.asarray(vectors, np.float64) - self.mean) @ self.axes.T


def principal_components(vectors: Float[np.ndarray, "n dimension"], n_axes: int = 2) -> Components:
    """Return the first principal components, in float64.

    Raises:
        ValueError: more axes than the vectors can have, or a value that is not finite.
    """
    rows = np.asarray(vectors, np.float64)
    if not np.isfinite(rows).all():
        raise ValueError("principal components need finite vectors: leave unreadable sounds out")
    if not 1 <= n_axes <= min(rows.shape):
        raise ValueError(f"{n_axes} axes cannot be had from vectors {rows.shape}")
    mean = rows.mean(axis=0)
    _, singular, axes = np.linalg.svd(rows - mean, full_matrices=False)
    axes = axes[:n_axes]
    largest = axes[np.arange(n_axes), np.abs(axes).argmax(axis=1)]
    axes = axes * np.where(largest < 0, -1.0, 1.0)[:, None]
    total = (singular**2).sum()
    share = singular[:n_axes] ** 2 / total if total > 0 else np.full(n_axes, np.nan)
    return Components(mean, axes, share)


def umap_points(
    vectors: Float[np.ndarray, "n dimension"],
    seed: int = 0,
    neighbours: int = 15,
    distance: str = "cosine",
) -> Float[np.ndarray, "n 2"]:
    """Return a UMAP of the vectors (McInnes et al., 2018); the same for the same seed.

    Args:
        vectors: finite; n > 3.
        seed: of the layout; with one, umap-learn works on one core.
        neighbours: how local the picture is; at most n - 1 are used.
        distance: a metric that umap-learn knows.

    Raises:
        ValueError: fewer than four vectors, or a value that is not finite.
    """
    rows = np.ascontiguousarray(vectors, np.float32)
    if len(rows) < 4 or not np.isfinite(rows).all():
        raise ValueError(f"a UMAP needs four finite vectors or more, got {rows.shape}")
    with warnings.catch_warnings():
        # Said at import: a neural network variant, which nothing here uses, needs more.
        warnings.filterwarnings("ignore", "Tensorflow not installed", ImportWarning)
        # Said for few vectors, where there are not as many eigenvectors as it asks for first.
        warnings.filterwarnings("ignore", "Spectral initialisation failed", UserWarning)
        import umap

        layout = umap.UMAP(
            n_neighbors=min(neighbours, len(rows) - 1),
            metric=distance,
            random_state=seed,
            n_jobs=1,
            init="random" if len(rows) < 10 else "spectral",
        )
        return np.asarray(layout.fit_transform(rows), np.float64)
