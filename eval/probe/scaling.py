"""Features brought to mean 0 and deviation 1, as the training examples have them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from eval.probe.base import Examples

__all__ = ["Scaling"]

FLAT = 1e-6  # of a feature's mean magnitude: what varies less is rounding noise, not a feature


@dataclass(frozen=True, eq=False)
class Scaling:
    """Subtracts a mean and divides by a scale, in the type that it is given."""

    mean: Float64[np.ndarray, " dimension"]
    scale: Float64[np.ndarray, " dimension"]

    @classmethod
    def of(cls, examples: Examples, standardise: bool = True) -> Scaling:
        """Return the scaling of examples, computed in float64 in two passes over chunks.

        A feature that does not vary gets scale 1. With `standardise=False` nothing is changed.
        """
        d, n = examples.dimension, len(examples)
        if not standardise:
            return cls(np.zeros(d), np.ones(d))
        mean, magnitude, square = np.zeros(d), np.zeros(d), np.zeros(d)
        for _, vectors in examples.chunks():
            mean += vectors.sum(axis=0, dtype=np.float64) / n
            magnitude += np.abs(vectors).sum(axis=0, dtype=np.float64) / n
        for _, vectors in examples.chunks():
            square += ((vectors - mean) ** 2).sum(axis=0) / n
        deviation = np.sqrt(square)
        return cls(mean, np.where(deviation > FLAT * magnitude, deviation, 1.0))

    def __call__(self, vectors: Float[np.ndarray, "n dimension"]) -> np.ndarray:
        """Return the vectors scaled, in their own type."""
        kind = vectors.dtype
        return (vectors - self.mean.astype(kind)) / self.scale.astype(kind)
