"""Files of weights: read without running what is in them, and laid into a network name by name."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

__all__ = ["load_into", "read"]


def read(path: Path) -> Any:
    """Return what a file of weights holds: tensors and plain values, never code.

    `.safetensors`, or what `torch.save` wrote. Of the pickled objects only tensors, containers
    and numpy's numbers and arrays are let through.

    Raises:
        ValueError: the file is neither, is cut, or would run code.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        with torch.serialization.safe_globals(_numpy_globals()):
            # What is not needed of a file of gigabytes is then not read.
            lazily = zipfile.is_zipfile(path)
            return torch.load(path, map_location="cpu", weights_only=True, mmap=lazily)
    except Exception as error:  # unpicklers raise of every kind
        first = (str(error).strip().splitlines() or ["no reason given"])[0]
        raise ValueError(f"{path} cannot be read as weights: {first}") from error


def load_into(
    network: torch.nn.Module,
    state: Mapping[str, torch.Tensor],
    path: Path,
    unused: Iterable[str] = (),
    made: Iterable[str] = (),
) -> None:
    """Fills a network with every one of its weights.

    Args:
        network: all of its parameters and buffers must be in `state`.
        state: tensors by name.
        path: where they came from, for the message.
        unused: beginnings of names in `state` that the network does not need.
        made: ends of names of buffers that the network computes itself, which `state` may lack;
            batch normalisation's count of batches, which nothing here reads, is always one.

    Raises:
        ValueError: a name is missing or unknown, or a shape differs.
    """
    own, skip = network.state_dict(), tuple(unused)
    computed = ("num_batches_tracked", *made)
    given = {n: value for n, value in state.items() if n in own or not n.startswith(skip)}
    missing = sorted(n for n in own.keys() - given.keys() if not n.endswith(computed))
    unknown = sorted(given.keys() - own.keys())
    shapes = sorted(n for n in own.keys() & given.keys() if own[n].shape != given[n].shape)
    for what, names in (("lacks", missing), ("has unknown", unknown), ("has other shapes", shapes)):
        if names:
            raise ValueError(
                f"{path} does not fit {type(network).__name__}: it {what} {names[0]}"
                + (f" and {len(names) - 1} more" if len(names) > 1 else "")
            )
    network.load_state_dict(dict(given), strict=False)


def _numpy_globals() -> list[Any]:
    """What files of torch 1.x hold of numpy, under the names of numpy 1."""
    from numpy._core import multiarray

    dtypes = [type(np.dtype(kind)) for kind in ("f4", "f8", "i4", "i8", "u1", "b1")]
    return [
        (multiarray.scalar, "numpy.core.multiarray.scalar"),
        (multiarray.scalar, "numpy._core.multiarray.scalar"),
        (multiarray._reconstruct, "numpy.core.multiarray._reconstruct"),
        (multiarray._reconstruct, "numpy._core.multiarray._reconstruct"),
        np.ndarray,
        np.dtype,
        *dtypes,
    ]
