"""The Audio Spectrogram Transformer with another list of classes, and a head trained for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float

from eval.embedders.ast import CHUNK, Ast, features
from eval.embedders.hearing import hear, in_chunks
from eval.embedders.identity import identity_of
from eval.embedders.published import checksum
from eval.embedders.stand_ins import seeded
from eval.harness.devices import Device, torch_device
from eval.harness.files import read_json, replacing, write_json

__all__ = ["FineTunedAst", "new_network", "save_classifier", "stand_in_classifier"]

WEIGHTS, CLASSES = "weights.safetensors", "classes.json"
SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "frequency_stride": 16,
    "time_stride": 16,
}
"""The sizes of a stand-in: one of the real size is too slow to train on a processor."""


def new_network(ast: Ast, n_classes: int, seed: int = 0) -> Any:
    """Return the published transformer under a new head with random weights, on the CPU.

    Of an `ast` of stand-ins, a small network with random weights throughout.
    """
    sizes = SMALL if ast.assets == "stand_in" else {}
    made = seeded(lambda: _network(n_classes, sizes), seed)
    if ast.assets != "stand_in":
        made.audio_spectrogram_transformer.load_state_dict(ast.body())
    return made


def save_classifier(network: Any, classes: Sequence[str], folder: Path) -> None:
    """Write a network and its class names, so that `FineTunedAst` reads them."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
    with replacing(folder / WEIGHTS) as path:
        save_file(state, path)
    sizes = {name: getattr(network.config, name) for name in SMALL}
    write_json(folder / CLASSES, {"classes": list(classes), "sizes": sizes})


def stand_in_classifier(classes: Sequence[str]) -> FineTunedAst:
    """Return a small classifier of these classes with random weights."""
    return FineTunedAst(None, "cpu", tuple(classes))


@dataclass(frozen=True)
class FineTunedAst:
    """Classifies sounds of up to 10.24 s.

    Attributes:
        folder: what `save_classifier` wrote; None: a small network with random weights.
        device: where to compute.
        classes: of the network without a folder.
    """

    folder: Path | None
    device: Device = "auto"
    classes: tuple[str, ...] = ()

    name = "ast_finetuned"
    sample_rate = 16000.0
    licence = "BSD-3-Clause"

    @property
    def identity(self) -> str:
        """Name and the weights' checksum."""
        if self.folder is None:
            return identity_of(self.name, weights="stand_in", classes=str(self.classes))
        return identity_of(self.name, weights=checksum(Path(self.folder) / WEIGHTS))

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes it was trained for."""
        return self.classes if self.folder is None else tuple(self._described["classes"])

    def probabilities(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch n_classes"]:
        """Return each class's probability; they add up to one."""
        waves = hear(audio, sample_rate, self.sample_rate, torch_device(self.device))
        network = self._network
        logits = in_chunks(lambda x: network(x).logits, features(waves), CHUNK)
        return torch.softmax(logits, dim=-1)

    @cached_property
    def _described(self) -> Mapping[str, Any]:
        assert self.folder is not None
        return read_json(Path(self.folder) / CLASSES)

    @cached_property
    def _network(self) -> Any:
        device = torch_device(self.device)
        n_classes = len(self.class_names)
        if self.folder is None:
            return seeded(lambda: _network(n_classes, SMALL), 0).to(device)
        from safetensors.torch import load_file

        network = _network(n_classes, self._described["sizes"])
        network.load_state_dict(load_file(Path(self.folder) / WEIGHTS))
        return network.eval().requires_grad_(False).to(device)


def _network(n_classes: int, sizes: Mapping[str, int]) -> Any:
    """transformers' architecture, of the published sizes where no others are given."""
    from transformers import ASTConfig, ASTForAudioClassification

    config = ASTConfig()
    for name, value in sizes.items():
        setattr(config, name, value)
    config.num_labels = n_classes
    return ASTForAudioClassification(config)
