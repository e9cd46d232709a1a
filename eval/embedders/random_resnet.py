"""The encoder of Audio Doppelgängers before it learned anything: ResNet-18 with random weights.

VGGish's front end (64 mel bands, 96 frames, 0.96 s), one input channel, 512 numbers; "random
weights" of the paper's Table 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float

from eval.embedders.examples import examples
from eval.embedders.hearing import hear, in_chunks
from eval.embedders.identity import identity_of
from eval.embedders.log_mel import LogMel
from eval.embedders.resnet import ResNet18
from eval.embedders.stand_ins import seeded
from eval.harness.devices import Device, torch_device

__all__ = ["RandomResNet"]

CHUNK = 64  # examples in one pass


@dataclass(frozen=True)
class RandomResNet:
    """A ResNet-18 whose weights are PyTorch's own first ones, from a seed, in eval mode.

    Attributes:
        seed: of the weights.
        device: where to compute.
    """

    seed: int = 0
    device: Device = "auto"

    name = "random_resnet"
    sample_rate = 16000.0
    dimension = ResNet18.dimension
    licence = "none: random weights"
    frame_s = 0.96
    hop_s = 0.96

    @property
    def identity(self) -> str:
        """Name and seed."""
        return identity_of(self.name, seed=self.seed)

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 512"]:
        """Return the mean over a sound's windows of 0.96 s."""
        return self.embed_frames(audio, sample_rate).mean(1)

    def embed_frames(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch n_frames 512"]:
        """Return the features of every window of 0.96 s; an incomplete last one is left out."""
        front_end, network = self._networks
        heard = hear(audio, sample_rate, self.sample_rate, torch_device(self.device))
        pictures = examples(heard, front_end)
        # A picture is (mel band, frame): 64 high, 96 wide.
        flat = pictures.flatten(0, 1).transpose(1, 2).unsqueeze(1)
        return in_chunks(network.features, flat, CHUNK).unflatten(0, pictures.shape[:2])

    @cached_property
    def _networks(self) -> tuple[LogMel, ResNet18]:
        device = torch_device(self.device)
        return LogMel(offset=0.01).to(device), seeded(ResNet18, self.seed).to(device)
