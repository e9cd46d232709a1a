"""Scores by a model that puts sounds and texts into one space (CLAP): the cosine of the two."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import torch
from jaxtyping import Array, Bool, Float

from ctag.scorers.hearing import heard, repaired
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

    def score_and_gradient(
        self,
        target: Float[Array, "prompts dimension"],
        audio: Float[Array, "prompts population n_samples"],
        sample_rate: float,
    ) -> tuple[Float[Array, "prompts population"], Float[Array, "prompts population n_samples"]]:
        """Scores, and of each the gradient with respect to its own sound, see `ctag.gradient`.

        A score may differ from `score`'s by what the embedder leaves out for the gradient's sake,
        such as rounding the sound to 16 bits. A broken sound has -inf and a gradient of zeros.

        Raises:
            TypeError: the embedder has no `embed_with_gradient`.
            ValueError: the audio is not at the embedder's rate.
        """
        if not hasattr(self.embedder, "embed_with_gradient"):
            raise TypeError(
                f"{self.embedder.name} gives no gradient: it has no embed_with_gradient"
            )
        waves, finite = repaired(audio)
        with torch.enable_grad():
            # A copy: what JAX made is not written to.
            heard_waves = to_torch(waves).clone().requires_grad_()
            vectors = self.embedder.embed_with_gradient(heard_waves, sample_rate).float()  # pyright: ignore[reportAttributeAccessIssue]
            wanted = to_torch(target).to(vectors.device).repeat_interleave(audio.shape[1], dim=0)
            score = (vectors / vectors.norm(dim=1, keepdim=True) * wanted).sum(1)
            (gradient,) = torch.autograd.grad(score.nan_to_num().sum(), heard_waves)
        usable = finite & jnp.isfinite(to_jax(score)).reshape(finite.shape)
        return (
            jnp.where(usable, to_jax(score).reshape(finite.shape), -jnp.inf),
            jnp.where(usable[..., None], to_jax(gradient).reshape(audio.shape), 0.0),
        )


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
