"""No augmentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float

__all__ = ["Unchanged"]


@dataclass(frozen=True)
class Unchanged:
    """Leaves sounds as they are."""

    @property
    def changes(self) -> Literal["sounds"]:
        """Sounds."""
        return "sounds"

    def __call__(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float, seed: int
    ) -> Float[torch.Tensor, "batch n_samples"]:
        return audio
