"""Where frameworks compute: one choice, `auto`, `cpu` or `gpu`, for JAX and PyTorch alike."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

__all__ = ["Device", "choose", "torch_device"]

Device = Literal["auto", "cpu", "gpu"]


def choose(device: Device) -> None:
    """Makes JAX compute on `device` in this process; call it before JAX has computed anything.

    "auto" leaves the choice to JAX: an accelerator where there is one.

    Raises:
        RuntimeError: "gpu", and JAX finds none.
    """
    if device == "auto":
        return
    platforms = "cpu" if device == "cpu" else "cuda,cpu"
    os.environ["JAX_PLATFORMS"] = platforms
    if "jax" in sys.modules:
        import jax

        jax.config.update("jax_platforms", platforms)
    if device == "gpu":
        import jax

        try:
            jax.devices("gpu")
        except RuntimeError as error:
            raise RuntimeError(
                "device=gpu, but JAX finds no GPU: install its plug-in (make setup "
                "ACCELERATOR=cuda12), check the driver (nvidia-smi), or choose device=cpu"
            ) from error


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
