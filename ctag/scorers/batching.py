"""One function over many sounds, in batches that suit the machine."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

CPU_BATCH = 4
"""Sounds worked on at once on a CPU: few enough for their spectra to stay in cache."""


def over_sounds(
    function: Callable[[Float[Array, " n_samples"]], Any],
    audio: Float[Array, "*batch n_samples"],
) -> Any:
    """Apply a function of one sound to every sound; its arrays get the sounds' leading axes.

    On a CPU a few sounds at a time, on an accelerator all at once.
    """
    rows = audio.reshape(-1, audio.shape[-1])
    n_rows = rows.shape[0]
    size = max(1, min(CPU_BATCH if jax.default_backend() == "cpu" else n_rows, n_rows))
    # Silence fills the last batch: a remainder would be compiled once more.
    filled = jnp.pad(rows, ((0, -n_rows % size), (0, 0))).reshape(-1, size, rows.shape[-1])
    results = jax.lax.map(jax.vmap(function), filled)
    return jax.tree.map(
        lambda leaf: leaf.reshape(-1, *leaf.shape[2:])[:n_rows].reshape(
            *audio.shape[:-1], *leaf.shape[2:]
        ),
        results,
    )
