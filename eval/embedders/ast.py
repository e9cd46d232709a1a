"""The Audio Spectrogram Transformer: 768 numbers and 527 AudioSet classes (Gong et al., 2021).

The architecture is transformers' one; weights and class names are those published as
MIT/ast-finetuned-audioset-10-10-0.4593. Of sounds longer than 10.24 s the beginning is heard.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float

from eval.embedders.hearing import hear, in_chunks
from eval.embedders.identity import identity_of
from eval.embedders.kaldi import filter_banks
from eval.embedders.published import find, find_beside, weights_identity
from eval.embedders.stand_ins import Assets, seeded, spread
from eval.embedders.weights import load_into, read
from eval.harness.devices import Device, torch_device
from eval.harness.files import read_json

__all__ = ["Ast", "features"]

WEIGHTS = "ast-finetuned-audioset-10-10-0.4593.safetensors"
CONFIG = "ast-finetuned-audioset-10-10-0.4593.json"
N_CLASSES, N_FRAMES, N_MELS = 527, 1024, 128
MEAN, DEVIATION = -4.2677393, 4.5689974  # of the filter banks of AudioSet
CHUNK = 8  # sounds in one pass


@dataclass(frozen=True)
class Ast:
    """Embeds and classifies sounds of up to 10.24 s.

    Attributes:
        weights: the published safetensors file under its name here, or the folder it lies in.
        config: the published config.json under its name here, for the class names; None looks
            beside the weights.
        assets: "stand_in" is the same architecture with random weights; needs no file.
        device: where to compute.
    """

    weights: Path | None = None
    config: Path | None = None
    assets: Assets = "published"
    device: Device = "auto"

    name = "ast"
    sample_rate = 16000.0
    dimension = 768
    licence = "BSD-3-Clause"

    @property
    def identity(self) -> str:
        """Name and the weights' checksum."""
        return identity_of(
            self.name, weights=weights_identity(self.assets, WEIGHTS, self.weights)
        )

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Names of the 527 classes, from the published configuration."""
        if self.assets == "stand_in":
            return tuple(f"class {i}" for i in range(N_CLASSES))
        path = find_beside(CONFIG, self.config, self.weights)
        labels = read_json(path).get("id2label", {})
        if sorted(labels, key=int) != [str(i) for i in range(N_CLASSES)]:
            raise ValueError(f"{path} names {len(labels)} classes in id2label, not {N_CLASSES}")
        return tuple(labels[str(i)] for i in range(N_CLASSES))

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 768"]:
        """Return the mean of the two class tokens after the last layer."""
        network = self._network.audio_spectrogram_transformer
        inputs = self._features(audio, sample_rate)
        return in_chunks(lambda x: network(x).pooler_output, inputs, CHUNK)

    def probabilities(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 527"]:
        """Return each class's own probability; they do not add up to one."""
        network = self._network
        inputs = self._features(audio, sample_rate)
        return torch.sigmoid(in_chunks(lambda x: network(x).logits, inputs, CHUNK))

    def body(self) -> dict[str, torch.Tensor]:
        """Return the weights of the transformer below the head, to be trained for other classes."""
        return self._network.audio_spectrogram_transformer.state_dict()

    def _features(self, audio: torch.Tensor, sample_rate: float) -> torch.Tensor:
        return features(hear(audio, sample_rate, self.sample_rate, torch_device(self.device)))

    @cached_property
    def _network(self) -> Any:
        device = torch_device(self.device)
        if self.assets == "stand_in":
            return seeded(lambda: spread(_network()), seed=0).to(device)
        path = find(WEIGHTS, self.weights)
        network = _network()
        own = {_current(name): name for name in network.state_dict()}
        state = {own.get(_current(name), name): value for name, value in read(path).items()}
        load_into(network, state, path)
        return network.eval().requires_grad_(False).to(device)


def features(
    audio: Float[torch.Tensor, "batch n_samples"],
) -> Float[torch.Tensor, "batch 1024 128"]:
    """Return the filter banks of 16 kHz sounds, cut or padded to 1024 frames, normalised."""
    banks = filter_banks(audio, N_MELS)[:, :N_FRAMES]
    banks = torch.nn.functional.pad(banks, (0, 0, 0, N_FRAMES - banks.shape[1]))
    return (banks - MEAN) / (2.0 * DEVIATION)


def _network() -> Any:
    """The published architecture, which is transformers' default one, with 527 classes."""
    from transformers import ASTConfig, ASTForAudioClassification

    config = ASTConfig()
    config.num_labels = N_CLASSES
    return ASTForAudioClassification(config)


# What transformers 4, which wrote the file, called the parts of a layer, and what 5 calls them.
_RENAMED = (
    (r"\.encoder\.layer\.", ".layers."),
    (r"\.attention\.attention\.query\.", ".attention.q_proj."),
    (r"\.attention\.attention\.key\.", ".attention.k_proj."),
    (r"\.attention\.attention\.value\.", ".attention.v_proj."),
    (r"\.attention\.output\.dense\.", ".attention.o_proj."),
    (r"\.intermediate\.dense\.", ".mlp.fc1."),
    (r"(\.layers\.\d+)\.output\.dense\.", r"\1.mlp.fc2."),
)


def _current(name: str) -> str:
    """The name of a weight in transformers 5."""
    for old, new in _RENAMED:
        name = re.sub(old, new, name)
    return name
