"""ResNet-18 for one-channel pictures (He et al., 2016), with torchvision's names of weights."""

from __future__ import annotations

import torch
from jaxtyping import Float

__all__ = ["ResNet18"]


class ResNet18(torch.nn.Module):
    """Four stages of two basic blocks over a one-channel picture; 11.17 M parameters.

    Args:
        n_classes: of the linear layer `fc` at the end; None leaves it out.
    """

    dimension = 512

    def __init__(self, n_classes: int | None = None) -> None:
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(64)
        self.maxpool = torch.nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = _stage(64, 64, stride=1)
        self.layer2 = _stage(64, 128, stride=2)
        self.layer3 = _stage(128, 256, stride=2)
        self.layer4 = _stage(256, 512, stride=2)
        self.fc = None if n_classes is None else torch.nn.Linear(512, n_classes)

    def features(
        self, pictures: Float[torch.Tensor, "batch 1 height width"]
    ) -> Float[torch.Tensor, "batch 512"]:
        """Return the mean over all places of the last stage."""
        x = self.maxpool(torch.relu(self.bn1(self.conv1(pictures))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return x.mean(dim=(2, 3))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the classes' logits, or the features where there are no classes."""
        features = self.features(pictures)
        return features if self.fc is None else self.fc(features)


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


def _stage(before: int, after: int, stride: int) -> torch.nn.Sequential:
    return torch.nn.Sequential(_Block(before, after, stride), _Block(after, after, 1))
