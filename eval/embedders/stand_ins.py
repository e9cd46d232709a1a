"""Stand-ins: random weights of a real architecture, so that everything runs without a download."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

import torch

__all__ = ["Assets", "seeded", "spread"]

Assets = Literal["published", "stand_in"]
"""Where weights come from: published files, or random numbers from a seed."""

Network = TypeVar("Network", bound=torch.nn.Module)


def seeded(make: Callable[[], Network], seed: int) -> Network:
    """Builds a network whose random weights depend on the seed alone, in eval mode, on the CPU.

    PyTorch's own generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make()
    return network.eval().requires_grad_(False)


def spread(network: Network) -> Network:
    """Draws convolutions and linear maps such that a signal keeps its size through many layers.

    PyTorch's own first weights make it smaller in each: the output of a deep network is then a
    constant but for rounding, which is no stand-in for an embedding (He et al., 2015).
    """
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)
    return network
