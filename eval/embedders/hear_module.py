"""Any module with the API of the HEAR benchmark, by its import name (Turian et al., 2022).

Such a module has `load_model(path)`, which gives a model with `sample_rate` and
`scene_embedding_size`, and `get_scene_embeddings(audio, model)`; OpenL3, PaSST, wav2vec2 and many
others are published so.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from jaxtyping import Float

from eval.embedders.hearing import hear
from eval.embedders.identity import identity_of
from eval.embedders.published import checksum
from eval.harness.devices import Device, torch_device

__all__ = ["HearModule"]

_FUNCTIONS = ("load_model", "get_scene_embeddings", "get_timestamp_embeddings")
_ATTRIBUTES = ("sample_rate", "scene_embedding_size", "timestamp_embedding_size")


@dataclass(frozen=True)
class HearModule:
    """Scene embeddings of a HEAR module made with PyTorch.

    Attributes:
        module: its import name, such as "hear21passt.base"; it must be installed.
        weights: the file that `load_model` is given; None lets the module find its own.
        options: more arguments of `load_model`.
        device: where to compute.
    """

    module: str
    weights: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    device: Device = "auto"

    licence = "that of the module"

    @property
    def name(self) -> str:
        """The module's import name."""
        return f"hear_module {self.module}"

    @property
    def sample_rate(self) -> float:
        """Of the model, in Hz; loads it."""
        return float(self._model.sample_rate)

    @property
    def dimension(self) -> int:
        """Of the model's scene embeddings; loads it."""
        return int(self._model.scene_embedding_size)

    @property
    def identity(self) -> str:
        """The module, its version where it tells one, options, and the weights' checksum."""
        return identity_of(
            self.name,
            version=str(getattr(self._module, "__version__", None)),
            options=sorted(self.options.items()),
            weights=None if self.weights is None else checksum(self._weights),
        )

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch dimension"]:
        """Return the module's scene embedding of every sound."""
        heard = hear(audio, sample_rate, self.sample_rate, torch_device(self.device))
        with torch.no_grad():
            vectors = self._module.get_scene_embeddings(heard, self._model)
        wanted = (len(heard), self.dimension)
        if tuple(vectors.shape) != wanted:
            raise ValueError(
                f"{self.module} gave scene embeddings of shape {tuple(vectors.shape)}, "
                f"by its own scene_embedding_size they should be {wanted}"
            )
        return vectors.detach().float()

    def embed_timestamps(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> tuple[Float[torch.Tensor, "batch n_times size"], Float[torch.Tensor, "batch n_times"]]:
        """Return the module's embeddings over time and where they stand, in seconds."""
        heard = hear(audio, sample_rate, self.sample_rate, torch_device(self.device))
        with torch.no_grad():
            vectors, times_ms = self._module.get_timestamp_embeddings(heard, self._model)
        return vectors.detach().float(), times_ms.detach().float() / 1000.0

    @property
    def _weights(self) -> Path:
        assert self.weights is not None
        if not self.weights.exists():
            raise FileNotFoundError(f"no weights for {self.module} at {self.weights.absolute()}")
        return self.weights

    @cached_property
    def _module(self) -> ModuleType:
        try:
            module = importlib.import_module(self.module)
        except ImportError as error:
            raise ModuleNotFoundError(
                f"the HEAR module {self.module!r} cannot be imported ({error}): install its "
                "package into .venv, or give the import name of another"
            ) from error
        lacking = [name for name in _FUNCTIONS if not callable(getattr(module, name, None))]
        if lacking:
            raise TypeError(f"{self.module} is no HEAR module: it has no {', '.join(lacking)}")
        return module

    @cached_property
    def _model(self) -> Any:
        path = [] if self.weights is None else [str(self._weights)]
        model = self._module.load_model(*path, **self.options)
        if not isinstance(model, torch.nn.Module):
            raise TypeError(
                f"{self.module} has a model of type {type(model).__name__}; only those of PyTorch "
                "(torch.nn.Module) run here"
            )
        lacking = [name for name in _ATTRIBUTES if not hasattr(model, name)]
        if lacking:
            raise TypeError(f"the model of {self.module} lacks HEAR's {', '.join(lacking)}")
        return model.eval().requires_grad_(False).to(torch_device(self.device))
