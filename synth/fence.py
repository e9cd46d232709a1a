"""A fence that values pass whole: what is behind it is computed once.

XLA likes to merge the making of a value into every use of it. For control signals that means
computing an envelope again for each of the hundred samples that read it. Compilers for GPUs weigh
that and don't; the one for CPUs does it, and it removes optimisation barriers before it merges.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax


def fence(tree: Any) -> Any:
    """Return the arrays as they are, computed and stored before anything that uses them."""
    leaves, structure = jax.tree.flatten(tree)
    floating = [i for i, x in enumerate(leaves) if jnp.issubdtype(x.dtype, jnp.floating)]
    if floating:
        fenced = _fence(*(leaves[i] for i in floating))
        for i, x in zip(floating, fenced, strict=True):
            leaves[i] = x
    return jax.tree.unflatten(structure, leaves)


@jax.custom_jvp
def _fence(*arrays: jax.Array) -> tuple[jax.Array, ...]:
    return _store(*arrays) if jax.default_backend() == "cpu" else lax.optimization_barrier(arrays)


@_fence.defjvp
def _fence_jvp(primals: Any, tangents: Any) -> Any:
    return _fence(*primals), lax.optimization_barrier(tangents)


@jax.custom_batching.custom_vmap
def _store(*arrays: jax.Array) -> tuple[jax.Array, ...]:
    # A branch is not merged with what surrounds it. The condition always holds, but the compiler
    # cannot know: one bit is below two.
    first = arrays[0].ravel()[0]
    whole = jnp.int64 if first.dtype == jnp.float64 else jnp.int32
    bit = lax.bitcast_convert_type(first, whole) & 1
    return lax.cond(bit < 2, lambda *x: x, lambda *x: tuple(-a for a in x), *arrays)


@_store.def_vmap
def _store_vmap(axis_size: int, in_batched: Any, *arrays: jax.Array) -> Any:
    # Under vmap the condition would become a selection, which is no fence: store the whole batch.
    return _store(*arrays), tuple(in_batched)
