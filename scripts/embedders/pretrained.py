"""The encoder that a run of the pretraining made, as an embedder, by the run that made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float

from doppel.embedder import DoppelEmbedder, Pooling
from doppel.front_end import SAMPLE_RATE
from eval.embedders.stand_ins import Assets
from eval.harness.devices import Device
from scripts.runtime.check import OutputPath
from scripts.runtime.source import Source

__all__ = ["ENCODER_FILE", "Pretrained"]

ENCODER_FILE = "encoder.safetensors"
"""What the pretraining leaves in its run folder."""


@dataclass(frozen=True)
class Pretrained:
    """Names a run of the pretraining; its encoder is looked for when it is needed.

    Attributes:
        source: the run.
        scale: of the run that asks; the source's too, unless its overrides say another.
        paths: of the run that asks, `${paths}`.
        hop_s: seconds from one window to the next, as in `DoppelEmbedder`.
        pooling: of windows, as in `DoppelEmbedder`.
        assets: "stand_in" is random weights and needs no run.
        device: where to compute.
    """

    source: Source
    scale: str
    paths: Mapping[str, OutputPath]
    hop_s: float = 0.96
    pooling: Pooling = "mean"
    assets: Assets = "published"
    device: Device = "auto"

    name = DoppelEmbedder.name
    sample_rate = SAMPLE_RATE
    frame_s = DoppelEmbedder.frame_s

    @property
    def dimension(self) -> int:
        """Of the encoder; reads its file."""
        return self.embedder.dimension

    @property
    def licence(self) -> str:
        """What the encoder's file says."""
        return self.embedder.licence

    @property
    def identity(self) -> str:
        """That of the encoder's file: the same encoder from another run has the same.

        Raises:
            UserError: the run is not there; the message has the command.
        """
        return self.embedder.identity

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch dimension"]:
        """Return what its windows have in common, as in `DoppelEmbedder`."""
        return self.embedder.embed(audio, sample_rate)

    def embed_frames(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch n_frames dimension"]:
        """Return the vector of every window; an incomplete last one is left out."""
        return self.embedder.embed_frames(audio, sample_rate)

    @cached_property
    def embedder(self) -> DoppelEmbedder:
        """The embedder of the run's encoder.

        Raises:
            UserError: the run is not there, or not finished; the message has the command.
            ConfigError: it cannot be composed.
        """
        checkpoint = Path(ENCODER_FILE)
        if self.assets != "stand_in":
            asking = {
                "scale": self.scale,
                "assets": self.assets,
                "paths": {name: str(path) for name, path in self.paths.items()},
            }
            checkpoint = self.source.folder(asking, ENCODER_FILE).path / ENCODER_FILE
        return DoppelEmbedder(checkpoint, self.hop_s, self.pooling, self.assets, self.device)
