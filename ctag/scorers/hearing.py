"""What scorers by a network have in common: sounds of all prompts in one pass, the broken apart."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

__all__ = ["heard", "repaired"]


def heard(
    network: Callable[[Float[Array, "sounds n_samples"]], Float[Array, "sounds width"]],
    audio: Float[Array, "prompts population n_samples"],
) -> tuple[Float[Array, "prompts population width"], Bool[Array, "prompts population"]]:
    """Give a network all sounds as one batch.

    Returns:
        What it says of each, and which sounds are finite; silence stands for the others, since a
        network refuses them.
    """
    waves, finite = repaired(audio)
    said = network(waves)
    return said.reshape(*finite.shape, said.shape[-1]), finite


@jax.jit
def repaired(
    audio: Float[Array, "prompts population n_samples"],
) -> tuple[Float[Array, "sounds n_samples"], Bool[Array, "prompts population"]]:
    """All sounds in a row, silence for those that are not finite, and which ones are finite.

    One program: a search calls it every generation.
    """
    finite = jnp.isfinite(audio).all(-1)
    return jnp.where(finite[..., None], audio, 0.0).reshape(-1, audio.shape[-1]), finite
