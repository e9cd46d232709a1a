"""Scores by a classifier of sounds: the log-probability of the class that a prompt names."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ctag.scorers.class_names import classes_of
from ctag.scorers.hearing import heard
from eval.embedders.base import Classifier
from eval.harness.arrays import to_jax, to_torch

__all__ = ["ClassScorer"]

LEAST = 1e-30
"""Probabilities below count as this one: their logarithm stays finite."""


@dataclass(frozen=True)
class ClassScorer:
    """Scores sounds by the natural logarithm of the probability of the prompt's class.

    A prompt may name several classes (`dog` is Dog or Bark); the likeliest counts. The vocabulary
    is closed: captions are not understood, so a search gives it the labels.

    Attributes:
        classifier: such as YAMNet or the Audio Spectrogram Transformer, of AudioSet's classes.
        aliases: classes of your own words, laid over `ctag/scorers/classes.yaml`.
    """

    classifier: Classifier
    aliases: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    traceable = False
    sample_rate = None
    hears_labels = True

    def target(self, prompts: Sequence[str]) -> Bool[Array, "prompts n_classes"]:
        """Return which classes each prompt names.

        Raises:
            FileNotFoundError: the model is not there; the message says which command gets it.
            ValueError: a prompt names no class; the message has the nearest ones.
        """
        if isinstance(prompts, str) or not prompts:
            raise ValueError(f"prompts should be a list of labels, at least one, got {prompts!r}")
        names = self.classifier.class_names
        rows = np.zeros((len(prompts), len(names)), bool)
        for row, prompt in zip(rows, prompts, strict=True):
            row[self._columns(prompt, names)] = True
        return jnp.asarray(rows)

    def _columns(self, prompt: str, names: Sequence[str]) -> list[int]:
        if getattr(self.classifier, "assets", None) == "stand_in":
            # Random weights know no words: any class of its own does for a prompt.
            return [zlib.crc32(prompt.encode()) % len(names)]
        return [names.index(name) for name in classes_of(prompt, names, self.aliases)]

    def score(
        self,
        target: Bool[Array, "prompts n_classes"],
        audio: Float[Array, "prompts population n_samples"],
        sample_rate: float,
    ) -> Float[Array, "prompts population"]:
        """Score every sound against the prompt of its row, at most 0; -inf for NaN or infinity."""
        probability, finite = self._probabilities(audio, sample_rate)
        likeliest = jnp.where(target[:, None], probability, 0.0).max(-1)
        score = jnp.log(jnp.maximum(likeliest, LEAST))
        return jnp.where(finite & jnp.isfinite(score), score, -jnp.inf)

    def rank(
        self,
        target: Bool[Array, "prompts n_classes"],
        audio: Float[Array, "prompts population n_samples"],
        sample_rate: float,
    ) -> Float[Array, "prompts population"]:
        """Return the place of the prompt's likeliest class among all of them, from 1.

        Of classes that are equally likely all have the best place; NaN for NaN or infinity.
        """
        probability, finite = self._probabilities(audio, sample_rate)
        own = jnp.where(target[:, None], probability, -1.0).max(-1)
        place = 1.0 + (probability > own[..., None]).sum(-1)
        return jnp.where(finite, place, jnp.nan)

    def _probabilities(
        self, audio: Float[Array, "prompts population n_samples"], sample_rate: float
    ) -> tuple[Float[Array, "prompts population n_classes"], Bool[Array, "prompts population"]]:
        return heard(
            lambda waves: to_jax(self.classifier.probabilities(to_torch(waves), sample_rate)),
            audio,
        )
