"""What may be done to views before an encoder gets them; `doppel.augmentation` has some."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float

__all__ = ["AudioChange", "PictureChange"]


@runtime_checkable
class AudioChange(Protocol):
    """Changes sounds, such as a chain of effects."""

    def __call__(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float, seed: int
    ) -> Float[torch.Tensor, "batch n_samples"]:
        """Return the changed sounds, on the device of the given ones.

        Args:
            audio: in [-1, 1]; not written to.
            sample_rate: in Hz.
            seed: of all that is drawn; random states of the process stay as they are.
        """
        ...


@runtime_checkable
class PictureChange(Protocol):
    """Changes log-mel pictures, such as masks."""

    def __call__(
        self, pictures: Float[torch.Tensor, "batch n_frames n_mels"], seed: int
    ) -> Float[torch.Tensor, "batch n_frames n_mels"]:
        """Return the changed pictures; as for sounds."""
        ...
