"""One batch over several devices: each renders its own rows."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Float

from synth.base import Synth
from synth.engine import compiler_options


def render_sharded(
    synth: Synth,
    theta: Float[Array, "batch n_params"],
    noise_keys: Array | None = None,
    devices: Sequence[Any] | None = None,
) -> Float[Array, "batch n_samples"]:
    """Render a batch with its rows spread evenly over devices; the audio stays spread.

    Args:
        synth: what renders.
        theta: parameter vectors in [0, 1]; a batch that the devices do not divide is filled up
            with its last row, which is dropped again.
        noise_keys: one key a sound, or None, as in `Synth.render`.
        devices: JAX devices; all local ones where None.

    Returns:
        The same audio as `synth.render(theta, noise_keys)`.
    """
    chosen = tuple(devices or jax.local_devices())
    theta = jnp.asarray(theta)
    batch = theta.shape[0]
    missing = -batch % len(chosen)
    if missing:
        theta = jnp.concatenate([theta, jnp.repeat(theta[-1:], missing, axis=0)])
        if noise_keys is not None:
            noise_keys = jnp.concatenate([noise_keys, jnp.repeat(noise_keys[-1:], missing, axis=0)])
    audio = _compiled(synth, chosen, noise_keys is not None)(theta, noise_keys)
    return audio[:batch] if missing else audio


@cache
def _compiled(synth: Synth, devices: tuple[Any, ...], keyed: bool) -> Any:
    mesh = Mesh(np.array(devices), ("batch",))
    rows = PartitionSpec("batch")

    def render(theta: Array, noise_keys: Array | None) -> Array:
        return synth.render(theta, noise_keys)

    # Every device renders sounds of its own: there is nothing to check between them.
    spread = jax.shard_map(
        render, mesh=mesh, in_specs=(rows, rows if keyed else None), out_specs=rows, check_vma=False
    )
    return jax.jit(spread, compiler_options=compiler_options())
