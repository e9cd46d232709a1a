"""The part of a network that the loss sees and that is thrown away after training."""

from __future__ import annotations

from dataclasses import dataclass

import torch

__all__ = ["Projection"]


@dataclass(frozen=True)
class Projection:
    """A perceptron, or a linear map, between encoder and loss (Chen et al., 2020).

    What views do not share has to leave the vectors that the loss sees; with a projection it may
    stay in those that are used afterwards. Audio Doppelgängers has none.

    Attributes:
        hidden: numbers in between; None: as many as the encoder's vector has; 0: nothing is in
            between, a linear map.
        dimension: numbers that the loss sees.
    """

    hidden: int | None = None
    dimension: int = 128

    def build(self, before: int) -> torch.nn.Module:
        """Return the layers for vectors of `before` numbers, with PyTorch's first weights."""
        if self.hidden == 0:
            return torch.nn.Linear(before, self.dimension)
        hidden = before if self.hidden is None else self.hidden
        return torch.nn.Sequential(
            torch.nn.Linear(before, hidden, bias=False),
            torch.nn.BatchNorm1d(hidden),
            torch.nn.ReLU(),
            torch.nn.Linear(hidden, self.dimension),
        )
