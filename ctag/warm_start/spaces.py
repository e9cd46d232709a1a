"""Spaces in which both sounds and what is wanted of them have a place."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32

from ctag.scorers.acoustic import AcousticScorer
from ctag.scorers.acoustic.descriptors import describe
from ctag.scorers.acoustic.table import positions
from eval.harness import audio as audio_files
from eval.harness.arrays import to_torch


class Wanted(NamedTuple):
    """Where the sound that is wanted lies.

    Attributes:
        vector: the place.
        weight: how much each dimension counts; zero where it is left open.
    """

    vector: Float32[np.ndarray, "prompts dimension"]
    weight: Float32[np.ndarray, "prompts dimension"]


@runtime_checkable
class Space(Protocol):
    """Places sounds and prompts."""

    def of_sounds(
        self, audio: Float[Array, "sounds n_samples"], sample_rate: float
    ) -> Float32[np.ndarray, "sounds dimension"]:
        """Where sounds lie; NaN for those that cannot be placed."""
        ...

    def of_prompts(self, prompts: Sequence[str]) -> Wanted:
        """Where their sounds would lie."""
        ...


@dataclass(frozen=True)
class DescriptorSpace:
    """Descriptors of the acoustic scorer, and the profiles of its glossary.

    Attributes:
        scorer: it, with its glossary.
    """

    scorer: AcousticScorer = field(default_factory=AcousticScorer)

    def of_sounds(
        self, audio: Float[Array, "sounds n_samples"], sample_rate: float
    ) -> Float32[np.ndarray, "sounds dimension"]:
        """See `Space`: steps on the descriptors' curves."""
        return np.asarray(positions(describe(audio, sample_rate)), np.float32)

    def of_prompts(self, prompts: Sequence[str]) -> Wanted:
        """See `Space`: the middle of each goal, or its only end."""
        fit = self.scorer.target(prompts)
        low, high, weight = (np.asarray(part) for part in (fit.low, fit.high, fit.weight))
        open_below, open_above = low < -1e3, high > 1e3
        middle = np.where(open_below, high, np.where(open_above, low, (low + high) / 2))
        weight = np.where(open_below & open_above, 0.0, weight)
        return Wanted(
            np.where(weight > 0, middle, 0.0).astype(np.float32), weight.astype(np.float32)
        )


@dataclass(frozen=True)
class EmbeddingSpace:
    """The space of an embedder of sounds.

    Attributes:
        embedder: with `embed_text`, prompts are texts; without, paths of recordings.
    """

    embedder: Any

    def of_sounds(
        self, audio: Float[Array, "sounds n_samples"], sample_rate: float
    ) -> Float32[np.ndarray, "sounds dimension"]:
        """See `Space`."""
        return np.asarray(self.embedder.embed(to_torch(audio), sample_rate).float().cpu())

    def of_prompts(self, prompts: Sequence[str]) -> Wanted:
        """See `Space`; every dimension counts alike.

        Raises:
            FileNotFoundError, ValueError: a recording cannot be read.
        """
        if hasattr(self.embedder, "embed_text"):
            vectors = np.asarray(self.embedder.embed_text(list(prompts)).float().cpu())
        else:
            read = [audio_files.read(path) for path in prompts]
            vectors = np.concatenate(
                [self.of_sounds(jnp.asarray(wave)[None], rate) for wave, rate in read]
            )
        return Wanted(vectors.astype(np.float32), np.ones_like(vectors, np.float32))
