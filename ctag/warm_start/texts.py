"""Vectors of texts, to find prompts that mean or read alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32

from ctag.scorers.acoustic import AcousticScorer


@runtime_checkable
class TextVectors(Protocol):
    """Puts texts into a space in which the cosine says how alike they are.

    Attributes:
        identity: what vectors depend on; those of different ones are never compared.
    """

    @property
    def identity(self) -> str:
        """See the class."""
        ...

    def vectors(self, texts: Sequence[str]) -> Float32[np.ndarray, "texts dimension"]:
        """One vector of length 1 a text."""
        ...


@dataclass(frozen=True)
class Spelling:
    """Texts by their groups of 3 to 5 letters within words: no model, no vocabulary.

    Attributes:
        dimension: places into which groups are hashed.
    """

    dimension: int = 1024

    @property
    def identity(self) -> str:
        """Name and setting."""
        return f"spelling-{self.dimension}"

    def vectors(self, texts: Sequence[str]) -> Float32[np.ndarray, "texts dimension"]:
        """See `TextVectors`."""
        from sklearn.feature_extraction.text import HashingVectorizer

        hashing = HashingVectorizer(
            analyzer="char_wb", ngram_range=(3, 5), n_features=self.dimension, alternate_sign=False
        )
        counted: Any = hashing.transform(list(texts))
        return _unit(counted.toarray())


@dataclass(frozen=True)
class Profiles:
    """Texts by the profile of descriptors that the acoustic scorer's glossary gives them.

    Attributes:
        scorer: it, with its glossary.
    """

    scorer: AcousticScorer = field(default_factory=AcousticScorer)

    @property
    def identity(self) -> str:
        """Name and settings."""
        return f"profiles-{self.scorer!r}"

    def vectors(self, texts: Sequence[str]) -> Float32[np.ndarray, "texts dimension"]:
        """See `TextVectors`: each goal's middle around the middle of its range, by its weight."""
        fit = self.scorer.target(texts)
        low, high, weight = (
            np.asarray(part, np.float64) for part in (fit.low, fit.high, fit.weight)
        )
        reach = 100.0  # ends that are open lie far beyond
        middle = (np.clip(low, -reach, reach) + np.clip(high, -reach, reach)) / 2
        goals = np.sqrt(weight)
        return _unit(np.concatenate([goals * np.tanh(middle / 10), goals], axis=1))


@dataclass(frozen=True)
class Embedded:
    """Texts in the space of a model with `embed_text`, such as CLAP.

    Attributes:
        embedder: it.
    """

    embedder: Any

    @property
    def identity(self) -> str:
        """The embedder's."""
        return str(self.embedder.identity)

    def vectors(self, texts: Sequence[str]) -> Float32[np.ndarray, "texts dimension"]:
        """See `TextVectors`."""
        return _unit(np.asarray(self.embedder.embed_text(list(texts)).float().cpu()))


def _unit(vectors: np.ndarray) -> Float32[np.ndarray, "texts dimension"]:
    length = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return (vectors / length).astype(np.float32)
