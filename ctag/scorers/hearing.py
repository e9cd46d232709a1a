"""What scorers by a network have in common: sounds of all prompts in one pass, the broken apart."""

from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

__all__ = ["heard"]


def heard(
    network: Callable[[Float[Array, "sounds n_samples"]], Float[Array, "sounds width"]],
    audio: Float[Array, "prompts population n_samples"],
) -> tuple[Float[Array, "prompts population width"], Bool[Array, "prompts population"]]:
    """Give a network all sounds as one batch.

    Returns:
        What it says of each, and which sounds are finite; silence stands for the others, since a
        network refuses them.
    """
    n_prompts, population, n_samples = audio.shape
    finite = jnp.isfinite(audio).all(-1)
    waves = jnp.where(finite[..., None], audio, 0.0).reshape(-1, n_samples)
    return network(waves).reshape(n_prompts, population, -1), finite
