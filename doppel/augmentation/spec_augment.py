"""SpecAugment: bands and frames of a picture are masked (Park et al., 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float

__all__ = ["SpecAugment"]


@dataclass(frozen=True)
class SpecAugment:
    """Masks runs of mel bands and of frames by the picture's mean.

    The paper's third part, warping in time, is left out: it found little in it, and no library
    that is used here has it.

    Attributes:
        band_masks: runs of bands in a picture.
        bands: of a run, at most; uniform from 0.
        frame_masks: runs of frames in a picture.
        frames: of a run, at most; uniform from 0.
    """

    band_masks: int = 2
    bands: int = 16
    frame_masks: int = 2
    frames: int = 24

    def __post_init__(self) -> None:
        """Refuse settings that no mask can have.

        Raises:
            ValueError: a number below 0.
        """
        numbers = (self.band_masks, self.bands, self.frame_masks, self.frames)
        if min(numbers) < 0:
            raise ValueError(f"masks and their sizes must be 0 or more, got {self}")

    @property
    def changes(self) -> Literal["pictures"]:
        """Pictures."""
        return "pictures"

    def __call__(
        self, pictures: Float[torch.Tensor, "batch n_frames n_mels"], seed: int
    ) -> Float[torch.Tensor, "batch n_frames n_mels"]:
        """Return the pictures with masks; gradients pass by them.

        Raises:
            ValueError: a run may be longer than a picture.
        """
        n_rows, n_frames, n_mels = pictures.shape
        if self.frames > n_frames or self.bands > n_mels:
            raise ValueError(
                f"masks of {self.frames} frames and {self.bands} bands do not fit pictures of "
                f"{n_frames} frames and {n_mels} bands"
            )
        rng = [np.random.default_rng([seed, row]) for row in range(n_rows)]
        of_bands = _masks(rng, self.band_masks, self.bands, n_mels)
        of_frames = _masks(rng, self.frame_masks, self.frames, n_frames)
        masked = of_frames[:, :, None] | of_bands[:, None, :]
        mean = pictures.mean(dim=(1, 2), keepdim=True)
        return torch.where(masked.to(pictures.device), mean, pictures)


def _masks(
    rng: list[np.random.Generator], n_masks: int, longest: int, size: int
) -> Bool[torch.Tensor, "batch size"]:
    """True where one of a row's runs is."""
    drawn = np.stack([one.random((n_masks, 2)) for one in rng])
    lengths = (drawn[..., 0] * (longest + 1)).astype(np.int64)
    starts = (drawn[..., 1] * (size - lengths + 1)).astype(np.int64)
    places = np.arange(size)
    inside = (places >= starts[..., None]) & (places < (starts + lengths)[..., None])
    return torch.from_numpy(inside.any(axis=1))
