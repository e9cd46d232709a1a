"""Residual networks for one-channel pictures (He et al., 2016), with torchvision's weight names."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from jaxtyping import Float

__all__ = ["ResNet", "ResNet18"]


class ResNet(torch.nn.Module):
    """Stages of basic blocks over a one-channel picture, each twice as wide as the one before.

    Args:
        width: channels of the first stage.
        blocks: in each stage.
        n_classes: of the linear layer `fc` at the end; None leaves it out.
    """

    def __init__(self, width: int, blocks: Sequence[int], n_classes: int | None = None) -> None:
        super().__init__()
        widths = [width, *(width * 2**stage for stage in range(len(blocks)))]
        self.dimension = widths[-1]
        self.conv1 = torch.nn.Conv2d(1, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(width)
        self.maxpool = torch.nn.MaxPool2d(3, stride=2, padding=1)
        self._stages = [f"layer{number}" for number in range(1, len(blocks) + 1)]
        for name, (before, after), n in zip(
            self._stages, itertools.pairwise(widths), blocks, strict=True
        ):
            self.add_module(name, _stage(before, after, n))
        self.fc = None if n_classes is None else torch.nn.Linear(self.dimension, n_classes)

    def features(
        self, pictures: Float[torch.Tensor, "batch 1 height width"]
    ) -> Float[torch.Tensor, "batch dimension"]:
        """Return the mean over all places of the last stage."""
        x = self.maxpool(torch.relu(self.bn1(self.conv1(pictures))))
        for name in self._stages:
            x = getattr(self, name)(x)
        return x.mean(dim=(2, 3))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the classes' logits, or the features where there are no classes."""
        features = self.features(pictures)
        return features if self.fc is None else self.fc(features)


class ResNet18(ResNet):
    """Four stages of two blocks, 512 features; 11.17 M parameters.

    Args:
        n_classes: of the linear layer `fc` at the end; None leaves it out.
    """

    dimension = 512

    def __init__(self, n_classes: int | None = None) -> None:
        super().__init__(64, (2, 2, 2, 2), n_classes)


class _Block(torch.nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is 1x1 where the shape changes."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(after)
        self.conv2 = torch.nn.Conv2d(after, after, 3, padding=1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(after)
        self.downsample = None
        if stride != 1 or before != after:
            self.downsample = torch.nn.Sequential(
                torch.nn.Conv2d(before, after, 1, stride=stride, bias=False),
                torch.nn.BatchNorm2d(after),
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(x)) + shortcut)


def _stage(before: int, after: int, n_blocks: int) -> torch.nn.Sequential:
    """Blocks of which the first halves the picture where the stage is wider than the one before."""
    first = _Block(before, after, 1 if before == after else 2)
    return torch.nn.Sequential(first, *(_Block(after, after, 1) for _ in range(n_blocks - 1)))
