"""The audio networks inside the laion-clap package, without what importing the package does.

`import laion_clap` asks the network for three tokenizers and needs torchvision for a name that the
audio networks do not use. So the two files with networks are imported alone, next to a stand-in for
torchvision that is taken away again.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch

__all__ = ["COMPUTED", "architectures", "audio_network", "audio_settings"]

COMPUTED = ("relative_position_index", "attn_mask")
"""Ends of names of buffers that HTSAT computes; some checkpoints were saved without them."""

_ALIAS = "_laion_clap_networks"
_STUBS = ("torchvision", "torchvision.ops", "torchvision.ops.misc")


def architectures() -> tuple[str, ...]:
    """Return the names of the package's audio networks, such as "HTSAT-tiny" and "PANN-14"."""
    names = (path.stem for path in (_folder() / "model_configs").glob("*.json"))
    return tuple(sorted(name for name in names if name.startswith(("HTSAT", "PANN"))))


def audio_settings(architecture: str) -> tuple[int, dict[str, Any]]:
    """Return the length of the network's own embedding and its audio settings.

    Raises:
        ValueError: the package knows no such network.
    """
    if architecture not in architectures():
        raise ValueError(
            f"laion-clap has no audio network {architecture!r}; it has {', '.join(architectures())}"
        )
    path = _folder() / "model_configs" / f"{architecture}.json"
    settings = json.loads(path.read_text())
    return int(settings["embed_dim"]), dict(settings["audio_cfg"])


def audio_network(settings: dict[str, Any], fusion: bool = False) -> torch.nn.Module:
    """Build a network with random weights; called with `{"waveform": audio}` without fusion.

    Args:
        settings: of the form of `audio_settings`.
        fusion: whether it has the weights that fuse pieces of long sounds, as the published
            checkpoints with fusion do.
    """
    kind = settings["model_type"]
    fusing = {"enable_fusion": True, "fusion_type": "aff_2d"} if fusion else {}
    module, make = {
        "HTSAT": ("htsat", "create_htsat_model"),
        "PANN": ("pann_model", "create_pann_model"),
    }[kind]
    function = getattr(_module(module), make)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.meshgrid")  # of no consequence here
        return function(SimpleNamespace(**settings), **fusing)


@cache
def _folder() -> Path:
    found = importlib.util.find_spec("laion_clap")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(
            "the networks of CLAP are in the package laion-clap, which is not installed: make setup"
        )
    return Path(found.submodule_search_locations[0]) / "clap_module"


@cache
def _module(name: str) -> ModuleType:
    if _ALIAS not in sys.modules:
        package = ModuleType(_ALIAS)
        package.__path__ = [str(_folder())]
        sys.modules[_ALIAS] = package
    with _without_torchvision(), _same_environment():
        return importlib.import_module(f"{_ALIAS}.{name}")


@contextmanager
def _without_torchvision() -> Iterator[None]:
    """Lets `from torchvision.ops.misc import FrozenBatchNorm2d` pass where it is not installed."""
    if importlib.util.find_spec("torchvision") is not None:
        yield
        return
    stubs = {name: ModuleType(name) for name in _STUBS}
    stubs["torchvision.ops.misc"].__dict__["FrozenBatchNorm2d"] = torch.nn.BatchNorm2d
    sys.modules.update(stubs)
    try:
        yield
    finally:
        for name in _STUBS:
            del sys.modules[name]


@contextmanager
def _same_environment() -> Iterator[None]:
    """Takes back what the package's files set in the environment (numba's folder)."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
