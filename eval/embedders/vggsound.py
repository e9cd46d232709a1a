"""The supervised ResNet-18 of VGGSound: 309 classes, 512 numbers (Chen et al., 2020; model H).

The release's front end: 10 s at 16 kHz, shorter sounds repeated, scipy's power spectral density of
512-point Tukey windows every 159 samples, log(x + 1e-7), each sound's own mean 0 and deviation 1.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from eval.embedders.hearing import hear, in_chunks, of_length
from eval.embedders.identity import identity_of
from eval.embedders.published import find, find_beside, weights_identity
from eval.embedders.resnet import ResNet18
from eval.embedders.stand_ins import Assets, seeded, spread
from eval.embedders.weights import load_into, read
from eval.harness.devices import Device, torch_device

__all__ = ["VggSoundResNet18", "spectrogram"]

WEIGHTS, CLASSES = "vggsound_resnet18_H.pth.tar", "vggsound_classes.csv"
N_CLASSES = 309
WINDOW, HOP = 512, 159
LENGTH = 160000
CHUNK = 16  # sounds in one pass


@dataclass(frozen=True)
class VggSoundResNet18:
    """Embeds and classifies the first 10 s of sounds.

    Attributes:
        weights: H.pth.tar of the release, kept as vggsound_resnet18_H.pth.tar, or its folder.
        classes: the release's stat.csv, kept as vggsound_classes.csv; None looks beside the
            weights.
        assets: "stand_in" is the same architecture with random weights; needs no file.
        device: where to compute.
    """

    weights: Path | None = None
    classes: Path | None = None
    assets: Assets = "published"
    device: Device = "auto"

    name = "vggsound_resnet18"
    sample_rate = 16000.0
    dimension = ResNet18.dimension
    licence = "CC-BY-4.0"

    @property
    def identity(self) -> str:
        """Name and the weights' checksum."""
        return identity_of(
            self.name, weights=weights_identity(self.assets, WEIGHTS, self.weights)
        )

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Names of the 309 classes, in alphabetical order as the network was trained on them."""
        if self.assets == "stand_in":
            return tuple(f"class {i}" for i in range(N_CLASSES))
        path = find_beside(CLASSES, self.classes, self.weights)
        with path.open(newline="", encoding="utf-8") as file:
            names = tuple(sorted(row[0] for row in csv.reader(file) if row))
        if len(names) != N_CLASSES:
            raise ValueError(f"{path} names {len(names)} classes, the network has {N_CLASSES}")
        return names

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 512"]:
        """Return the features before the classifier."""
        return in_chunks(self._network.features, self._pictures(audio, sample_rate), CHUNK)

    def probabilities(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 309"]:
        """Return each class's probability; they add up to one."""
        logits = in_chunks(self._network, self._pictures(audio, sample_rate), CHUNK)
        return logits.softmax(dim=1)

    def _pictures(self, audio: torch.Tensor, sample_rate: float) -> torch.Tensor:
        heard = hear(audio, sample_rate, self.sample_rate, torch_device(self.device))
        return spectrogram(of_length(heard, LENGTH).clamp(-1.0, 1.0)).unsqueeze(1)

    @cached_property
    def _network(self) -> ResNet18:
        device = torch_device(self.device)
        if self.assets == "stand_in":
            return seeded(lambda: spread(ResNet18(N_CLASSES)), seed=0).to(device)
        path = find(WEIGHTS, self.weights)
        network = ResNet18(N_CLASSES)
        load_into(network, _state(read(path), path), path)
        return network.eval().requires_grad_(False).to(device)


def _state(saved: object, path: Path) -> dict[str, torch.Tensor]:
    """The network's tensors in a checkpoint of the release, by torchvision's names."""
    if not isinstance(saved, Mapping) or "model_state_dict" not in saved:
        raise ValueError(f"{path} has no model_state_dict: is it H.pth.tar of VGGSound's release?")
    state = saved["model_state_dict"]
    return {name.removeprefix("module.").removeprefix("audnet."): state[name] for name in state}


def spectrogram(
    audio: Float[torch.Tensor, "batch n_samples"],
) -> Float[torch.Tensor, "batch 257 n_frames"]:
    """Return what `scipy.signal.spectrogram(x, 16000, nperseg=512, noverlap=353)` is made into.

    The density of power in windows whose mean was taken off; its log; mean 0 and deviation 1 over
    the whole picture. Silence is 0.
    """
    from scipy.signal import get_window

    window = torch.as_tensor(
        np.asarray(get_window(("tukey", 0.25), WINDOW), np.float32), device=audio.device
    )
    frames = audio.unfold(1, WINDOW, HOP)
    frames = (frames - frames.mean(-1, keepdim=True)) * window
    power = torch.fft.rfft(frames).abs().square() / (16000.0 * window.square().sum())
    # One-sided: all but the ends count twice.
    power[..., 1:-1] *= 2.0
    logs = torch.log(power + 1e-7).transpose(1, 2)
    mean = logs.mean(dim=(1, 2), keepdim=True)
    deviation = logs.std(dim=(1, 2), correction=0, keepdim=True)
    # Of a constant picture rounding leaves a deviation of its own.
    return torch.where(deviation > 1e-5, (logs - mean) / (deviation + 1e-9), 0.0)
