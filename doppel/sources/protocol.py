"""What a source of pairs is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    import torch

__all__ = ["PairSet", "PairSource", "PairStream", "Views", "check_numbers", "check_stream"]


@runtime_checkable
class Views(Protocol):
    """Both views of a batch of pairs."""

    def to_torch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return them as float32 (batch, n_samples) in [-1, 1]; not to be written to."""
        ...


@runtime_checkable
class PairStream(Protocol):
    """The pairs that one process trains on."""

    def batch(self, epoch: int, step: int, delta: float | None = None) -> Views:
        """Return the pairs of one step; the same whenever and wherever they are asked for.

        Args:
            epoch, step: 0 or more.
            delta: for this step; None is the source's own. Recordings know none.
        """
        ...


@runtime_checkable
class PairSet(Protocol):
    """A finite, numbered set of pairs."""

    def __len__(self) -> int:
        """How many pairs."""
        ...

    def pairs(self, indices: Sequence[int] | np.ndarray) -> Views:
        """Return the pairs of those numbers, whatever else is asked for with them.

        Raises:
            IndexError: a number is not in [0, len).
        """
        ...


@runtime_checkable
class PairSource(Protocol):
    """What a configuration builds; it stores settings, and nothing is read or rendered yet."""

    @property
    def sample_rate(self) -> float:
        """Of the views, in Hz."""
        ...

    def training(self, seed: int, batch_size: int, rank: int = 0, ranks: int = 1) -> PairStream:
        """Return the stream of one of several processes.

        Args:
            seed: of everything.
            batch_size: pairs a step of this process.
            rank: of this process, below `ranks`; no two make the same pair.
            ranks: how many processes there are.

        Raises:
            ValueError: no pairs a step, or a rank that is not one of them.
        """
        ...

    def validation(self, seed: int, n: int) -> PairSet:
        """Return n pairs that no stream ever trains on, whatever its seed.

        Raises:
            ValueError: n is below 1.
        """
        ...


def check_stream(batch_size: int, rank: int, ranks: int) -> None:
    """Refuse what no stream can be.

    Raises:
        ValueError: no pairs a step, or a rank that is not one of the ranks.
    """
    if batch_size < 1 or not 0 <= rank < ranks:
        raise ValueError(
            "batch_size must be at least 1 and rank one of 0 to ranks - 1, "
            f"got {batch_size}, {rank} and {ranks}"
        )


def check_numbers(indices: Sequence[int] | np.ndarray, n: int) -> np.ndarray:
    """Numbers of pairs of a set of n, as an array.

    Raises:
        IndexError: a number is not in [0, n).
    """
    numbers = np.asarray(indices, np.int64)
    if numbers.size and (numbers.min() < 0 or numbers.max() >= n):
        raise IndexError(f"pairs {numbers.min()} to {numbers.max()} of {n}")
    return numbers
