"""Batches larger than memory: rendered piece by piece, into one buffer that is used again."""

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32

from synth.base import Synth


def stream(
    synth: Synth,
    theta: Float[Array | np.ndarray, "batch n_params"],
    size: int,
    noise_keys: Array | None = None,
) -> Iterator[Float32[np.ndarray, "size n_samples"]]:
    """Yield the sounds of a batch in order, `size` at a time, as arrays on the host.

    Device memory holds one piece, whatever the batch.

    Args:
        synth: what renders.
        theta: parameter vectors in [0, 1], on the host or on a device.
        size: sounds a piece; the last may be smaller.
        noise_keys: one key a sound, or None, as in `Synth.render`.

    Raises:
        ValueError: size is below 1.
    """
    if size < 1:
        raise ValueError(f"a piece needs at least 1 sound, got size = {size}")
    buffer = None
    for first in range(0, theta.shape[0], size):
        rows = slice(first, first + size)
        part = jnp.asarray(theta[rows], jnp.float32)
        keys = None if noise_keys is None else noise_keys[rows]
        if buffer is None or buffer.shape[0] != part.shape[0]:
            buffer = jnp.zeros((part.shape[0], synth.n_samples), jnp.float32)
        buffer = synth.render_into(buffer, part, keys)
        # A copy: the next piece overwrites the buffer.
        yield np.array(buffer)
