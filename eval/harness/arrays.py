"""Arrays between JAX and PyTorch through DLPack: the same memory, no copy through the host.

The two views share one buffer. JAX treats its arrays as immutable, so never write into a tensor
that came from JAX; `clone()` it first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jax
    import torch

__all__ = ["to_jax", "to_torch"]


def to_torch(array: jax.Array) -> torch.Tensor:
    """A torch tensor over the memory of a JAX array, on the same device, without a copy.

    Raises:
        TypeError: the array is a tracer (inside `jit` or `grad`): convert outside the traced code.
    """
    import torch
    from jax.core import Tracer

    if isinstance(array, Tracer):
        raise TypeError("a traced JAX array has no memory yet: call to_torch outside jit and grad")
    return torch.from_dlpack(array)


def to_jax(tensor: torch.Tensor) -> jax.Array:
    """A JAX array over the memory of a torch tensor, on the same device, without a copy.

    The tensor is detached from autograd. One that is not contiguous, or on the CPU not aligned to
    64 bytes, is copied, on its device.

    Raises:
        TypeError: int64 or float64 while JAX runs with 32 bits, where values would be changed.
    """
    import jax
    import jax.numpy as jnp
    import torch

    wide = (torch.int64, torch.float64, torch.uint64, torch.complex128)
    if tensor.dtype in wide and not jax.config.read("jax_enable_x64"):
        raise TypeError(
            f"a {tensor.dtype} tensor does not fit JAX without jax_enable_x64: "
            "convert it to 32 bits first"
        )
    return jnp.from_dlpack(tensor.detach().contiguous())
