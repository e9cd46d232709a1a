"""Kernel audio distance: an unbiased maximum mean discrepancy with a Gaussian kernel.

`mean k(x, x') + mean k(y, y') - 2 mean k(x, y)` over pairs of vectors of different sounds, with
`k(a, b) = exp(-||a - b||^2 / (2 s^2))` and s the median distance between vectors of the reference
(Gretton et al. 2012; Chung et al. 2025, arXiv 2502.15602, who print it times 100). It has no bias
at any size, so that of equal sets it is around 0 and half of the time below. Pieces of one sound
are more alike than sounds are: pairs of them are left out, or they would be the bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from scipy.spatial.distance import pdist

from eval.distances.resampling import groups_of
from eval.distances.sample import Sample
from eval.statistics.estimate import Estimate
from eval.statistics.jackknife import jackknife

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
        evaluated, reference: the two samples, with 2 sounds each at least.
        bandwidth: s; None is `bandwidth_of(reference)`.
        scale: 1 for the plain discrepancy.

    Raises:
        ValueError: too few sounds, vectors of different embedders, or all alike.
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


@dataclass(frozen=True)
class _Side:
    """What groups of sounds of one set are among themselves.

    Attributes:
        sums: of the kernel between two groups, over all pairs of vectors.
        own: of the kernel within the sounds of a group.
        counts: vectors of a group.
        squares: pairs of vectors within the sounds of a group, each with itself included.
        sounds: of a group.
    """

    sums: Float64[np.ndarray, "g g"]
    own: Float64[np.ndarray, " g"]
    counts: Int64[np.ndarray, " g"]
    squares: Int64[np.ndarray, " g"]
    sounds: Int64[np.ndarray, " g"]

    @classmethod
    def of(cls, sample: Sample, groups: Sequence[np.ndarray], bandwidth: float) -> _Side:
        sums = np.zeros((len(groups), len(groups)))
        for i, a in enumerate(groups):
            for j, b in enumerate(groups[: i + 1]):
                sums[i, j] = sums[j, i] = _between(sample, a, sample, b, bandwidth)
        lengths = np.diff(sample.starts)
        return cls(
            sums,
            np.array([_within_sounds(sample, group, bandwidth) for group in groups]),
            np.array([lengths[group].sum() for group in groups]),
            np.array([(lengths[group] ** 2).sum() for group in groups]),
            np.array([len(group) for group in groups]),
        )

    def kept(self, groups: np.ndarray) -> _Side:
        """Those groups alone."""
        return _Side(
            self.sums[np.ix_(groups, groups)],
            self.own[groups],
            self.counts[groups],
            self.squares[groups],
            self.sounds[groups],
        )

    def mean(self) -> float:
        """The kernel's mean over pairs of vectors of different sounds.

        Raises:
            ValueError: there is one sound only.
        """
        if self.sounds.sum() < 2:
            raise ValueError(
                "a kernel distance needs 2 sounds in each set (or part of it) at least"
            )
        pairs = int(self.counts.sum()) ** 2 - int(self.squares.sum())
        return float((self.sums.sum() - self.own.sum()) / pairs)


@dataclass(frozen=True)
class _Sums:
    """Sums of the kernel between groups of sounds: all that any part of the sets needs."""

    sides: tuple[_Side, _Side]
    cross: Float64[np.ndarray, "g h"]

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
        cross = [[_between(evaluated, a, reference, b, bandwidth) for b in those] for a in these]
        sides = _Side.of(evaluated, these, bandwidth), _Side.of(reference, those, bandwidth)
        return cls(sides, np.array(cross))

    def without(self, side: int, group: int) -> _Sums:
        """The sums of what is left without one group of one set."""
        kept = [np.arange(len(part.counts)) for part in self.sides]
        kept[side] = np.delete(kept[side], group)
        first, second = (part.kept(groups) for part, groups in zip(self.sides, kept, strict=True))
        return _Sums((first, second), self.cross[np.ix_(*kept)])

    def discrepancy(self) -> float:
        """The unbiased estimate of the squared discrepancy."""
        first, second = self.sides
        pairs = int(first.counts.sum()) * int(second.counts.sum())
        return first.mean() + second.mean() - 2 * float(self.cross.sum()) / pairs


def _between(a: Sample, these: np.ndarray, b: Sample, those: np.ndarray, bandwidth: float) -> float:
    """The sum of the kernel over all pairs of a vector each of some sounds of two samples."""
    return sum(_kernel_sum(x, y, bandwidth) for x in a.chunks(these) for y in b.chunks(those))


def _within_sounds(sample: Sample, sounds: np.ndarray, bandwidth: float) -> float:
    """The sum of the kernel over all pairs of vectors of one sound, each with itself included."""
    if len(sample) == len(sample.vectors):
        return float(len(sounds))
    return sum(_between(sample, np.array([i]), sample, np.array([i]), bandwidth) for i in sounds)


def _kernel_sum(
    x: Float64[np.ndarray, "n dimension"], y: Float64[np.ndarray, "m dimension"], bandwidth: float
) -> float:
    """The sum of the kernel over all pairs of one row each."""
    squared = (x**2).sum(1)[:, None] + (y**2).sum(1)[None] - 2 * (x @ y.T)
    return float(np.exp(np.maximum(squared, 0.0) * (-0.5 / bandwidth**2)).sum())
