"""Some sounds of a set, drawn by a seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from eval.sounds.base import Clip, Sounds, Unreadable, check_numbers

__all__ = ["Subset"]


@dataclass(frozen=True)
class Subset:
    """At most n sounds of a set, each at most once, in the set's order.

    Attributes:
        sounds: the set.
        n: how many; None is all, and so is more than there are.
        seed: of the draw.
        name: empty is the set's own.
    """

    sounds: Sounds
    n: int | None = 1000
    seed: int = 0
    name: str = ""

    def __post_init__(self) -> None:
        """Take over the set's name where there is none.

        Raises:
            ValueError: no sound is asked for.
        """
        if self.n is not None and self.n < 1:
            raise ValueError(f"a subset needs at least 1 sound, got n = {self.n}")
        if not self.name:
            object.__setattr__(self, "name", self.sounds.name)

    @property
    def identity(self) -> str:
        """The set's, and which of its sounds."""
        return f"{self.n} drawn by {self.seed} of ({self.sounds.identity})"

    def __len__(self) -> int:
        """How many sounds."""
        return len(self._chosen)

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        """Return the sounds of those numbers.

        Raises:
            IndexError: a number is not in [0, len).
        """
        check_numbers(indices, len(self), self.name)
        return self.sounds.clips([int(self._chosen[index]) for index in indices])

    @cached_property
    def _chosen(self) -> np.ndarray:
        every = len(self.sounds)
        if self.n is None or self.n >= every:
            return np.arange(every)
        return np.sort(np.random.default_rng(self.seed).permutation(every)[: self.n])
