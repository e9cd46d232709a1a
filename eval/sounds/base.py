"""What a set of sounds is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

__all__ = ["Clip", "Sounds", "Unreadable", "check_numbers"]


@dataclass(frozen=True)
class Clip:
    """One sound.

    Attributes:
        name: its file's name relative to the set, or its number in it.
        wave: mono, at least one sample.
        sample_rate: in Hz.
    """

    name: str
    wave: Float32[np.ndarray, " n_samples"]
    sample_rate: float


@dataclass(frozen=True)
class Unreadable:
    """A sound that could not be read: it is named and counted, never silently dropped."""

    name: str
    reason: str


@runtime_checkable
class Sounds(Protocol):
    """A finite, numbered set of sounds that is read or rendered when asked.

    Sound i depends on i alone (and the set's own settings and seed), whatever else is asked for in
    the same call, so that batches, workers and interruptions change nothing.
    """

    @property
    def name(self) -> str:
        """Short and printable, such as "voice" or "esc10"."""
        ...

    @property
    def identity(self) -> str:
        """What decides the sounds: files by content, settings, seed. Keys of caches hold it."""
        ...

    def __len__(self) -> int:
        """How many sounds, readable or not."""
        ...

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        """Return the sounds of those numbers, in that order.

        Raises:
            IndexError: a number is not in [0, len).
        """
        ...


def check_numbers(indices: Sequence[int], n: int, name: str) -> None:
    """Refuse numbers that no sound of a set of n has.

    Raises:
        IndexError: a number is not in [0, n).
    """
    for index in indices:
        if not 0 <= index < n:
            raise IndexError(f"sound {index} of {n} in {name}")
