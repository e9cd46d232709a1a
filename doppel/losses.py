"""What a contrastive encoder is trained to make small, on the unit sphere.

A loss sees the whole batch, that of all ranks: `doppel.training.gathered` brings the others'
vectors together with their gradients, so that the loss of two ranks is that of one with both
batches.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float

__all__ = ["AlignUniform", "InfoNCE", "Loss", "VICReg", "alignment", "uniformity"]

Vectors = Float[torch.Tensor, "batch dimension"]


@runtime_checkable
class Loss(Protocol):
    """Says how bad the embeddings of a batch of pairs are."""

    @property
    def normalised(self) -> bool:
        """Whether it is given vectors of length 1, or vectors as the encoder made them."""
        ...

    def __call__(self, first: Vectors, second: Vectors) -> Float[torch.Tensor, ""]:
        """Return the loss; row i of both is one pair."""
        ...


def alignment(first: Vectors, second: Vectors, alpha: float = 2.0) -> Float[torch.Tensor, ""]:
    """Return the mean distance of pairs to the power of alpha (Wang & Isola, 2020).

    Between vectors of length 1 and for alpha 2 it is 2 - 2 cos: 0 for equal, 2 for unrelated ones.
    """
    return (first - second).norm(dim=1).pow(alpha).mean()


def uniformity(vectors: Vectors, t: float = 2.0) -> Float[torch.Tensor, ""]:
    """Return log E exp(-t d^2) over all pairs of different rows (Wang & Isola, 2020).

    0 where all vectors are the same, -2t where all are orthogonal.

    Raises:
        ValueError: there are no two rows.
    """
    if len(vectors) < 2:
        raise ValueError(f"uniformity needs two vectors at least, got {len(vectors)}")
    # A matrix product in place of torch.pdist: the same numbers, several times as fast, and there
    # is a bfloat16 kernel. Of vectors of any length.
    squares = vectors.square().sum(1)
    distances = (squares[:, None] + squares[None] - 2.0 * vectors @ vectors.T).clamp(min=0.0)
    n = len(vectors)
    others = ~torch.eye(n, dtype=torch.bool, device=vectors.device)
    exponents = (-t * distances).masked_fill(~others, -math.inf)
    return exponents.flatten().logsumexp(0) - math.log(n * (n - 1))


@dataclass(frozen=True)
class AlignUniform:
    """Alignment plus uniformity, the loss of Audio Doppelgängers (Wang & Isola, 2020).

    Attributes:
        alpha: power of the distance of a pair.
        t: of the Gaussian potential.
        align_weight, uniform_weight: of the two terms.
    """

    alpha: float = 2.0
    t: float = 2.0
    align_weight: float = 1.0
    uniform_weight: float = 1.0

    normalised = True

    def __call__(self, first: Vectors, second: Vectors) -> Float[torch.Tensor, ""]:
        """See `Loss`."""
        spread = (uniformity(first, self.t) + uniformity(second, self.t)) / 2
        near = alignment(first, second, self.alpha)
        return self.align_weight * near + self.uniform_weight * spread


@dataclass(frozen=True)
class InfoNCE:
    """Which of all the others is the partner (NT-Xent; Chen et al., 2020)?

    Attributes:
        temperature: of the softmax over cosines.
        decoupled: the partner itself is left out of the sum (Yeh et al., 2022), which helps small
            batches.
    """

    temperature: float = 0.1
    decoupled: bool = False

    normalised = True

    def __call__(self, first: Vectors, second: Vectors) -> Float[torch.Tensor, ""]:
        """See `Loss`."""
        every = torch.cat([first, second])
        n = len(first)
        logits = (every @ every.T / self.temperature).fill_diagonal_(-math.inf)
        partner = torch.arange(2 * n, device=every.device).roll(n)
        right = logits.gather(1, partner[:, None])[:, 0]
        if self.decoupled:
            logits = logits.scatter(1, partner[:, None], -math.inf)
        return (logits.logsumexp(1) - right).mean()


@dataclass(frozen=True)
class VICReg:
    """Invariance, variance and covariance (Bardes et al., 2022); no negatives, no sphere.

    Attributes:
        invariance, variance, covariance: weights of the terms.
        epsilon: added to variances.
    """

    invariance: float = 25.0
    variance: float = 25.0
    covariance: float = 1.0
    epsilon: float = 1e-4

    normalised = False

    def __call__(self, first: Vectors, second: Vectors) -> Float[torch.Tensor, ""]:
        """See `Loss`."""
        near = (first - second).square().mean()
        spread = first.new_zeros(())
        tangled = first.new_zeros(())
        for side in (first, second):
            centred = side - side.mean(0)
            deviation = (centred.square().sum(0) / (len(side) - 1) + self.epsilon).sqrt()
            spread = spread + torch.relu(1.0 - deviation).mean() / 2
            products = centred.T @ centred / (len(side) - 1)
            outside = products - torch.diag(products.diag())
            tangled = tangled + outside.square().sum() / side.shape[1]
        return self.invariance * near + self.variance * spread + self.covariance * tangled
