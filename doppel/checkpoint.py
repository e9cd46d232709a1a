"""A trained encoder as one file: its weights, and the settings that say what they belong to.

The file is a safetensors file, which holds numbers and text and never code. Its text is JSON under
one key: the version of this format, the encoder's and the front end's settings, and whatever is
worth knowing about the training.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from doppel.encoders import Encoder, encoder_from
from doppel.front_end import SETTINGS as FRONT_END
from eval.embedders.weights import load_into
from eval.harness.files import replacing

__all__ = ["VERSION", "Dtype", "Loaded", "about_encoder", "load_encoder", "save_encoder"]

VERSION = 1

Dtype = Literal["float32", "float16"]
"""How weights are stored. float16 halves the file; statistics, biases and scales stay float32."""

_KEY = "doppel"
_PARTS = ("version", "encoder", "front_end", "about")
_CUT = ("header too small", "invalid header length", "incomplete metadata")  # safetensors' words


@dataclass(frozen=True)
class Loaded:
    """An encoder as a file holds it.

    Attributes:
        module: the network, float32, on the CPU, in eval mode; `train()` makes it learn on.
        encoder: what built it.
        about: what was said when it was saved.
    """

    module: torch.nn.Module
    encoder: Encoder
    about: dict[str, Any]


def save_encoder(
    path: str | os.PathLike[str],
    module: torch.nn.Module,
    encoder: Encoder,
    about: Mapping[str, Any],
    dtype: Dtype = "float32",
) -> None:
    """Writes an encoder's file, atomically; the same weights and words give the same bytes.

    Args:
        path: ends in `.safetensors`.
        module: what `encoder.build()` gave, trained.
        encoder: its settings.
        about: plain JSON values: of what run it is, its licence, its scores.
        dtype: of the stored weights.

    Raises:
        ValueError: another suffix, weights that are not finite or leave the range of float16, or
            that are not those of the encoder.
        TypeError: something in `about` has no JSON form.
    """
    from safetensors.torch import save_file

    if Path(path).suffix != ".safetensors":
        raise ValueError(f"an encoder's file ends in .safetensors, got {path}")
    described = {
        "version": VERSION,
        "encoder": encoder.settings(),
        "front_end": FRONT_END,
        "about": dict(about),
    }
    said = json.dumps(described, sort_keys=True, allow_nan=False)
    state = {name: value.detach().cpu() for name, value in module.state_dict().items()}
    load_into(_built(encoder), state, Path(path))
    stored = {name: _stored(name, value, dtype) for name, value in state.items()}
    with replacing(path) as temporary:
        save_file(stored, temporary, metadata={_KEY: said})


def load_encoder(path: str | os.PathLike[str]) -> Loaded:
    """Reads an encoder's file. PyTorch's random numbers are left as they were.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is cut off, is no encoder's file, is of a later version of this format or
            for another front end, names an encoder that is not known here, or holds weights that
            do not fit the encoder it names.
    """
    from safetensors.torch import load_file

    path = Path(path)
    described = _described(path)
    try:
        encoder = encoder_from(described["encoder"])
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{path} cannot be built here: {reason}") from error
    module = _built(encoder)
    load_into(module, {name: value.float() for name, value in load_file(path).items()}, path)
    return Loaded(module.eval(), encoder, described["about"])


def about_encoder(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a file says of its encoder: version, encoder, front_end, about; no weights read.

    Raises:
        FileNotFoundError, ValueError: as `load_encoder`, but for the weights themselves.
    """
    return _described(Path(path))


def _described(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise FileNotFoundError(
            f"no encoder at {path.absolute()}: a run of experiment=doppel/pretrain leaves one in "
            "its folder, encoder.safetensors"
        )
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except SafetensorError as error:
        cut = any(word in str(error) for word in _CUT)
        raise ValueError(
            f"{path} ({path.stat().st_size} bytes) "
            + ("is cut off: copy or train it again" if cut else "is no safetensors file")
        ) from error
    if _KEY not in metadata:
        raise ValueError(
            f"{path} holds weights, but does not say of what encoder: it was not written by "
            "doppel.checkpoint.save_encoder"
        )
    described = json.loads(metadata[_KEY])
    if described.get("version") != VERSION:
        raise ValueError(
            f"{path} is of version {described.get('version')} of the format, this program reads "
            f"version {VERSION}: use the program's version that wrote it, or a later one"
        )
    lacking = [part for part in _PARTS if part not in described]
    if lacking:
        raise ValueError(f"{path} does not say its {', '.join(lacking)}: it is damaged")
    if described["front_end"] != FRONT_END:
        raise ValueError(
            f"{path} was trained on pictures of another front end, {described['front_end']}; "
            f"here is {FRONT_END}"
        )
    return described


def _built(encoder: Encoder) -> torch.nn.Module:
    """The network with weights that do not matter, no random number of anybody's spent."""
    with torch.random.fork_rng(devices=[]):
        return encoder.build()


def _stored(name: str, value: torch.Tensor, dtype: Dtype) -> torch.Tensor:
    """A tensor as it goes into the file; only matrices and kernels are halved."""
    if not value.is_floating_point():
        return value.contiguous()
    if not value.isfinite().all():
        raise ValueError(f"{name} holds NaN or infinity: this encoder is not worth keeping")
    value = value.float()
    if dtype == "float16" and value.ndim >= 2:
        value = value.half()
        if not value.isfinite().all():
            raise ValueError(f"{name} leaves the range of float16: save it as float32")
    return value.contiguous()
