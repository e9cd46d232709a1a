"""Fréchet audio distance of two samples, and its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from eval.distances.frechet import Gaussian, frechet_distance
from eval.distances.resampling import bootstrap
from eval.distances.sample import Sample
from eval.statistics.estimate import Estimate

__all__ = ["DIRECTIONS", "fad", "fad_with_interval", "gaussian_of", "reduced"]

DIRECTIONS = 128
"""Principal directions in which the replicates of an interval are computed, at most: a distance in
1,024 dimensions takes a second, and an interval hundreds of them."""


def gaussian_of(sample: Sample, sounds: Sequence[int] | np.ndarray | None = None) -> Gaussian:
    """The Gaussian of the vectors of those sounds; None is all of them."""
    return Gaussian.fit(sample.chunks(sounds))


def fad(evaluated: Sample, reference: Sample) -> float:
    """The distance; at finite sizes it is too large by about a constant over each size.

    Raises:
        ValueError: a set with fewer than 2 vectors, or vectors of different embedders.
    """
    return frechet_distance(gaussian_of(evaluated), gaussian_of(reference))


def fad_with_interval(
    evaluated: Sample,
    reference: Sample,
    repeats: int = 100,
    seed: int = 0,
    directions: int = DIRECTIONS,
    progress: Callable[[], None] | None = None,
) -> Estimate:
    """The distance with a bootstrap interval over the sounds of both sets; see `bootstrap`.

    The value is that of all dimensions; how far replicates spread is measured in the `directions`
    in which both sets together vary most, which hold nearly all of it.
    """
    value = fad(evaluated, reference)
    first, second = reduced(evaluated, reference, directions)

    def distance(these: np.ndarray, those: np.ndarray) -> float:
        return frechet_distance(gaussian_of(first, these), gaussian_of(second, those))

    sizes = (len(evaluated), len(reference))
    return bootstrap(distance, sizes, repeats, seed, progress).around(value)


def reduced(evaluated: Sample, reference: Sample, directions: int) -> tuple[Sample, Sample]:
    """Both samples in the principal directions of both together, each weighing the same."""
    if evaluated.dimension <= directions:
        return evaluated, reference
    both = [gaussian_of(sample) for sample in (evaluated, reference)]
    apart = both[0].mean - both[1].mean
    covariance = (both[0].covariance + both[1].covariance) / 2 + np.outer(apart, apart) / 4
    _, vectors = np.linalg.eigh(covariance)
    basis = np.ascontiguousarray(vectors[:, -directions:])
    return evaluated.projected(basis), reference.projected(basis)
