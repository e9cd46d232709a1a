"""Microsoft's CLAP: 1024 numbers a sound from an HTSAT (2023) or a Cnn14 (2022).

Elizalde et al., "Natural language supervision for general-purpose audio representations" (2023)
and "CLAP: learning audio concepts from natural language supervision" (2022). The networks are those
in the laion-clap package, under the published names of weights. 44.1 kHz; shorter sounds are
repeated, of longer ones the first 7 s (2022: 5 s) are heard, where the release takes a random part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float

from eval.embedders.hearing import hear, in_chunks, of_length
from eval.embedders.identity import identity_of
from eval.embedders.laion_package import COMPUTED, audio_network
from eval.embedders.published import find, weights_identity
from eval.embedders.stand_ins import Assets, seeded
from eval.embedders.weights import load_into, read
from eval.harness.devices import Device, torch_device

__all__ = ["AudioEncoder", "MsClap"]

CHUNK = 8  # sounds in one pass

# The release sets its HTSAT up for 32 kHz and gives it sound at 44.1 kHz: its mel bands stand
# higher than their names say, and the weights were trained so.
_NETWORKS: dict[str, dict[str, Any]] = {
    "2023": {"model_type": "HTSAT", "model_name": "tiny", "sample_rate": 32000},
    "2022": {"model_type": "PANN", "model_name": "Cnn14", "sample_rate": 44100},
}
_COMMON = {
    "window_size": 1024, "hop_size": 320, "mel_bins": 64, "fmin": 50, "fmax": 14000,
    "class_num": 527,
}  # fmt: skip
_SECONDS = {"2023": 7, "2022": 5}
_WIDTHS = {"2023": 768, "2022": 2048}


@dataclass(frozen=True)
class MsClap:
    """Embeds sounds next to texts; the vectors are not of unit length.

    Attributes:
        version: "2023" or "2022".
        weights: CLAP_weights_2023.pth (or 2022), or the folder it lies in.
        assets: "stand_in" is the same architecture with random weights; needs no file.
        device: where to compute.
    """

    version: Literal["2023", "2022"] = "2023"
    weights: Path | None = None
    assets: Assets = "published"
    device: Device = "auto"

    sample_rate = 44100.0
    dimension = 1024
    licence = "MS-PL"

    @property
    def name(self) -> str:
        """With its version."""
        return f"ms_clap {self.version}"

    @property
    def identity(self) -> str:
        """Name and the weights' checksum."""
        return identity_of(
            self.name, weights=weights_identity(self.assets, self._file, self.weights)
        )

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 1024"]:
        """Return the projected embedding of every sound's beginning."""
        heard = hear(audio, sample_rate, self.sample_rate, torch_device(self.device))
        length = round(_SECONDS[self.version] * self.sample_rate)
        return in_chunks(self._network, of_length(heard, length), CHUNK)

    @property
    def _file(self) -> str:
        return f"CLAP_weights_{self.version}.pth"

    @cached_property
    def _network(self) -> AudioEncoder:
        device = torch_device(self.device)
        if self.assets == "stand_in":
            return seeded(lambda: AudioEncoder(self.version), seed=0).to(device)
        path = find(self._file, self.weights)
        saved = read(path)
        if not isinstance(saved, Mapping) or "model" not in saved:
            raise ValueError(f"{path} has no entry 'model': is it {self._file} as published?")
        prefix = "audio_encoder."
        state = {
            name.removeprefix("module.").removeprefix(prefix): value
            for name, value in saved["model"].items()
            if name.removeprefix("module.").startswith(prefix)
        }
        network = AudioEncoder(self.version)
        load_into(network, state, path, made=COMPUTED)
        return network.eval().requires_grad_(False).to(device)


class AudioEncoder(torch.nn.Module):
    """The release's `audio_encoder`, by its names.

    Args:
        version: "2023" or "2022".
    """

    def __init__(self, version: str) -> None:
        super().__init__()
        network = audio_network({**_COMMON, **_NETWORKS[version]})
        if version == "2023":
            self.base = torch.nn.ModuleDict({"htsat": network})
        else:
            self.base = network
        self.projection = _Projection(_WIDTHS[version], MsClap.dimension)

    def forward(
        self, audio: Float[torch.Tensor, "batch n_samples"]
    ) -> Float[torch.Tensor, "batch 1024"]:
        """Return the projected embeddings."""
        base = self.base["htsat"] if isinstance(self.base, torch.nn.ModuleDict) else self.base
        return self.projection(base({"waveform": audio}, device=audio.device)["embedding"])


class _Projection(torch.nn.Module):
    """Two linear maps with a shortcut around the second, then layer normalisation."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.linear1 = torch.nn.Linear(before, after, bias=False)
        self.linear2 = torch.nn.Linear(after, after, bias=False)
        self.layer_norm = torch.nn.LayerNorm(after)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.linear1(x)
        return self.layer_norm(x + self.linear2(torch.nn.functional.gelu(x)))
