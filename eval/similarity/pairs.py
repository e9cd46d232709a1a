"""Cosine similarity of the two sounds of a pair, against that of unrelated sounds.

Figure 2A of Audio Doppelgängers (12A of the thesis): the mean similarity of pairs, by synthesizer
and perturbation factor delta.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from eval.statistics.bootstrap import bootstrap, mean_interval
from eval.statistics.estimate import Estimate

__all__ = ["PairSimilarity", "cosines", "pair_similarity", "unrelated_similarity"]


@dataclass(frozen=True)
class PairSimilarity:
    """How alike the sounds of pairs are.

    Attributes:
        pairs: the mean over pairs.
        unrelated: the mean over sounds of different pairs, which an embedding that puts everything
            into a narrow cone makes high too.
        values: of each pair; NaN where one of its sounds has no vector, or a vector of zeros.
    """

    pairs: Estimate
    unrelated: Estimate
    values: Float[np.ndarray, " n_pairs"]

    @property
    def left_out(self) -> int:
        """Pairs without a similarity."""
        return int(np.isnan(self.values).sum())

    @property
    def above_unrelated(self) -> float:
        """Where pairs stand between unrelated sounds (0) and identical ones (1)."""
        return (self.pairs.value - self.unrelated.value) / (1.0 - self.unrelated.value)


def cosines(
    first: Float[np.ndarray, "n_pairs dimension"], second: Float[np.ndarray, "n_second dimension"]
) -> Float[np.ndarray, " n_pairs"]:
    """Return the cosine of each pair of vectors in float64; NaN where one is zero or not finite.

    >>> cosines(np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([[4.0, 3.0], [0.0, 0.0]]))
    array([0.96,  nan])

    Raises:
        ValueError: the shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(f"pairs need equally many vectors, got {first.shape} and {second.shape}")
    return (_unit(first) * _unit(second)).sum(axis=1)


def pair_similarity(
    first: Float[np.ndarray, "n_pairs dimension"],
    second: Float[np.ndarray, "n_second dimension"],
    seed: int = 0,
) -> PairSimilarity:
    """Return the mean similarity of pairs and of unrelated sounds, each with its 95 % interval.

    Args:
        first: vectors of one sound of every pair.
        second: of the other.
        seed: of the bootstrap.

    Raises:
        ValueError: the shapes differ, or fewer than two pairs have vectors.
    """
    values = cosines(first, second)
    known = ~np.isnan(values)
    if known.sum() < 2:
        raise ValueError(
            f"{int(known.sum())} of {len(values)} pairs have two vectors; at least 2 are needed"
        )
    return PairSimilarity(
        mean_interval(values[known], seed),
        unrelated_similarity(first[known], second[known], seed),
        values,
    )


def unrelated_similarity(
    first: Float[np.ndarray, "n_pairs dimension"],
    second: Float[np.ndarray, "n_second dimension"],
    seed: int = 0,
) -> Estimate:
    """Return the mean cosine of a first and a second sound over all different pairs, in O(n).

    The interval resamples pairs, not combinations of them: those share sounds and are not
    independent. A pair drawn twice is not compared with itself.

    Raises:
        ValueError: the shapes differ, or there are fewer than two pairs.
    """
    if first.shape != second.shape or len(first) < 2:
        raise ValueError(f"two pairs or more are needed, got {first.shape} and {second.shape}")
    a, b = _unit(first), _unit(second)
    own = (a * b).sum(axis=1)

    def mean(counts: Float[np.ndarray, "n_block n_pairs"]) -> Float[np.ndarray, " n_block"]:
        squares = counts**2
        total = ((counts @ a) * (counts @ b)).sum(axis=1) - squares @ own
        weight = counts.sum(axis=1) ** 2 - squares.sum(axis=1)
        # A resample that drew one pair alone has nothing to compare.
        return np.divide(total, weight, out=np.full(len(total), np.nan), where=weight > 0)

    return bootstrap(mean, len(a), resamples=500, seed=seed)


def _unit(vectors: Float[np.ndarray, "n dimension"]) -> Float[np.ndarray, "n dimension"]:
    """Vectors at length one in float64; rows of NaN where that is not possible."""
    rows = np.asarray(vectors, np.float64)
    finite = np.isfinite(rows).all(axis=1, keepdims=True)
    length = np.linalg.norm(np.where(finite, rows, 0.0), axis=1, keepdims=True)
    return np.divide(rows, length, out=np.full(rows.shape, np.nan), where=finite & (length > 0))
