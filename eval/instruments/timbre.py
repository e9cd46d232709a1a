"""Timbre consistency: how alike the notes of an instrument are among each other (equations 6 to 8).

The trace of (A1 A2)^(1/2) of two positive semidefinite matrices A1 = L1 L1' and A2 = L2 L2' is the
sum of the singular values of L1' L2: no square root of a product that is not symmetric is taken,
and matrices of low rank, as those of few notes or short embeddings, need nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from eval.instruments.notes import Instrument
from eval.instruments.reference import Reference
from eval.statistics.bootstrap import mean_interval
from eval.statistics.estimate import Estimate

__all__ = [
    "affinity",
    "instrument_consistency",
    "paired_consistency",
    "root_trace",
    "timbre_consistency",
]


def affinity(instrument: Instrument, other: Instrument) -> Float[np.ndarray, "n_notes n_notes"]:
    """Return equation 6, A = Z_1' Z_2 / N; its trace is 1 of an instrument with itself.

    Raises:
        ValueError: the two have not the same notes, or are in different spaces.
    """
    _check_alike(instrument, other)
    return instrument.vectors @ other.vectors.T / len(instrument.keys)


def paired_consistency(first: Sequence[Instrument], second: Sequence[Instrument]) -> float:
    """Return equation 7: instrument k of the second set against instrument k of the first.

    1 where all of them have the same affinities, 0 where they have nothing in common.

    Raises:
        ValueError: the sets are empty or of different lengths, or instruments k have other notes.
    """
    if not first or len(first) != len(second):
        raise ValueError(f"{len(first)} instruments cannot be paired with {len(second)}")
    for one, other in zip(first, second, strict=True):
        if one.keys != other.keys:
            raise ValueError(f"{one.name} and {other.name} have not the same notes")
    traces = [
        root_trace(one.vectors, other.vectors) / len(one.keys)
        for one, other in zip(first, second, strict=True)
    ]
    return float(np.mean(traces))


def instrument_consistency(reference: Reference, instrument: Instrument) -> float:
    """Return one summand of equation 8: an instrument's affinities against the learned ones.

    Of the learned affinities only those of the notes that the instrument has count.

    Raises:
        ValueError: it has a note that no reference instrument has.
    """
    rows = reference.rows(instrument)
    values, vectors = np.linalg.eigh(reference.affinity[np.ix_(rows, rows)])
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return root_trace(root, instrument.vectors) / len(rows)


def timbre_consistency(
    reference: Reference, instruments: Sequence[Instrument], seed: int = 0
) -> Estimate:
    """Return equation 8, the mean over instruments, with a 95 % interval over them.

    Raises:
        ValueError: no instrument; or as `instrument_consistency`.
    """
    if not instruments:
        raise ValueError("timbre consistency needs at least one instrument")
    return mean_interval([instrument_consistency(reference, one) for one in instruments], seed)


def root_trace(
    first: Float[np.ndarray, "n first_rank"], second: Float[np.ndarray, "n second_rank"]
) -> float:
    """Return tr((F F' S S')^(1/2)) of two matrices given by factors, in float64."""
    return float(np.linalg.svd(first.T @ second, compute_uv=False).sum())


def _check_alike(one: Instrument, other: Instrument) -> None:
    if one.keys != other.keys or one.vectors.shape != other.vectors.shape:
        raise ValueError(
            f"{one.name} and {other.name} have not the same notes in the same space: "
            f"{one.vectors.shape} and {other.vectors.shape}"
        )
