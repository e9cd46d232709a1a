"""Spaces in which both sounds and what is wanted of them have a place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax.numpy as jnp
import numpy as np
import torch
from jaxtyping import Array, Float, Float32

from ctag.scorers.acoustic import AcousticScorer
from ctag.scorers.acoustic.descriptors import describe
from ctag.scorers.acoustic.scorer import score_positions
from ctag.scorers.acoustic.table import positions
from ctag.scorers.classes import LEAST, ClassScorer
from ctag.scorers.hearing import repaired
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

    def liking(
        self, vectors: Float32[np.ndarray, "sounds dimension"], prompts: Sequence[str]
    ) -> Float32[np.ndarray, "prompts sounds"]:
        """What the scorer says of sounds at these places; no sound is played for it."""
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

    def liking(
        self, vectors: Float32[np.ndarray, "sounds dimension"], prompts: Sequence[str]
    ) -> Float32[np.ndarray, "prompts sounds"]:
        """See `Space`: the scorer's own score."""
        each = jnp.broadcast_to(vectors, (len(prompts), *vectors.shape))
        return np.asarray(score_positions(self.scorer.target(prompts), each))


@dataclass(frozen=True)
class ClassSpace:
    """Log-probabilities of a classifier's classes.

    Attributes:
        scorer: that judges by the likeliest class of a prompt.
    """

    scorer: ClassScorer

    def of_sounds(
        self, audio: Float[Array, "sounds n_samples"], sample_rate: float
    ) -> Float32[np.ndarray, "sounds dimension"]:
        """See `Space`."""
        probability = _heard(
            lambda waves: self.scorer.classifier.probabilities(waves, sample_rate), audio
        )
        return np.log(np.maximum(probability, LEAST))

    def of_prompts(self, prompts: Sequence[str]) -> Wanted:
        """See `Space`: the prompt's classes are certain, the others open."""
        named = np.asarray(self.scorer.target(prompts), np.float32)
        return Wanted(np.zeros_like(named), named)

    def liking(
        self, vectors: Float32[np.ndarray, "sounds dimension"], prompts: Sequence[str]
    ) -> Float32[np.ndarray, "prompts sounds"]:
        """See `Space`: the scorer's own score."""
        named = np.asarray(self.scorer.target(prompts))
        return np.stack([vectors[:, classes].max(axis=1) for classes in named])


@dataclass(frozen=True)
class EmbeddingSpace:
    """The space of a model that embeds sounds and texts, such as CLAP.

    Attributes:
        embedder: it.
    """

    embedder: Any

    def of_sounds(
        self, audio: Float[Array, "sounds n_samples"], sample_rate: float
    ) -> Float32[np.ndarray, "sounds dimension"]:
        """See `Space`."""
        return _heard(lambda waves: self.embedder.embed(waves, sample_rate), audio)

    def of_prompts(self, prompts: Sequence[str]) -> Wanted:
        """See `Space`; every dimension counts alike."""
        vectors = np.asarray(self.embedder.embed_text(list(prompts)).float().cpu(), np.float32)
        return Wanted(vectors, np.ones_like(vectors))

    def liking(
        self, vectors: Float32[np.ndarray, "sounds dimension"], prompts: Sequence[str]
    ) -> Float32[np.ndarray, "prompts sounds"]:
        """See `Space`: the cosine, which is the score."""
        wanted = self.of_prompts(prompts).vector
        return _unit(wanted) @ _unit(vectors).T


def _heard(
    network: Callable[[torch.Tensor], torch.Tensor], audio: Float[Array, "sounds n_samples"]
) -> Float32[np.ndarray, "sounds dimension"]:
    """What a network says of sounds; NaN for the broken, which it does not get to hear."""
    waves, finite = repaired(audio[None])
    said = network(to_torch(waves)).float().cpu().numpy().copy()
    said[~np.asarray(finite)[0]] = np.nan
    return said


def _unit(vectors: Float32[np.ndarray, "rows dimension"]) -> Float32[np.ndarray, "rows dimension"]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
