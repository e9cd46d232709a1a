"""Scores by a model that puts sounds and texts into one space (CLAP): the cosine of the two."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ctag.scorers.hearing import heard
from eval.clap_score import TextAndAudio
from eval.harness.arrays import to_jax, to_torch

__all__ = ["TextAudioScorer"]


@dataclass(frozen=True)
class TextAudioScorer:
    """Scores sounds by how near their embedding is to the prompt's, -1 to 1, as CTAG does.

    The model runs in PyTorch, on the device it was given; sounds go there by DLPack. Negative
    scores are kept: they tell bad sounds from worse ones.

    Attributes:
        embedder: of sounds and texts, such as LAION's CLAP; resamples where rates differ.
    """

    embedder: TextAndAudio

    traceable = False
    sample_rate = None

    def target(self, prompts: Sequence[str]) -> Float[Array, "prompts dimension"]:
        """Return every prompt's unit vector.

        Raises:
            FileNotFoundError: the weights are not there; the message says which command gets them.
            ValueError: there is no prompt, or a text has no direction.
        """
        if isinstance(prompts, str) or not prompts:
            raise ValueError(f"prompts should be a list of texts, at least one, got {prompts!r}")
        vectors = _unit(to_jax(self.embedder.embed_text(list(prompts)).float()))
        for prompt, finite in zip(prompts, jnp.isfinite(vectors).all(-1), strict=True):
            if not finite:
                raise ValueError(f"{self.embedder.name} has no direction for {prompt!r}")
        return vectors

    def score(
        self,
        target: Float[Array, "prompts dimension"],
        audio: Float[Array, "prompts population n_samples"],
        sample_rate: float,
    ) -> Float[Array, "prompts population"]:
        """Score every sound against its row's prompt; -inf where sound or vector is not finite."""

        def embedded(wave: Float[Array, "sounds n_samples"]) -> Float[Array, "sounds dimension"]:
            return to_jax(self.embedder.embed(to_torch(wave), sample_rate).float())

        return _cosines(*heard(embedded, audio), target)


@jax.jit
def _cosines(
    vectors: Float[Array, "prompts population dimension"],
    finite: Bool[Array, "prompts population"],
    target: Float[Array, "prompts dimension"],
) -> Float[Array, "prompts population"]:
    """The inner products of directions; -inf where there is none."""
    score = jnp.einsum("prd,pd->pr", _unit(vectors), target)
    return jnp.where(finite & jnp.isfinite(score), score, -jnp.inf)


def _unit(vectors: Float[Array, "*batch dimension"]) -> Float[Array, "*batch dimension"]:
    return vectors / jnp.linalg.norm(vectors, axis=-1, keepdims=True)
