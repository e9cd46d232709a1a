"""Where frameworks compute: one choice, `auto`, `cpu` or `gpu`, for JAX and PyTorch alike."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Literal

from eval.harness.ranks import local_rank_of, scheduled

if TYPE_CHECKING:
    import torch

__all__ = ["Device", "choose", "torch_device"]

Device = Literal["auto", "cpu", "gpu"]


def choose(device: Device) -> None:
    """Makes JAX compute on `device` in this process; call it before JAX has computed anything.

    "auto" leaves the choice to JAX: an accelerator where there is one. On a GPU it takes memory as
    it needs it (unless XLA_PYTHON_CLIENT_PREALLOCATE says otherwise), since PyTorch computes there,
    too; of several processes that a scheduler started, each takes its own GPU alone.

    Raises:
        RuntimeError: "gpu", and JAX finds none.
    """
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if scheduled() > 1:
        _set_in_jax("jax_cuda_visible_devices", str(local_rank_of()))
    if device == "auto":
        return
    platforms = "cpu" if device == "cpu" else "cuda,cpu"
    _set_in_jax("jax_platforms", platforms)
    if device == "gpu":
        import jax

        try:
            jax.devices("gpu")
        except RuntimeError as error:
            raise RuntimeError(
                "device=gpu, but JAX finds no GPU: install its plug-in (make setup "
                "ACCELERATOR=cuda12), check the driver (nvidia-smi), or choose device=cpu"
            ) from error


def _set_in_jax(name: str, value: str) -> None:
    """Sets an option of JAX, whether it is imported already or not yet."""
    os.environ[name.upper()] = value
    if "jax" in sys.modules:
        import jax

        jax.config.update(name, value)


def torch_device(device: Device) -> torch.device:
    """The torch device of a choice; "auto" is the first GPU where there is one.

    Raises:
        RuntimeError: "gpu", and PyTorch finds none.
    """
    import torch

    available = torch.cuda.is_available()
    if device == "gpu" and not available:
        raise RuntimeError(
            "device=gpu, but PyTorch finds no GPU: install its CUDA build, check the driver "
            "(nvidia-smi), or choose device=cpu"
        )
    return torch.device("cuda" if available and device != "cpu" else "cpu")
