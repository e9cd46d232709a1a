"""Whether an encoder still tells sounds apart: numbers that fall when it collapses."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float

__all__ = ["Spread", "spread_of"]


class Spread(NamedTuple):
    """How vectors fill their space.

    Attributes:
        effective_rank: exp of the entropy of the normalised singular values of the centred vectors
            (Roy & Vetterli, 2007): 1 for a line, the dimension for a ball.
        deviation: mean standard deviation of the dimensions of unit vectors times the root of their
            number: 1 where directions are spread evenly, 0 where all are the same.
    """

    effective_rank: float
    deviation: float


def spread_of(vectors: Float[torch.Tensor, "n dimension"]) -> Spread:
    """Measure the directions of vectors; zeros where all are the same, NaN where one is NaN."""
    units = torch.nn.functional.normalize(vectors.double(), dim=1)
    centred = units - units.mean(0)
    deviation = float(units.std(0, correction=0).mean() * units.shape[1] ** 0.5)
    if not torch.isfinite(centred).all():
        return Spread(float("nan"), float("nan"))
    sizes = torch.linalg.svdvals(centred)
    total = sizes.sum()
    if total <= 1e-9:
        return Spread(0.0, deviation)
    shares = sizes / total
    entropy = -(shares * shares.clamp(min=1e-30).log()).sum()
    return Spread(float(entropy.exp()), deviation)
