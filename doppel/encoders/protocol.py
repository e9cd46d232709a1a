"""What an encoder is: settings from which a network is built."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import torch

__all__ = ["Encoder"]


@runtime_checkable
class Encoder(Protocol):
    """The architecture of an encoder; immutable, holds no weights."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        ...

    def build(self) -> torch.nn.Module:
        """Return the network with new weights from PyTorch's global generator, in training mode.

        It maps log-mel pictures (batch, 96 frames, 64 mels), float32, to (batch, dimension).
        """
        ...

    def settings(self) -> dict[str, Any]:
        """Return what `encoder_from` makes the same encoder of, as plain JSON values."""
        ...
