"""Sounds that are in memory already."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from eval.sounds.base import Clip, Unreadable, check_numbers

__all__ = ["ArraySounds"]


@dataclass(frozen=True)
class ArraySounds:
    """Waves as a set of sounds.

    Attributes:
        name: of the set.
        waves: one a sound, (n_samples,), mono, of any lengths.
        sample_rate: of all of them, in Hz.
        names: one a sound; None numbers them.
    """

    name: str
    waves: Sequence[np.ndarray]
    sample_rate: float
    names: Sequence[str] | None = None

    def __post_init__(self) -> None:
        """Refuse names that do not fit.

        Raises:
            ValueError: there are more or fewer names than waves.
        """
        if self.names is not None and len(self.names) != len(self.waves):
            raise ValueError(f"{len(self.waves)} waves, but {len(self.names)} names")

    @property
    def identity(self) -> str:
        """The set's name, rate and a checksum of names and samples."""
        return self._identity

    @cached_property
    def _identity(self) -> str:
        digest = hashlib.sha256()
        for index in range(len(self)):
            wave = np.ascontiguousarray(self.waves[index], np.float32)
            digest.update(f"{self._name(index)}\0{wave.size}\0".encode())
            digest.update(wave.tobytes())
        return f"arrays {self.name} {self.sample_rate} {digest.hexdigest()}"

    def __len__(self) -> int:
        """How many sounds."""
        return len(self.waves)

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        """Return the sounds of those numbers; one with samples that are not finite is unreadable.

        Raises:
            IndexError: a number is not in [0, len).
        """
        check_numbers(indices, len(self), self.name)
        found: list[Clip | Unreadable] = []
        for index in indices:
            wave = np.asarray(self.waves[index], np.float32)
            if wave.size and np.isfinite(wave).all():
                found.append(Clip(self._name(index), wave, self.sample_rate))
            else:
                what = "samples that are not finite" if wave.size else "no samples"
                found.append(Unreadable(self._name(index), f"holds {what}"))
        return found

    def _name(self, index: int) -> str:
        return str(index) if self.names is None else self.names[index]
