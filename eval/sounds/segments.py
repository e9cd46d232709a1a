"""A segment of each sound, at a place that a seed draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from eval.sounds.base import Clip, Sounds, Unreadable

__all__ = ["Segments", "segment"]


def segment(
    wave: Float32[np.ndarray, " n_samples"], length: int, rng: np.random.Generator
) -> Float32[np.ndarray, " length"]:
    """A stretch of `length` samples at a random place; a shorter wave is followed by silence."""
    if wave.size <= length:
        return np.pad(wave, (0, length - wave.size))
    start = int(rng.integers(wave.size - length + 1))
    return wave[start : start + length].copy()


@dataclass(frozen=True)
class Segments:
    """One segment of every sound of a set; its place depends on (seed, number) alone.

    Attributes:
        sounds: the set.
        seconds: the segments' length; shorter sounds are padded with zeros at their end.
        seed: of the places.
        name: empty is the set's own.
    """

    sounds: Sounds
    seconds: float = 1.0
    seed: int = 0
    name: str = ""

    def __post_init__(self) -> None:
        """Take over the set's name where there is none.

        Raises:
            ValueError: a length that is not positive.
        """
        if not self.seconds > 0:
            raise ValueError(f"a segment must be longer than nothing, got {self.seconds} s")
        if not self.name:
            object.__setattr__(self, "name", self.sounds.name)

    @property
    def identity(self) -> str:
        """The set's, the length and the seed."""
        return f"segments of {self.seconds!r} s by {self.seed} of ({self.sounds.identity})"

    def __len__(self) -> int:
        """How many sounds."""
        return len(self.sounds)

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        """Return the segments of the sounds of those numbers."""
        return [
            self._cut(index, clip)
            for index, clip in zip(indices, self.sounds.clips(indices), strict=True)
        ]

    def _cut(self, index: int, clip: Clip | Unreadable) -> Clip | Unreadable:
        if isinstance(clip, Unreadable):
            return clip
        length = max(1, round(self.seconds * clip.sample_rate))
        rng = np.random.default_rng([self.seed, index])
        return Clip(clip.name, segment(clip.wave, length, rng), clip.sample_rate)
