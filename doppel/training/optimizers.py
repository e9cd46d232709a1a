"""How weights are moved: the optimiser, and its step size over the training."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch

__all__ = ["AdamW", "Optimizer", "PublishedSGD"]


@runtime_checkable
class Optimizer(Protocol):
    """Makes a PyTorch optimiser, and says by which factor its step size is scaled when."""

    def build(
        self, parameters: Iterable[torch.nn.Parameter], total_batch: int
    ) -> torch.optim.Optimizer:
        """Return the optimiser.

        Args:
            parameters: to be moved.
            total_batch: pairs a step of all ranks together.
        """
        ...

    def factor(self, progress: float) -> float:
        """Return the step size at a share of the training, 0 to 1, as a factor of the largest."""
        ...


@dataclass(frozen=True)
class PublishedSGD:
    """Stochastic gradient descent as in Audio Doppelgängers: 0.12 for every 256 pairs of a batch.

    The published code rounds the batch down to whole multiples of 256, so that a smaller one has a
    step size of 0; here it is a plain proportion. The momentum is that of Wang & Isola's code, on
    which the paper builds; it names none itself.

    Attributes:
        lr_per_256: step size for 256 pairs.
        momentum: of SGD.
        weight_decay: of SGD.
        milestones: shares of the training after which the step size falls.
        gamma: by this factor.
        warm_up: share of the training over which it rises from 0; 0 as published.
    """

    lr_per_256: float = 0.12
    momentum: float = 0.9
    weight_decay: float = 1e-6
    milestones: tuple[float, ...] = (0.775, 0.85, 0.925)
    gamma: float = 0.1
    warm_up: float = 0.0

    def build(
        self, parameters: Iterable[torch.nn.Parameter], total_batch: int
    ) -> torch.optim.Optimizer:
        """See `Optimizer`."""
        return torch.optim.SGD(
            parameters,
            lr=self.lr_per_256 * total_batch / 256,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
        )

    def factor(self, progress: float) -> float:
        """See `Optimizer`."""
        passed = sum(progress >= milestone for milestone in self.milestones)
        return _rise(progress, self.warm_up) * self.gamma**passed


@dataclass(frozen=True)
class AdamW:
    """AdamW, whose step size rises and then falls to zero along a cosine; for small budgets.

    Attributes:
        lr: the largest step size, whatever the batch.
        weight_decay: of weights alone, not of biases and scales.
        warm_up: share of the training over which it rises from 0.
    """

    lr: float = 5e-4
    weight_decay: float = 1e-4
    warm_up: float = 0.05

    def build(
        self, parameters: Iterable[torch.nn.Parameter], total_batch: int
    ) -> torch.optim.Optimizer:
        """See `Optimizer`."""
        parameters = list(parameters)
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": self.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(groups, lr=self.lr)

    def factor(self, progress: float) -> float:
        """See `Optimizer`."""
        along = (progress - self.warm_up) / (1.0 - self.warm_up) if progress > self.warm_up else 0.0
        return _rise(progress, self.warm_up) * (1.0 + math.cos(math.pi * min(along, 1.0))) / 2


def _rise(progress: float, share: float) -> float:
    return min(1.0, progress / share) if share > 0 else 1.0
