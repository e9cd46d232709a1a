"""Small networks, several of the same shape side by side, none of which sees another.

The first axis of every tensor is the network. The layers are those of hear-eval-kit's probes:
hidden layers of linear, batch norm, dropout and ReLU, then a linear one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float

__all__ = ["Initialization", "Networks", "Shape"]

Initialization = Literal["default", "xavier_uniform", "xavier_normal"]

MOMENTUM, EPSILON = 0.1, 1e-5  # of batch norm, PyTorch's


@dataclass(frozen=True)
class Shape:
    """How a network is built.

    Attributes:
        hidden_layers: 0 is a linear probe.
        hidden_dim: of each hidden layer.
        dropout: the share of hidden values that are dropped in training.
        batch_norm: whether hidden values are normalised before the ReLU.
        initialization: of weights; "default" is `torch.nn.Linear`'s own, which biases always get.
    """

    hidden_layers: int = 0
    hidden_dim: int = 1024
    dropout: float = 0.1
    batch_norm: bool = True
    initialization: Initialization = "default"


class Networks:
    """Networks that learn from the same examples, one a seed.

    Args:
        shape: of all.
        dimension: of the inputs.
        n_labels: of the outputs.
        seeds: of the first weights and of dropout, one a network.
        device: where they live.
    """

    def __init__(
        self,
        shape: Shape,
        dimension: int,
        n_labels: int,
        seeds: Sequence[int],
        device: torch.device,
    ) -> None:
        self.shape, self.n = shape, len(seeds)
        sizes = [dimension, *[shape.hidden_dim] * shape.hidden_layers, n_labels]
        single = [_first_weights(shape.initialization, sizes, seed) for seed in seeds]
        self.weights = [
            torch.stack(layer).to(device).requires_grad_() for layer in zip(*single, strict=True)
        ]
        self.statistics: list[torch.Tensor] = []
        if shape.batch_norm:
            for _ in range(shape.hidden_layers):
                full = (self.n, shape.hidden_dim, 1)
                self.weights += [
                    torch.ones(full, device=device, requires_grad=True),
                    torch.zeros(full, device=device, requires_grad=True),
                ]
                self.statistics += [torch.zeros(full, device=device), torch.ones(full).to(device)]
        self.noise = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    @property
    def state(self) -> list[torch.Tensor]:
        """All that decides what they say; the first axis is the network."""
        return [weight.detach() for weight in self.weights] + self.statistics

    def logits(
        self, x: Float[torch.Tensor, "networks batch dimension"], training: bool = False
    ) -> Float[torch.Tensor, "networks batch n_labels"]:
        """Return what each network says of its own batch.

        In training, batch norm uses the batch's mean and variance and updates the running ones.
        """
        return self.logits_of(self.weights, self.statistics, x, training)

    def logits_of(
        self,
        weights: Sequence[torch.Tensor],
        statistics: Sequence[torch.Tensor],
        x: Float[torch.Tensor, "networks batch dimension"],
        training: bool = False,
    ) -> Float[torch.Tensor, "networks batch n_labels"]:
        """As `logits`, with other weights of the same shape, of any number of networks."""
        layers = self.shape.hidden_layers
        # Examples are columns from here on: with few outputs that product, and the one of its
        # gradient, are twice as fast as the other way round.
        x = x.transpose(1, 2)
        for layer in range(layers):
            x = torch.matmul(weights[2 * layer], x) + weights[2 * layer + 1]
            if self.shape.batch_norm:
                norm = 2 * (layers + 1) + 2 * layer
                running = statistics[2 * layer : 2 * layer + 2]
                x = _normalised(x, running, training) * weights[norm] + weights[norm + 1]
            if training and self.shape.dropout > 0:
                x = x * self._kept(x)
            x = torch.relu(x)
        x = torch.matmul(weights[2 * layers], x) + weights[2 * layers + 1]
        return x.transpose(1, 2)

    def _kept(self, x: torch.Tensor) -> torch.Tensor:
        """Zeros for what is dropped; the rest is scaled so that the mean stays."""
        kept = 1.0 - self.shape.dropout
        draws = [torch.rand(x.shape[1:], generator=own, device=x.device) for own in self.noise]
        return (torch.stack(draws) < kept) / kept


def _normalised(x: torch.Tensor, running: Sequence[torch.Tensor], training: bool) -> torch.Tensor:
    mean, variance = running
    if training:
        n = x.shape[2]
        own_variance, own_mean = torch.var_mean(x, dim=2, keepdim=True, correction=0)
        with torch.no_grad():
            mean.lerp_(own_mean, MOMENTUM)
            variance.lerp_(own_variance * (n / (n - 1)), MOMENTUM)
        mean, variance = own_mean, own_variance
    return (x - mean) * torch.rsqrt(variance + EPSILON)


def _first_weights(how: Initialization, sizes: list[int], seed: int) -> list[torch.Tensor]:
    """Return a weight (outputs, inputs) and a bias (outputs, 1) for each layer, on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    found: list[torch.Tensor] = []
    gain = 1.0
    for inputs, outputs in itertools.pairwise(sizes):
        weight, bias = torch.empty(outputs, inputs), torch.empty(outputs, 1)
        bound = 1.0 / math.sqrt(inputs)
        if how == "default":
            weight.uniform_(-bound, bound, generator=generator)
        elif how == "xavier_uniform":
            torch.nn.init.xavier_uniform_(weight, gain, generator=generator)
        else:
            torch.nn.init.xavier_normal_(weight, gain, generator=generator)
        found += [weight, bias.uniform_(-bound, bound, generator=generator)]
        gain = math.sqrt(2.0)  # of a layer after a ReLU
    return found
