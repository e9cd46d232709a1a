"""Where warm searches begin: at solved prompts, at sounds of a pool, at what a network predicts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32

from ctag.scorers.acoustic import AcousticScorer
from ctag.scorers.classes import ClassScorer
from ctag.warm_start.spaces import ClassSpace, DescriptorSpace, EmbeddingSpace, Space
from ctag.warm_start.texts import Embedded, Profiles, Spelling, TextVectors
from synth.base import Synth

BLOCK = 32  # sounds


@dataclass(frozen=True)
class Ways:
    """How seeds are found for a scorer.

    Attributes:
        texts: puts prompts into a space, for the cache.
        space: puts sounds and prompts into one, for the predictor; None: there is none.
    """

    texts: TextVectors
    space: Space | None


def ways_for(scorer: Any) -> Ways:
    """A CLAP's own space; the acoustic scorer's profiles; a classifier's classes, for texts their
    spelling; else spelling, and no predictor."""
    embedder = getattr(scorer, "embedder", None)
    if embedder is not None and hasattr(embedder, "embed_text"):
        return Ways(Embedded(embedder), EmbeddingSpace(embedder))
    if isinstance(scorer, AcousticScorer):
        return Ways(Profiles(scorer), DescriptorSpace(scorer))
    return Ways(Spelling(), ClassSpace(scorer) if isinstance(scorer, ClassScorer) else None)


def pool(
    synth: Synth, space: Space, sounds: int, key: Array, show: Callable[[int], None]
) -> dict[str, np.ndarray]:
    """Random patches (`theta`) and where their sounds lie (`vectors`), heard in blocks.

    Args:
        synth: plays them.
        space: hears them.
        sounds: how many.
        key: of the patches.
        show: told after each block how many sounds it had.
    """
    theta = np.asarray(jax.random.uniform(key, (sounds, synth.n_params)))
    filled = np.concatenate([theta, np.repeat(theta[:1], -sounds % BLOCK, axis=0)])
    rate = float(synth.config.sample_rate)
    rows = []
    for block in np.split(filled, len(filled) // BLOCK):
        rows.append(space.of_sounds(synth.render(jnp.asarray(block)), rate))
        show(BLOCK)
    return {"theta": theta, "vectors": np.concatenate(rows)[:sounds]}


def filled_up(
    rows: list[np.ndarray], points: int
) -> Float32[np.ndarray, "prompts points n_params"]:
    """Seeds of equal number for each prompt: those there are, in turns."""
    return np.stack([row[np.arange(points) % len(row)] for row in rows]).astype(np.float32)
