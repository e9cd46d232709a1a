"""An instrument as the embeddings of its notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["Instrument", "Key", "unit_rows"]

Key = tuple[int, ...]
"""What a note is: (pitch, velocity), or (pitch,) where one velocity a pitch is all there is."""


@dataclass(frozen=True)
class Instrument:
    """The notes of one instrument, any subset of a keyboard.

    Attributes:
        name: for messages.
        keys: of each note, each at most once.
        vectors: their embeddings at length one, float64, notes in the order of their keys: by
            pitch first, then by velocity.
    """

    name: str
    keys: tuple[Key, ...]
    vectors: Float[np.ndarray, "n_notes dimension"]

    @classmethod
    def of(cls, name: str, keys: Sequence[Key], vectors: np.ndarray) -> Instrument:
        """Put notes in order and their vectors at length one.

        Args:
            name: of the instrument.
            keys: one a note.
            vectors: (n_notes, dimension), any length but zero.

        Raises:
            ValueError: no notes, a key twice, keys that do not fit the vectors, or a vector that
                is zero or not finite.
        """
        rows = np.asarray(vectors, np.float64)
        if not keys or rows.shape[:-1] != (len(keys),):
            raise ValueError(f"{name}: {len(keys)} notes, but vectors {rows.shape}")
        if len(set(keys)) != len(keys):
            twice = next(key for key in keys if list(keys).count(key) > 1)
            raise ValueError(f"{name} has the note {twice} more than once: keep one of them")
        order = sorted(range(len(keys)), key=lambda place: keys[place])
        return cls(name, tuple(keys[place] for place in order), unit_rows(rows[order], name))


def unit_rows(
    vectors: Float[np.ndarray, "n dimension"], name: str
) -> Float[np.ndarray, "n dimension"]:
    """Return vectors at length one.

    Raises:
        ValueError: one is zero or not finite.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        bad = int((~(np.isfinite(lengths) & (lengths > 0))).sum())
        raise ValueError(f"{name}: {bad} vectors are zero or not finite and have no direction")
    return vectors / lengths
