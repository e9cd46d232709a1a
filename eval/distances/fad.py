"""Fréchet audio distance of two samples, and its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from eval.distances.estimate import Estimate, bootstrap
from eval.distances.frechet import Gaussian, frechet_distance
from eval.distances.sample import Sample

__all__ = ["fad", "fad_with_interval", "gaussian_of"]


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
    progress: Callable[[], None] | None = None,
) -> Estimate:
    """The distance with a bootstrap interval over the sounds of both sets; see `bootstrap`."""

    def distance(these: np.ndarray, those: np.ndarray) -> float:
        return frechet_distance(gaussian_of(evaluated, these), gaussian_of(reference, those))

    return bootstrap(distance, (len(evaluated), len(reference)), repeats, seed, progress)
