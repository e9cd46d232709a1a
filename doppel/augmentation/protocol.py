"""What augmentations of sounds and of pictures are."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float

__all__ = ["Augmentation", "PictureAugmentation"]


@runtime_checkable
class Augmentation(Protocol):
    """Changes sounds. What becomes of a row is decided by the row's number and the seed alone.

    No global random state is read or changed.
    """

    @property
    def changes(self) -> Literal["sounds"]:
        """What tells it from a `PictureAugmentation`."""
        ...

    def __call__(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float, seed: int
    ) -> Float[torch.Tensor, "batch n_samples"]:
        """Return other sounds, on the same device; those given are left as they were.

        Args:
            audio: of any length.
            sample_rate: in Hz.
            seed: 0 or more; another for each view and step.
        """
        ...


@runtime_checkable
class PictureAugmentation(Protocol):
    """Changes log-mel pictures; else as `Augmentation`."""

    @property
    def changes(self) -> Literal["pictures"]:
        """What tells it from an `Augmentation`."""
        ...

    def __call__(
        self, pictures: Float[torch.Tensor, "batch n_frames n_mels"], seed: int
    ) -> Float[torch.Tensor, "batch n_frames n_mels"]:
        """Return other pictures, on the same device; those given are left as they were."""
        ...
