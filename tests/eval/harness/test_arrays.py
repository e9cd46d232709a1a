"""JAX and torch over one memory."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from eval.harness.arrays import to_jax, to_torch

DTYPES = ["float32", "float16", "bfloat16", "int32", "uint8"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_to_torch_shares_memory(dtype):
    array = jnp.arange(12, dtype=dtype).reshape(3, 4)
    tensor = to_torch(array)
    assert tensor.data_ptr() == array.unsafe_buffer_pointer()
    assert str(tensor.dtype) == f"torch.{dtype}"
    assert tensor.shape == (3, 4)
    np.testing.assert_array_equal(tensor.to(torch.float32).numpy(), np.arange(12).reshape(3, 4))


@pytest.mark.parametrize("dtype", DTYPES)
def test_to_jax_shares_memory(dtype):
    # XLA takes a buffer as it is only where it is aligned to 64 bytes.
    tensor = torch.zeros(1024, dtype=getattr(torch, dtype))
    while tensor.data_ptr() % 64:
        tensor = torch.zeros(1024, dtype=getattr(torch, dtype))
    array = to_jax(tensor)
    assert array.unsafe_buffer_pointer() == tensor.data_ptr()
    assert array.dtype == dtype


def test_there_and_back_is_the_same():
    array = jax.random.normal(jax.random.PRNGKey(0), (5, 7))
    back = to_jax(to_torch(array))
    np.testing.assert_array_equal(back, array)
    assert back.unsafe_buffer_pointer() == array.unsafe_buffer_pointer()


def test_a_tensor_under_autograd_and_a_transposed_one():
    tensor = torch.arange(6.0).reshape(2, 3).requires_grad_()
    np.testing.assert_array_equal(to_jax(tensor.T), np.arange(6.0).reshape(2, 3).T)


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64])
def test_wide_tensors_are_refused(dtype):
    with pytest.raises(TypeError, match="convert it to 32 bits first"):
        to_jax(torch.zeros(2, dtype=dtype))


def test_traced_arrays_are_refused():
    with pytest.raises(TypeError, match="outside jit and grad"):
        jax.jit(lambda x: to_torch(x).sum().item())(jnp.zeros(2))
