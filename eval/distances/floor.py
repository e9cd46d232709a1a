"""What a distance is between real sounds and real sounds: its floor on a set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from eval.statistics.estimate import percentiles

__all__ = ["Floor", "floor"]


@dataclass(frozen=True)
class Floor:
    """Distances between random halves of one set.

    Attributes:
        distances: one a split.
        mean: of them.
        low, high: between which 95 % of them lie.
    """

    distances: Float64[np.ndarray, " repeats"]
    mean: float
    low: float
    high: float


def floor(
    distance: Callable[[Int64[np.ndarray, " n"], Int64[np.ndarray, " m"]], float],
    n: int,
    repeats: int = 20,
    seed: int = 0,
    progress: Callable[[], None] | None = None,
) -> Floor:
    """Split a set of n sounds into halves again and again, and measure between them.

    Both halves have half of the sounds, so that a distance that is larger for fewer sounds, as
    Fréchet's is, has a floor that is too high by as much: what lies near it cannot be told apart.

    Args:
        distance: between sounds of those numbers.
        n: how many sounds, 4 at least.
        repeats: splits.
        seed: of the splits.
        progress: called after each split.

    Raises:
        ValueError: fewer than 4 sounds, or no split.
    """
    if n < 4 or repeats < 1:
        raise ValueError(
            f"a floor needs 4 sounds and 1 split at least, got {n} sounds and {repeats} splits"
        )
    found = []
    for repeat in range(repeats):
        order = np.random.default_rng([seed, repeat]).permutation(n)
        found.append(distance(np.sort(order[: n // 2]), np.sort(order[n // 2 :])))
        if progress is not None:
            progress()
    return Floor(np.array(found), *percentiles(float(np.mean(found)), np.array(found)))
