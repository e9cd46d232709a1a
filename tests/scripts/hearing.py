"""Jobs of the runner's own tests: one leaves an encoder in its folder, one hears with it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from doppel.checkpoint import save_encoder
from doppel.encoders.resnet import ResNetEncoder
from eval.embedders.base import FrameEmbedder
from eval.embedders.stand_ins import seeded
from eval.harness.files import write_json
from scripts.runtime.run import Run


@dataclass(frozen=True)
class Train:
    """Saves a random encoder, as the pretraining saves a trained one."""

    width: int = 2

    def __call__(self, run: Run) -> dict[str, float]:
        encoder = ResNetEncoder(self.width)
        network = seeded(encoder.build, run.seed)
        about = {"licence": "CC0-1.0"}
        save_encoder(run.artifact("encoder.safetensors"), network, encoder, about)
        return {"width": float(self.width)}


@dataclass(frozen=True)
class Hear:
    """Embeds a constant, and writes what the embedder says of itself."""

    embedder: FrameEmbedder

    def __call__(self, run: Run) -> dict[str, float]:
        said = {"identity": self.embedder.identity, "licence": self.embedder.licence}
        write_json(run.artifact("embedder.json"), said)
        vector = self.embedder.embed(torch.full((1, 16000), 0.1), 16000.0)
        return {"dimension": float(self.embedder.dimension), "sum": float(vector.sum())}
