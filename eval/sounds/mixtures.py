"""Dense mixtures: several seconds of a sound, cut into segments and laid over one another.

VGGSound-Mix of "Contrastive Learning from Synthetic Audio Doppelgangers": 5 or all 10 seconds of a
clip become one second. The paper does not say at which level, so here: the segments are added as
they are, and a sum whose peak exceeds full scale is divided by it, which keeps the proportions and
is what the synthesizers' mixers do. "power" divides the sum by the square root of the number of
segments instead, the level that independent segments have on their own, and then limits too.

Recordings that are shorter than what is to be mixed, which VGGSound has none of, would be mixed
with silence; where a set is told to, other recordings of it follow instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32

from eval.harness.audio import resample
from eval.sounds.base import Clip, Sounds, Unreadable
from eval.sounds.segments import segment

__all__ = ["Fill", "Level", "Mixtures", "mix"]

Fill = Literal["silence", "others"]
Level = Literal["sum", "power"]


def mix(
    wave: Float32[np.ndarray, " n_samples"],
    n_layers: int,
    length: int,
    rng: np.random.Generator,
    level: Level = "sum",
) -> Float32[np.ndarray, " length"]:
    """Lay `n_layers` neighbouring segments of `length` samples over one another.

    They are cut from one random stretch of the wave. Of a shorter wave all of it is taken, the
    last, incomplete segment followed by silence: no part is heard twice.

    Args:
        wave: in [-1, 1], at least one sample.
        n_layers: segments, 1 at least.
        length: samples of a segment and of the mixture.
        rng: draws the stretch's place.
        level: how loud, see the module.

    Returns:
        (length,) in [-1, 1].

    Raises:
        ValueError: no segments, or segments without a sample.
    """
    if n_layers < 1 or length < 1:
        raise ValueError(
            f"a mixture needs 1 segment of 1 sample at least, got {n_layers} of {length}"
        )
    stretch = segment(wave, n_layers * length, rng)
    total = stretch.reshape(n_layers, length).astype(np.float64).sum(axis=0)
    if level == "power":
        # As many as there are: silence behind a short sound is no segment.
        total /= math.sqrt(min(n_layers, max(1, math.ceil(wave.size / length))))
    return (total / max(1.0, float(np.abs(total).max()))).astype(np.float32)


@dataclass(frozen=True)
class Mixtures:
    """A dense mixture of every sound of a set; its stretch depends on (seed, number) alone.

    Attributes:
        sounds: the set.
        seconds: how much of each sound is taken, such as 5 or 10; rounded to whole segments.
        segment_s: length of the segments and of the mixture.
        level: how loud, see the module.
        seed: of the stretches' places.
        fill: what follows a sound that is shorter than `seconds`: silence, or other sounds of the
            set, drawn by (seed, number), until it is long enough.
        name: empty is the set's own with the seconds.
    """

    sounds: Sounds
    seconds: float = 5.0
    segment_s: float = 1.0
    level: Level = "sum"
    seed: int = 0
    fill: Fill = "silence"
    name: str = ""

    def __post_init__(self) -> None:
        """Name the set where it has no name.

        Raises:
            ValueError: a length that is not positive, or less than half a segment to take.
        """
        if not self.segment_s > 0 or round(self.seconds / self.segment_s) < 1:
            raise ValueError(
                f"a mixture of {self.seconds} s in segments of {self.segment_s} s has none: "
                "both must be positive, and one segment at least must fit"
            )
        if not self.name:
            object.__setattr__(self, "name", f"{self.sounds.name} mix {self.seconds:g} s")

    @property
    def identity(self) -> str:
        """The set's, and all settings."""
        return (
            f"mixtures of {self.seconds!r} s in {self.segment_s!r} s at {self.level} by "
            f"{self.seed} with {self.fill} of ({self.sounds.identity})"
        )

    def __len__(self) -> int:
        """How many sounds."""
        return len(self.sounds)

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        """Return the mixtures of the sounds of those numbers."""
        return [
            self._mixed(index, clip)
            for index, clip in zip(indices, self.sounds.clips(indices), strict=True)
        ]

    def _mixed(self, index: int, clip: Clip | Unreadable) -> Clip | Unreadable:
        if isinstance(clip, Unreadable):
            return clip
        n_layers = round(self.seconds / self.segment_s)
        length = max(1, round(self.segment_s * clip.sample_rate))
        rng = np.random.default_rng([self.seed, index])
        wave = clip.wave
        if self.fill == "others" and wave.size < n_layers * length:
            wave = self._followed(index, clip, n_layers * length)
        return Clip(clip.name, mix(wave, n_layers, length, rng, self.level), clip.sample_rate)

    def _followed(self, index: int, clip: Clip, length: int) -> Float32[np.ndarray, " n_samples"]:
        """The sound and other ones behind it, cut to `length` samples if the set has as many."""
        waves, n_samples = [clip.wave], clip.wave.size
        for other in np.random.default_rng([self.seed, index, 1]).permutation(len(self.sounds)):
            if n_samples >= length:
                break
            if other == index:
                continue
            (found,) = self.sounds.clips([int(other)])
            if isinstance(found, Clip):
                wave = resample(found.wave, found.sample_rate, clip.sample_rate)
                waves.append(wave)
                n_samples += wave.size
        return np.concatenate(waves)[:length]
