"""The encoder of Audio Doppelgängers, ResNet-18 over one-channel pictures, and its relatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float

from eval.embedders.resnet import ResNet

__all__ = ["ResNetEncoder"]


@dataclass(frozen=True)
class ResNetEncoder:
    """A residual network of basic blocks, its weights named as torchvision names them.

    The defaults are ResNet-18: 11.17 M parameters, 512 numbers.

    Attributes:
        width: channels of the first stage; each further stage has twice those before it.
        blocks: in each of the four stages; (3, 4, 6, 3) is ResNet-34.
    """

    width: int = 64
    blocks: tuple[int, ...] = (2, 2, 2, 2)

    kind = "resnet"

    def __post_init__(self) -> None:
        """Refuse settings that no network has.

        Raises:
            ValueError: no channels, other than four stages, or a stage without a block.
        """
        if self.width < 1 or len(self.blocks) != 4 or min(self.blocks) < 1:
            raise ValueError(
                "a ResNet needs a width of at least 1 and four stages of at least one block, "
                f"got width {self.width} and blocks {self.blocks}"
            )

    @property
    def dimension(self) -> int:
        """Eight times the width."""
        return 8 * self.width

    def build(self) -> torch.nn.Module:
        """Return the network with PyTorch's own first weights, from its global generator."""
        return _PictureResNet(self.width, self.blocks)

    def settings(self) -> dict[str, Any]:
        """Return kind, width and blocks."""
        return {"kind": self.kind, "width": self.width, "blocks": list(self.blocks)}


class _PictureResNet(ResNet):
    """A ResNet that stands a front end's pictures up: mel bands become the height."""

    def forward(
        self, pictures: Float[torch.Tensor, "batch n_frames n_mels"]
    ) -> Float[torch.Tensor, "batch dimension"]:
        return self.features(pictures.transpose(1, 2).unsqueeze(1))
