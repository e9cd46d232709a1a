"""CLAP score: how well sounds fit texts, by the cosine of the two embeddings of one model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float

from eval.embedders.base import Embedder
from eval.sounds.base import Sounds, Unreadable
from eval.statistics.bootstrap import mean_interval
from eval.statistics.estimate import Estimate

__all__ = ["ClapScore", "TextAndAudio", "clap_score", "score_sounds"]


@runtime_checkable
class TextAndAudio(Embedder, Protocol):
    """An embedder of sounds that puts texts into the same space."""

    def embed_text(self, texts: Sequence[str]) -> Float[torch.Tensor, "n_texts dimension"]:
        """Return one float32 vector a text."""
        ...


@dataclass(frozen=True)
class ClapScore:
    """The scores of sounds against their texts.

    Attributes:
        score: the mean over sounds, with its 95 % interval over sounds.
        standard_deviation: over sounds; NaN for one.
        values: of each sound, -1 to 1; NaN where it could not be read.
        unreadable: the sounds that could not be read, and why.
    """

    score: Estimate
    standard_deviation: float
    values: Float[np.ndarray, " n_sounds"]
    unreadable: tuple[Unreadable, ...] = ()


def clap_score(
    audio: Float[np.ndarray, "n_sounds dimension"],
    text: Float[np.ndarray, "n_sounds text_dimension"],
    seed: int = 0,
    unreadable: tuple[Unreadable, ...] = (),
) -> ClapScore:
    """Return the mean cosine of each sound's vector and its text's, in float64.

    Args:
        audio: one row a sound; a row of NaN is a sound that could not be read.
        text: row i is the text of sound i.
        seed: of the bootstrap.
        unreadable: sounds that could not be read, to be handed on.

    Raises:
        ValueError: dimensions differ, no sound could be read, or a vector has no direction.
    """
    if audio.shape != text.shape:
        raise ValueError(
            f"sounds {audio.shape} and texts {text.shape} are not in one space: both embeddings "
            "must be of the same model, a text a sound"
        )
    a, b = np.asarray(audio, np.float64), np.asarray(text, np.float64)
    known = np.isfinite(a).all(axis=1)
    if not known.any():
        raise ValueError("none of the sounds could be read")
    lengths = np.linalg.norm(a[known], axis=1) * np.linalg.norm(b[known], axis=1)
    if not (lengths > 0).all():
        raise ValueError("a vector of zeros, or one that is not finite, has no direction")
    values = np.full(len(a), np.nan)
    values[known] = (a[known] * b[known]).sum(axis=1) / lengths
    n_known = int(known.sum())
    spread = float(values[known].std(ddof=1)) if n_known > 1 else float("nan")
    return ClapScore(mean_interval(values[known], seed), spread, values, unreadable)


def score_sounds(
    sounds: Sounds,
    texts: Sequence[str],
    embedder: TextAndAudio,
    cache: Path | None = None,
    clip_s: float | None = None,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> ClapScore:
    """Embed sounds and their texts, and return the CLAP score.

    Args:
        sounds: the set.
        texts: one a sound; the same one may stand there many times and is embedded once.
        embedder: of both.
        cache, clip_s, progress: as in `eval.embedding.embed`.
        seed: of the bootstrap.

    Raises:
        ValueError: there are more or fewer texts than sounds; or as `clap_score`.
    """
    from eval.embedding import embed

    if len(texts) != len(sounds):
        raise ValueError(f"{len(sounds)} sounds of {sounds.name}, but {len(texts)} texts")
    different = list(dict.fromkeys(texts))
    place = {text: row for row, text in enumerate(different)}
    vectors = embedder.embed_text(different).detach().cpu().numpy()
    found = embed(sounds, embedder, cache, clip_s, progress)
    of_sounds = vectors[[place[text] for text in texts]]
    return clap_score(np.asarray(found.vectors), of_sounds, seed, found.unreadable)
