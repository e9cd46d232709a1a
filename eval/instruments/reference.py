"""What real instruments are like: mean embeddings and affinities of notes (section 3.2 and 3.3.2).

From Generating Sample-Based Musical Instruments Using Neural Audio Codec Language Models
(Nercessian et al., 2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from eval.instruments.notes import Instrument, Key, unit_rows

__all__ = ["Reference"]


@dataclass(frozen=True)
class Reference:
    """Statistics of real instruments.

    Attributes:
        keys: every note that one of the instruments has, in order.
        templates: the mean of each note's embeddings, at length one: the columns of M_1*.
        affinity: cosines of notes, averaged over the instruments that have both: N A_11*. Ones on
            its diagonal, positive semidefinite.
        n_instruments: how many were averaged.
        repaired: what of the affinity's trace was negative eigenvalues and was taken out. 0 where
            every instrument has every note; averages over different instruments need not agree.
    """

    keys: tuple[Key, ...]
    templates: Float[np.ndarray, "n_keys dimension"]
    affinity: Float[np.ndarray, "n_keys n_keys"]
    n_instruments: int
    repaired: float

    @classmethod
    def learn(cls, instruments: Sequence[Instrument]) -> Reference:
        """Average over instruments.

        Raises:
            ValueError: no instrument, embeddings of different lengths, two notes that no instrument
                has together, or a note whose embeddings cancel.
        """
        if not instruments:
            raise ValueError("a reference needs at least one instrument")
        if len({instrument.vectors.shape[1] for instrument in instruments}) > 1:
            raise ValueError("the instruments are embedded in spaces of different dimensions")
        keys = tuple(sorted({key for instrument in instruments for key in instrument.keys}))
        row_of = {key: row for row, key in enumerate(keys)}
        sums = np.zeros((len(keys), instruments[0].vectors.shape[1]))
        affinity = np.zeros((len(keys), len(keys)))
        together = np.zeros((len(keys), len(keys)), np.int64)
        for instrument in instruments:
            rows = np.array([row_of[key] for key in instrument.keys])
            sums[rows] += instrument.vectors
            block = np.ix_(rows, rows)
            affinity[block] += instrument.vectors @ instrument.vectors.T
            together[block] += 1
        _check_together(together, keys)
        affinity, repaired = _semidefinite(affinity / together)
        templates = unit_rows(sums, "the mean of the instruments")
        return cls(keys, templates, affinity, len(instruments), repaired)

    def rows(self, instrument: Instrument) -> Int[np.ndarray, " n_notes"]:
        """Return where the instrument's notes stand.

        Raises:
            ValueError: it has a note that no reference instrument has.
        """
        row_of = {key: row for row, key in enumerate(self.keys)}
        strange = [key for key in instrument.keys if key not in row_of]
        if strange:
            raise ValueError(
                f"{instrument.name} has {len(strange)} notes that no reference instrument has, "
                f"such as {strange[0]}: leave them out, or learn from instruments that have them"
            )
        return np.array([row_of[key] for key in instrument.keys])


def _check_together(together: Int[np.ndarray, "n n"], keys: tuple[Key, ...]) -> None:
    """Refuse pairs of notes that were never seen together."""
    missing = np.argwhere(np.triu(together == 0))
    if len(missing):
        one, other = missing[0]
        raise ValueError(
            f"{len(missing)} pairs of notes, such as {keys[one]} and {keys[other]}, are in no "
            "instrument together: give more instruments, or coarser keys (pitch alone)"
        )


def _semidefinite(
    affinity: Float[np.ndarray, "n n"],
) -> tuple[Float[np.ndarray, "n n"], float]:
    """The affinity without negative eigenvalues, ones on its diagonal; and their share."""
    values, vectors = np.linalg.eigh((affinity + affinity.T) / 2)
    negative = float(-values[values < 0].sum() / len(values))
    if negative < 1e-12:
        return affinity, 0.0
    repaired = (vectors * np.maximum(values, 0.0)) @ vectors.T
    scale = 1.0 / np.sqrt(np.diag(repaired))
    return repaired * scale[:, None] * scale[None, :], negative
