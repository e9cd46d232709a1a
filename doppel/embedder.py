"""A pretrained encoder as an embedder of the evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float

from doppel.checkpoint import Loaded, about_encoder, load_encoder
from doppel.encoders.resnet import ResNetEncoder
from doppel.front_end import N_SAMPLES, SAMPLE_RATE, FrontEnd
from doppel.listening import window_vectors
from eval.embedders.hearing import hear
from eval.embedders.identity import identity_of
from eval.embedders.published import checksum
from eval.embedders.stand_ins import Assets, seeded
from eval.harness.devices import Device, torch_device

__all__ = ["DoppelEmbedder", "Pooling"]

Pooling = Literal["mean", "mean_std"]

_STAND_IN = ResNetEncoder(width=16)


@dataclass(frozen=True)
class DoppelEmbedder:
    """The mean of a sound's windows of 0.975 s, as an encoder's file hears them.

    Attributes:
        checkpoint: a file of `doppel.checkpoint.save_encoder`.
        hop_s: seconds from one window to the next: 0.96, as VGGish cuts sounds, or 0.975, where
            windows share no sample.
        pooling: "mean" as published, or "mean_std", with the standard deviation over windows behind
            it: how much a sound changes, which a mean does not say.
        assets: "stand_in" is a narrow ResNet-18 with random weights and needs no file.
        device: where to compute.
    """

    checkpoint: Path
    hop_s: float = 0.96
    pooling: Pooling = "mean"
    assets: Assets = "published"
    device: Device = "auto"

    name = "doppel"
    sample_rate = SAMPLE_RATE
    frame_s = N_SAMPLES / SAMPLE_RATE

    def __post_init__(self) -> None:
        """Refuse settings that no window has.

        Raises:
            ValueError: a hop of less than a sample.
        """
        if self._hop < 1:
            raise ValueError(f"hop_s must be a sample or more, got {self.hop_s} s")

    @property
    def dimension(self) -> int:
        """That of the encoder, or twice as many; reads its file."""
        return self._loaded.encoder.dimension * (2 if self.pooling == "mean_std" else 1)

    @property
    def licence(self) -> str:
        """What the encoder's file says."""
        if self.assets == "stand_in":
            return "none: random weights"
        return str(about_encoder(self.checkpoint)["about"].get("licence", "not stated in its file"))

    @property
    def identity(self) -> str:
        """The windows, and the checksum of the encoder's file.

        Raises:
            FileNotFoundError: it is not there; the message says what makes one.
        """
        more = {} if self.pooling == "mean" else {"pooling": self.pooling}
        if self.assets == "stand_in":
            return identity_of(self.name, hop_s=self.hop_s, weights="stand_in", **more)
        about_encoder(self.checkpoint)  # says what is wrong with a file better than a checksum
        return identity_of(self.name, hop_s=self.hop_s, weights=checksum(self.checkpoint), **more)

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch dimension"]:
        """Return the mean over a sound's windows, and behind it their deviation if asked for."""
        frames = self._frames(audio, sample_rate)
        if self.pooling == "mean":
            return frames.mean(1)
        return torch.cat([frames.mean(1), frames.std(1, correction=0)], dim=1)

    def embed_frames(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch n_frames dimension"]:
        """Return the vector of every window; an incomplete last one is left out.

        Raises:
            ValueError: with the deviation over windows, which a window has not.
        """
        if self.pooling != "mean":
            raise ValueError(
                f"single windows are asked for, and pooling={self.pooling} is of several: "
                "pooling=mean"
            )
        return self._frames(audio, sample_rate)

    def _frames(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch n_frames dimension"]:
        network, front_end = self._networks
        heard = hear(audio, sample_rate, self.sample_rate, torch_device(self.device))
        return window_vectors(network, front_end, heard, self._hop)

    @property
    def _hop(self) -> int:
        return round(self.hop_s * SAMPLE_RATE)

    @cached_property
    def _loaded(self) -> Loaded:
        if self.assets == "stand_in":
            return Loaded(seeded(_STAND_IN.build, 0), _STAND_IN, {})
        return load_encoder(self.checkpoint)

    @cached_property
    def _networks(self) -> tuple[torch.nn.Module, FrontEnd]:
        device = torch_device(self.device)
        return self._loaded.module.requires_grad_(False).to(device), FrontEnd().to(device)
