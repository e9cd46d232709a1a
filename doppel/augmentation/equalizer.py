"""Pictures as another microphone would have them: another level, another tone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float

from doppel.front_end import SETTINGS

__all__ = ["Equalizer"]

_CURVES = 3  # a slope over the bands, one arch and two


@dataclass(frozen=True)
class Equalizer:
    """Moves the level of each picture, and of its bands along a smooth curve.

    A synthesizer has no microphone, room or distance, so that nothing in its pairs says that these
    do not matter. Levels are changed where the front end has them, below its logarithm: what is at
    its offset, silence, stays there.

    Attributes:
        gain_db: the level moves by up to as much, up or down; uniform.
        curve_db: weights of the curve's three parts (a slope over the bands, one arch, two arches)
            are up to as much each; uniform.
    """

    gain_db: float = 10.0
    curve_db: float = 6.0

    def __post_init__(self) -> None:
        """Refuse settings that no level can have.

        Raises:
            ValueError: a number below 0, or not finite.
        """
        if not (0.0 <= self.gain_db < np.inf and 0.0 <= self.curve_db < np.inf):
            raise ValueError(f"gain_db and curve_db must be 0 or more, got {self}")

    @property
    def changes(self) -> Literal["pictures"]:
        """Pictures."""
        return "pictures"

    def __call__(
        self, pictures: Float[torch.Tensor, "batch n_frames n_mels"], seed: int
    ) -> Float[torch.Tensor, "batch n_frames n_mels"]:
        """Return the pictures with other levels; gradients pass through them."""
        n_rows, _, n_mels = pictures.shape
        drawn = [np.random.default_rng([seed, row]).uniform(-1, 1, 4) for row in range(n_rows)]
        weights = np.stack(drawn) * ([self.gain_db] + [self.curve_db] * _CURVES)
        along = np.linspace(-1.0, 1.0, n_mels)
        parts = [np.ones(n_mels), along, np.cos(np.pi * along), np.cos(2 * np.pi * along)]
        factors = 10.0 ** (weights @ np.stack(parts) / 20.0)
        factor = torch.from_numpy(factors.astype(np.float32)).to(pictures.device)[:, None]
        offset = float(SETTINGS["offset"])
        levels = (pictures.exp() - offset).clamp(min=0.0)
        return (levels * factor + offset).log()
