"""Do things of one label lie together? What a map of them should show, without the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from eval.statistics.estimate import Estimate
from eval.statistics.intervals import wilson

__all__ = ["Grouping", "grouping"]


@dataclass(frozen=True)
class Grouping:
    """How labels group.

    Attributes:
        neighbours: the share of things whose nearest other thing has their label.
        chance: that share if labels were dealt out at random.
        silhouette: mean of Rousseeuw's silhouettes (1987), from -1 to 1; 0: labels overlap.
    """

    neighbours: Estimate
    chance: float
    silhouette: float


def grouping(vectors: Float[np.ndarray, "n dimension"], labels: Sequence[str]) -> Grouping:
    """Return how things of one label lie together, by Euclidean distance.

    Raises:
        ValueError: fewer than two labels, or none with two things.
    """
    from sklearn.metrics import pairwise_distances, silhouette_score

    names = np.asarray(labels)
    different, counts = np.unique(names, return_counts=True)
    if len(different) < 2 or counts.max() < 2 or len(different) == len(names):
        raise ValueError(f"{len(names)} things of {len(different)} labels have no groups")
    distances = pairwise_distances(np.asarray(vectors, np.float64))
    np.fill_diagonal(distances, np.inf)
    right = names[distances.argmin(axis=1)] == names
    chance = float((counts * (counts - 1)).sum() / (len(names) * (len(names) - 1)))
    return Grouping(
        wilson(int(right.sum()), len(right)), chance, float(silhouette_score(vectors, names))
    )
