"""What a search saw: figures of every generation, and what a search hands back."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Int32


class Figures(NamedTuple):
    """Figures of one generation, or of several (a leading axis), for every prompt.

    Attributes:
        best: the highest score so far, of this generation or any before.
        generation_best: the highest score in the generation.
        mean, std: over the sounds of the generation that got a finite score.
        failed: how many got none.
    """

    best: Float[Array, "*generations prompts"]
    generation_best: Float[Array, "*generations prompts"]
    mean: Float[Array, "*generations prompts"]
    std: Float[Array, "*generations prompts"]
    failed: Int32[Array, "*generations prompts"]


def summarize(
    score: Float[Array, "prompts population"], best_before: Float[Array, " prompts"]
) -> Figures:
    """The figures of one generation; scores that are not finite are counted and left out."""
    usable = jnp.isfinite(score)
    highest = jnp.max(jnp.where(usable, score, -jnp.inf), axis=-1)
    mean = jnp.mean(score, axis=-1, where=usable)
    std = jnp.std(score, axis=-1, where=usable)
    failed = jnp.sum(~usable, axis=-1, dtype=jnp.int32)
    return Figures(jnp.maximum(best_before, highest), highest, mean, std, failed)


@dataclass(frozen=True)
class History:
    """`Figures` of all generations on the host, each array (generations, prompts).

    A generation in which no sound of a prompt got a finite score has the best -inf and the mean
    NaN.
    """

    best: Float32[np.ndarray, "generations prompts"]
    generation_best: Float32[np.ndarray, "generations prompts"]
    mean: Float32[np.ndarray, "generations prompts"]
    std: Float32[np.ndarray, "generations prompts"]
    failed: Int32[np.ndarray, "generations prompts"]

    @staticmethod
    def empty(n_prompts: int) -> "History":
        """The history before the first generation."""
        none = np.zeros((0, n_prompts), np.float32)
        return History(none, none, none, none, np.zeros((0, n_prompts), np.int32))

    def extended(self, figures: Figures, count: int) -> "History":
        """With the first `count` generations of `figures` put behind."""
        host = jax.device_get(figures)
        return History(
            *(
                np.concatenate([getattr(self, name), getattr(host, name)[:count]])
                for name in Figures._fields
            )
        )

    def as_arrays(self) -> dict[str, np.ndarray]:
        """The arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __len__(self) -> int:
        return self.best.shape[0]


@dataclass(frozen=True)
class SearchResult:
    """The best sound of every prompt.

    Attributes:
        prompts: their names, the prompts themselves where none were given.
        theta: the best parameters, in [0, 1].
        audio: their sound, rendered once more after the search: what to save.
        score: the score of exactly that audio.
        history: figures of every generation; `history.best[-1]` is the score that the search saw.
        sample_rate: of the audio, in Hz.
    """

    prompts: Sequence[str]
    theta: Float32[np.ndarray, "prompts n_params"]
    audio: Float32[np.ndarray, "prompts n_samples"]
    score: Float32[np.ndarray, " prompts"]
    history: History
    sample_rate: float
