"""YAMNet's network in PyTorch: MobileNet v1 over log-mel pictures (Howard et al., 2017)."""

from __future__ import annotations

import torch
from jaxtyping import Float

__all__ = ["MobileNet"]

# Channels and stride of the thirteen separable layers.
_LAYERS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2),
    (512, 1), (512, 1), (512, 1), (512, 1), (512, 1), (1024, 2), (1024, 1),
)  # fmt: skip


class MobileNet(torch.nn.Module):
    """Pictures to a 1024-dimensional embedding and class logits; 3.75 M parameters.

    Args:
        n_classes: of the linear layer at the end.
    """

    dimension = 1024

    def __init__(self, n_classes: int = 521) -> None:
        super().__init__()
        layers = [_layer(1, 32, 2)]
        before = 32
        for after, stride in _LAYERS:
            depthwise = _layer(before, before, stride, groups=before)
            layers.append(torch.nn.Sequential(depthwise, _layer(before, after, 1, kernel=1)))
            before = after
        self.layers = torch.nn.Sequential(*layers)
        self.classes = torch.nn.Linear(before, n_classes)

    def forward(
        self, pictures: Float[torch.Tensor, "batch 1 height width"]
    ) -> tuple[Float[torch.Tensor, "batch 1024"], Float[torch.Tensor, "batch n_classes"]]:
        """Return the mean over all places, and the logits."""
        embedding = self.layers(pictures).mean(dim=(2, 3))
        return embedding, self.classes(embedding)


def _layer(
    before: int, after: int, stride: int, kernel: int = 3, groups: int = 1
) -> torch.nn.Sequential:
    return torch.nn.Sequential(
        torch.nn.Conv2d(
            before, after, kernel, stride, padding=kernel // 2, groups=groups, bias=False
        ),
        torch.nn.BatchNorm2d(after),
        torch.nn.ReLU(),
    )
