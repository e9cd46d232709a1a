"""Fréchet distance between Gaussians fitted to sets of vectors, in float64.

`||m1 - m2||^2 + tr(A1 + A2 - 2 (A1 A2)^(1/2))` (Dowson and Landau 1982; Kilgour et al. 2019 for
audio), with covariances over n - 1. With factors A = F F^T the last trace is the sum of the
singular values of F1^T F2: no square root of a product, which is not symmetric and for fewer
vectors than dimensions singular, and so never complex. The factors come from the vectors by QR
(a chunk at a time), without ever forming a covariance, which would square what rounding costs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

__all__ = ["Gaussian", "frechet_distance"]


@dataclass(frozen=True)
class Gaussian:
    """A mean and a covariance, held as a factor of it.

    Attributes:
        mean: of the vectors.
        factor: F, with the covariance F F^T; no more columns than it has rows.
    """

    mean: Float64[np.ndarray, " dimension"]
    factor: Float64[np.ndarray, "dimension rank"]

    @classmethod
    def fit(cls, chunks: Iterable[Float[np.ndarray, "_ dimension"]]) -> Gaussian:
        """Fit to vectors that come some at a time; the memory is that of one chunk and factor.

        Raises:
            ValueError: fewer than 2 vectors, or some that are not finite.
        """
        n, mean, root = 0, np.zeros(0), np.zeros((0, 0))
        for chunk in chunks:
            part = np.asarray(chunk, np.float64)
            m = len(part)
            if m == 0:
                continue
            centre = part.mean(axis=0)
            if not np.isfinite(centre).all():
                raise ValueError("a Gaussian is fitted to finite vectors only")
            if n == 0:
                mean, root = np.zeros(part.shape[1]), np.zeros((0, part.shape[1]))
            # The scatter of both parts together, as the scatter of rows below one another.
            between = np.sqrt(n * m / (n + m)) * (centre - mean)
            rows = np.concatenate([root, part - centre, between[None]])
            tall = len(rows) > rows.shape[1]
            root = np.asarray(np.linalg.qr(rows, mode="r")) if tall else rows
            mean = mean + (centre - mean) * (m / (n + m))
            n += m
        if n < 2:
            raise ValueError(f"a covariance needs 2 vectors at least, got {n}")
        return cls(mean, np.ascontiguousarray(root.T) / np.sqrt(n - 1))

    @classmethod
    def of_moments(
        cls,
        mean: Float[np.ndarray, " dimension"],
        covariance: Float[np.ndarray, "dimension dimension"],
    ) -> Gaussian:
        """From a covariance, whose eigenvalues below rounding count as zero.

        Raises:
            ValueError: the covariance is not symmetric, or clearly has a negative eigenvalue.
        """
        covariance = np.asarray(covariance, np.float64)
        if not np.allclose(covariance, covariance.T, rtol=1e-6, atol=1e-12):
            raise ValueError("a covariance must be symmetric")
        values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
        largest = max(float(np.abs(values).max(initial=0.0)), np.finfo(np.float64).tiny)
        if values.min(initial=0.0) < -1e-6 * largest:
            raise ValueError(
                f"a covariance has no negative eigenvalue, this one has {values.min():.3g}"
            )
        kept = values > largest * len(values) * np.finfo(np.float64).eps
        return cls(np.asarray(mean, np.float64), vectors[:, kept] * np.sqrt(values[kept]))

    @property
    def covariance(self) -> Float64[np.ndarray, "dimension dimension"]:
        """F F^T."""
        return self.factor @ self.factor.T


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """The squared 2-Wasserstein distance of two Gaussians, 0 or more.

    >>> import numpy as np
    >>> near = Gaussian.of_moments(np.zeros(2), np.diag([1.0, 4.0]))
    >>> far = Gaussian.of_moments(np.array([3.0, 0.0]), np.diag([9.0, 1.0]))
    >>> round(frechet_distance(near, far), 12)  # 3^2 + (3 - 1)^2 + (1 - 2)^2
    14.0

    Raises:
        ValueError: the dimensions differ.
    """
    if len(first.mean) != len(second.mean):
        raise ValueError(
            f"the sets' vectors have {len(first.mean)} and {len(second.mean)} dimensions: "
            "embed both with the same embedder"
        )
    apart = float(np.sum((first.mean - second.mean) ** 2))
    overlap = float(np.linalg.svd(first.factor.T @ second.factor, compute_uv=False).sum())
    spread = float(np.sum(first.factor**2) + np.sum(second.factor**2)) - 2 * overlap
    # Mathematically never below 0; of equal Gaussians rounding leaves some 1e-15 of the variance.
    return apart + max(0.0, spread)
