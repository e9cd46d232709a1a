"""FAD-infinity: the Fréchet distance extrapolated to infinitely many evaluated sounds.

A distance from n sounds is too large by about c / n (Chong and Forsyth 2020 for images, Gui et al.
2024 for audio). It is computed from subsets of several sizes, a line is fitted over 1 / n, and its
value at 0 is taken. Subsets are drawn without replacement: drawn with replacement, as in fadtk,
they come from the finite set itself, and the line leads to the distance of that set, bias and all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from eval.distances.fad import DIRECTIONS, gaussian_of, reduced
from eval.distances.frechet import frechet_distance
from eval.distances.resampling import groups_of
from eval.distances.sample import Sample
from eval.statistics.estimate import Estimate
from eval.statistics.jackknife import jackknife

__all__ = ["Extrapolation", "fad_infinity"]


@dataclass(frozen=True)
class Extrapolation:
    """A line through distances over 1 / n.

    Attributes:
        estimate: the distance at infinitely many sounds, with a jackknife interval.
        slope: how much a distance from n vectors is too large, times n.
        r2: the share of the distances' variance that the line explains.
        n: the subsets' numbers of vectors, one an entry of `distances`.
        distances: of the subsets.
    """

    estimate: Estimate
    slope: float
    r2: float
    n: Int64[np.ndarray, " n_points"]
    distances: Float64[np.ndarray, " n_points"]


def fad_infinity(
    evaluated: Sample,
    reference: Sample,
    both: bool = False,
    sizes: int = 8,
    draws: int = 3,
    smallest: float = 1 / 3,
    n_groups: int = 10,
    seed: int = 0,
    directions: int = DIRECTIONS,
    progress: Callable[[], None] | None = None,
) -> Extrapolation:
    """Extrapolate the distance.

    Args:
        evaluated, reference: the two samples.
        both: shrink the reference as well, by the same shares, so that its bias goes too; false
            leaves it whole, as is customary.
        sizes: of subsets, evenly spaced up to the whole, 2 at least.
        draws: subsets of each size: the beginnings of as many random orders.
        smallest: the smallest subset's share of the sounds.
        n_groups: groups of sounds of each set that are left out in turn for the interval.
        seed: of the orders and groups.
        directions: principal ones in which the interval's width is computed, as in
            `fad_with_interval`.
        progress: called 1 + 2 n_groups times.

    Raises:
        ValueError: fewer than 2 sizes or no draw, a share outside of (0, 1), or too few sounds.
    """
    if sizes < 2 or draws < 1 or not 0 < smallest < 1:
        raise ValueError(
            "an extrapolation needs 2 sizes, 1 draw and a smallest share between 0 and 1, "
            f"got {sizes}, {draws} and {smallest}"
        )
    report = progress or (lambda: None)
    samples = (evaluated, reference)
    every = tuple(np.arange(len(sample)) for sample in samples)
    shares = np.linspace(smallest, 1.0, sizes)
    line = _Line(samples, shares, draws, both, seed)
    n, distances = line.points(*every)
    value, slope, r2 = _fit(n, distances)
    report()
    line = _Line(reduced(evaluated, reference, directions), shares, draws, both, seed)
    centre = value if evaluated.dimension <= directions else _fit(*line.points(*every))[0]
    left_out = []
    for side, sample in enumerate(samples):
        values = []
        for group in groups_of(len(sample), min(n_groups, len(sample)), seed):
            rest = list(every)
            rest[side] = np.setdiff1d(every[side], group)
            values.append(_fit(*line.points(*rest))[0])
            report()
        left_out.append(np.array(values))
    estimate = jackknife(centre, left_out).around(value)
    return Extrapolation(estimate, slope, r2, n, distances)


@dataclass(frozen=True)
class _Line:
    """Which subsets are compared."""

    samples: tuple[Sample, Sample]
    shares: Float64[np.ndarray, " sizes"]
    draws: int
    both: bool
    seed: int

    def points(
        self, these: Int64[np.ndarray, " n"], those: Int64[np.ndarray, " m"]
    ) -> tuple[Int64[np.ndarray, " n_points"], Float64[np.ndarray, " n_points"]]:
        """Numbers of vectors and distances of subsets of those sounds of either set."""
        evaluated, reference = self.samples
        whole = gaussian_of(reference, those)
        n, distances = [], []
        for draw in range(self.draws):
            order, other = (
                self._order(draw, side, chosen) for side, chosen in enumerate((these, those))
            )
            for share in self.shares:
                some = order[: max(2, round(share * len(order)))]
                target = whole
                if self.both and share < 1:
                    target = gaussian_of(reference, other[: max(2, round(share * len(other)))])
                n.append(len(evaluated.rows(some)))
                distances.append(frechet_distance(gaussian_of(evaluated, some), target))
        return np.array(n), np.array(distances)

    def _order(self, draw: int, side: int, chosen: np.ndarray) -> np.ndarray:
        """The chosen sounds in an order that others missing does not change."""
        rng = np.random.default_rng([self.seed, draw, side])
        order = rng.permutation(len(self.samples[side]))
        return order[np.isin(order, chosen)]


def _fit(n: np.ndarray, distances: np.ndarray) -> tuple[float, float, float]:
    """Value at 0, slope and r2 of the line over 1 / n."""
    x = 1.0 / n
    slope, intercept = np.polyfit(x, distances, 1)
    spread = float(np.sum((distances - distances.mean()) ** 2))
    missed = float(np.sum((distances - slope * x - intercept) ** 2))
    return float(intercept), float(slope), 1.0 - missed / spread if spread > 0 else 1.0
