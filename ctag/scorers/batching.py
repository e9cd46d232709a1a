"""One function over sounds: over many in batches that suit the machine, over a few without a long
compilation."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float

Setting = TypeVar("Setting")
Result = TypeVar("Result")

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


def soon_compiled(
    function: Callable[[Float[Array, "n_sounds n_samples"], Setting], Result],
) -> Callable[[Float[Array, "n_sounds n_samples"], Setting], Result]:
    """Compile a function of sounds and of a setting that hashes.

    In another program it becomes a part of that. By itself it is called for targets, and for the
    best sounds at the end: on a CPU it is then compiled without being optimised, in half the time.
    """
    inlined = jax.jit(function, static_argnums=1, inline=True)

    @cache
    def alone() -> Callable[..., Result]:
        on_cpu = jax.default_backend() == "cpu"
        options = {"xla_backend_optimization_level": 0} if on_cpu else {}
        return jax.jit(function, static_argnums=1, compiler_options=options)

    @wraps(function)
    def call(audio: Float[Array, "n_sounds n_samples"], setting: Setting) -> Result:
        return (inlined if isinstance(audio, Tracer) else alone())(audio, setting)

    return call
