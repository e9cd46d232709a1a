"""Kernel audio distance: an unbiased maximum mean discrepancy with a Gaussian kernel.

`mean k(x, x') + mean k(y, y') - 2 mean k(x, y)`, no vector beside itself, with
`k(a, b) = exp(-||a - b||^2 / (2 s^2))` and s the median distance between vectors of the reference
(Gretton et al. 2012; Chung et al. 2025, arXiv 2502.15602, who print it times 100). It has no bias
at any size, so that of equal sets it is around 0 and half of the time below.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64, Int64
from scipy.spatial.distance import pdist

from eval.distances.estimate import Estimate, groups_of, jackknife
from eval.distances.sample import Sample

__all__ = ["SCALE", "bandwidth_of", "kad", "kad_with_interval"]

SCALE = 100.0
"""What published values are multiplied by."""

_MOST_FOR_MEDIAN = 2000


def bandwidth_of(reference: Sample, seed: int = 0) -> float:
    """The median distance between two vectors of a sample, of 2,000 drawn ones where it has more.

    Raises:
        ValueError: fewer than 2 vectors, or more than half of the pairs are equal.
    """
    rows = reference.rows()
    if len(rows) > _MOST_FOR_MEDIAN:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _MOST_FOR_MEDIAN, replace=False))
    if len(rows) < 2:
        raise ValueError("a bandwidth needs 2 vectors at least, got 1")
    median = float(np.median(pdist(np.asarray(reference.vectors[rows], np.float64))))
    if not median > 0:
        raise ValueError(
            f"the median distance between the reference's vectors is {median}: they do not differ, "
            "or are not finite"
        )
    return median


def kad(
    evaluated: Sample, reference: Sample, bandwidth: float | None = None, scale: float = SCALE
) -> float:
    """The distance, times `scale`.

    Args:
        evaluated, reference: the two samples, with 2 vectors each at least.
        bandwidth: s; None is `bandwidth_of(reference)`.
        scale: 1 for the plain discrepancy.

    Raises:
        ValueError: too few vectors, of different embedders, or all alike.
    """
    width = bandwidth_of(reference) if bandwidth is None else bandwidth
    these, those = [np.arange(len(evaluated))], [np.arange(len(reference))]
    return scale * _Sums.of(evaluated, reference, these, those, width).discrepancy()


def kad_with_interval(
    evaluated: Sample,
    reference: Sample,
    bandwidth: float | None = None,
    scale: float = SCALE,
    n_groups: int = 20,
    seed: int = 0,
) -> Estimate:
    """The distance with a jackknife interval over groups of sounds of both sets.

    The bandwidth is held: it says what is measured. Memory holds one block of the kernel.
    """
    width = bandwidth_of(reference) if bandwidth is None else bandwidth
    parts = [groups_of(len(s), min(n_groups, len(s)), seed) for s in (evaluated, reference)]
    sums = _Sums.of(evaluated, reference, parts[0], parts[1], width)
    left_out = [
        np.array([sums.without(side, group).discrepancy() for group in range(len(part))])
        for side, part in enumerate(parts)
    ]
    return jackknife(sums.discrepancy(), left_out).scaled(scale)


class _Sums:
    """Sums of the kernel between groups of sounds: all that any part of the sets needs."""

    def __init__(
        self,
        first: Float64[np.ndarray, "g g"],
        second: Float64[np.ndarray, "h h"],
        cross: Float64[np.ndarray, "g h"],
        counts: tuple[Int64[np.ndarray, " g"], Int64[np.ndarray, " h"]],
    ) -> None:
        self.first, self.second, self.cross, self.counts = first, second, cross, counts

    @classmethod
    def of(
        cls,
        evaluated: Sample,
        reference: Sample,
        these: Sequence[np.ndarray],
        those: Sequence[np.ndarray],
        bandwidth: float,
    ) -> _Sums:
        """The sums of two samples whose sounds are in those groups."""
        if evaluated.dimension != reference.dimension:
            raise ValueError(
                f"the sets' vectors have {evaluated.dimension} and {reference.dimension} "
                "dimensions: embed both with the same embedder"
            )
        counts = (
            np.array([len(evaluated.rows(group)) for group in these]),
            np.array([len(reference.rows(group)) for group in those]),
        )
        for sample, count in zip((evaluated, reference), counts, strict=True):
            # What is left when one group goes must still hold a pair.
            if count.sum() < 2 or (len(count) > 1 and count.sum() - count.max() < 2):
                raise ValueError(f"{len(sample)} sounds are too few: no two vectors are left")

        def between(a: Sample, b: Sample, ga: np.ndarray, gb: np.ndarray) -> float:
            return sum(_kernel_sum(x, y, bandwidth) for x in a.chunks(ga) for y in b.chunks(gb))

        def within(sample: Sample, groups: Sequence[np.ndarray]) -> np.ndarray:
            sums = np.zeros((len(groups), len(groups)))
            for i, a in enumerate(groups):
                for j, b in enumerate(groups[: i + 1]):
                    sums[i, j] = sums[j, i] = between(sample, sample, a, b)
                # No vector beside itself: its kernel is 1.
                sums[i, i] -= len(sample.rows(a))
            return sums

        cross = np.array([[between(evaluated, reference, a, b) for b in those] for a in these])
        return cls(within(evaluated, these), within(reference, those), cross, counts)

    def without(self, side: int, group: int) -> _Sums:
        """The sums of what is left without one group of one set."""
        kept = [np.arange(len(count)) for count in self.counts]
        kept[side] = np.delete(kept[side], group)
        g, h = kept
        return _Sums(
            self.first[np.ix_(g, g)],
            self.second[np.ix_(h, h)],
            self.cross[np.ix_(g, h)],
            (self.counts[0][g], self.counts[1][h]),
        )

    def discrepancy(self) -> float:
        """The unbiased estimate of the squared discrepancy."""
        n, m = (int(count.sum()) for count in self.counts)
        return float(
            self.first.sum() / (n * (n - 1))
            + self.second.sum() / (m * (m - 1))
            - 2 * self.cross.sum() / (n * m)
        )


def _kernel_sum(
    x: Float64[np.ndarray, "n dimension"], y: Float64[np.ndarray, "m dimension"], bandwidth: float
) -> float:
    """The sum of the kernel over all pairs of one row each."""
    squared = (x**2).sum(1)[:, None] + (y**2).sum(1)[None] - 2 * (x @ y.T)
    return float(np.exp(np.maximum(squared, 0.0) * (-0.5 / bandwidth**2)).sum())
