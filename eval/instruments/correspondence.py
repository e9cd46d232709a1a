"""How well an instrument fits its prompt: equations 9 to 11, the CLAP score adapted to text.

One text stands for a whole keyboard, whose embeddings differ by pitch and velocity; the adaptation
makes an ensemble of embeddings out of the text's one, with statistics of real instruments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float

from eval.instruments.notes import Instrument, Key, unit_rows
from eval.instruments.reference import Reference
from eval.instruments.timbre import affinity

__all__ = [
    "Method",
    "coloured",
    "ensemble",
    "implied_key",
    "score_by_instrument",
    "score_by_note",
    "text_score",
]

Method = Literal["naive", "translation", "coloration"]
_SMALLEST = 1e-9  # of the largest singular value; below it a direction counts as absent


def score_by_note(first: Sequence[Instrument], second: Sequence[Instrument]) -> float:
    """Return equation 9: the mean cosine of notes and the same notes, every note counting alike.

    Raises:
        ValueError: the sets are empty or of different lengths, or instruments k have other notes.
    """
    traces, sizes = _traces(first, second)
    return float(np.average(traces, weights=sizes))


def score_by_instrument(first: Sequence[Instrument], second: Sequence[Instrument]) -> float:
    """Return equation 10: as equation 9, every instrument counting alike.

    Raises:
        ValueError: as `score_by_note`.
    """
    return float(np.mean(_traces(first, second)[0]))


def text_score(
    reference: Reference,
    text: Float[np.ndarray, " dimension"],
    instrument: Instrument,
    method: Method = "coloration",
) -> float:
    """Return equation 10 of one instrument against the ensemble that is made of its prompt.

    The ensemble is made for all notes of the reference; the instrument's own count.

    Raises:
        ValueError: the instrument has a note that no reference instrument has, or the text's
            vector is zero, not finite or of another length.
    """
    wanted = ensemble(reference, text, method)[reference.rows(instrument)]
    return float((wanted * instrument.vectors).sum(axis=1).mean())


def implied_key(reference: Reference, text: Float[np.ndarray, " dimension"]) -> Key:
    """Return the note that a text sounds most like: its closest template by cosine."""
    return reference.keys[int(np.argmax(reference.templates @ _unit(reference, text)))]


def ensemble(
    reference: Reference, text: Float[np.ndarray, " dimension"], method: Method
) -> Float[np.ndarray, "n_keys dimension"]:
    """Return the embeddings, at length one, that notes of an instrument for a text should have.

    Args:
        reference: what real instruments are like.
        text: the embedding of the prompt.
        method: naive repeats the text's embedding. translation moves the mean instrument so that
            it meets the text at the note that the text implies: M + (z - mu). Equation 11 prints
            mu - z, which would move away from the text that it is said to align with. coloration
            gives the translated notes the affinities of real instruments.

    Raises:
        ValueError: the text's vector is zero, not finite or of another length; or an unknown
            method.
    """
    z = _unit(reference, text)
    if method == "naive":
        return np.tile(z, (len(reference.keys), 1))
    if method not in ("translation", "coloration"):
        raise ValueError(f"method {method!r}: choose naive, translation or coloration")
    nearest = reference.templates[int(np.argmax(reference.templates @ z))]
    moved = unit_rows(reference.templates + (z - nearest), "the translated ensemble")
    return coloured(moved, reference.affinity) if method == "coloration" else moved


def coloured(
    vectors: Float[np.ndarray, "n dimension"], wanted: Float[np.ndarray, "n_wanted n_wanted"]
) -> Float[np.ndarray, "n dimension"]:
    """Return vectors whose cosines are `wanted`, by whitening and colouring.

    C^(1/2) G^(-1/2) Z, with G the vectors' own inner products: symmetric square roots by
    eigendecomposition. The paper says "standard Eigendecomposition techniques" and no more.

    Vectors that do not span n dimensions reach the wanted cosines only in the directions that they
    have; rows are brought back to length one.

    Raises:
        ValueError: the shapes do not fit, or a row vanishes, having no share in what is wanted.
    """
    if wanted.shape != (len(vectors), len(vectors)):
        raise ValueError(f"{vectors.shape} vectors cannot have cosines {wanted.shape}")
    # G^(-1/2) Z is the partial isometry of the singular value decomposition, which stays accurate
    # where the eigenvalues of G, their squares, no longer would.
    left, singular, right = np.linalg.svd(vectors, full_matrices=False)
    there = singular > _SMALLEST * singular[0]
    white = left[:, there] @ right[there]
    values, axes = np.linalg.eigh(wanted)
    root = (axes * np.sqrt(np.maximum(values, 0.0))) @ axes.T
    return unit_rows(root @ white, "the coloured ensemble")


def _traces(
    first: Sequence[Instrument], second: Sequence[Instrument]
) -> tuple[list[float], list[int]]:
    if not first or len(first) != len(second):
        raise ValueError(f"{len(first)} instruments cannot be paired with {len(second)}")
    traces = [
        float(np.trace(affinity(one, other))) for one, other in zip(first, second, strict=True)
    ]
    return traces, [len(one.keys) for one in first]


def _unit(
    reference: Reference, text: Float[np.ndarray, " dimension"]
) -> Float[np.ndarray, " dimension"]:
    dimension = reference.templates.shape[1]
    if text.shape != (dimension,):
        raise ValueError(f"the text's vector is {text.shape}, the instruments' ({dimension},)")
    return unit_rows(np.asarray(text, np.float64)[None], "the text")[0]
