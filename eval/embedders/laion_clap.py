"""LAION's CLAP: sounds and texts in one space of 512 dimensions (Wu et al., 2023).

The audio network's layers are the laion-clap package's, the text network is transformers' RoBERTa;
weights are read from the published checkpoints by name. `eval.embedders.clap` says what is heard of
short and of long sounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from eval.embedders.clap import Clap, filled
from eval.embedders.clap_mel import ClapMel, fused
from eval.embedders.htsat import HtsatEmbedding
from eval.embedders.identity import identity_of
from eval.embedders.laion_checkpoints import CHECKPOINTS, DEFAULT, Kind, kind_of
from eval.embedders.laion_package import COMPUTED, audio_network, audio_settings
from eval.embedders.passes import Precision
from eval.embedders.published import checksum, find
from eval.embedders.roberta import WIDTH, Tokens, local_tokens, pooled, roberta, stand_in_tokens
from eval.embedders.stand_ins import Assets, seeded
from eval.embedders.weights import load_into, read
from eval.harness.devices import Device, torch_device

__all__ = ["LaionClap"]

LENGTH, N_FRAMES = 480000, 1001


@dataclass(frozen=True)
class LaionClap(Clap):
    """Embeds sounds and texts; all vectors are of unit length.

    Attributes:
        weights: a checkpoint of the release, or one of your own with the same names.
        architecture: the audio network; None: that of the published checkpoint of this name, else
            HTSAT-tiny.
        enable_fusion: whether the network fuses pieces of long sounds; None: likewise, else not.
        tokenizer: the folder with roberta-base's vocab.json and merges.txt, for texts; None: the
            folder roberta-base beside the weights.
        quantize: whether sounds are rounded to 16 bits first, as the package does.
        precision: of the audio network.
        compile: whether the audio network is compiled, which takes a minute at the first batch.
        chunk: sounds in one pass; None: what suits the device.
        assets: "stand_in" is the same architecture with random weights; needs no file.
        device: where to compute.
    """

    weights: Path | None = None
    architecture: str | None = None
    enable_fusion: bool | None = None
    tokenizer: Path | None = None
    quantize: bool = True
    precision: Precision = "float32"
    compile: bool = False
    chunk: int | None = None
    assets: Assets = "published"
    device: Device = "auto"

    name = "laion_clap"
    licence = "CC0-1.0"

    @property
    def identity(self) -> str:
        """Name, settings and the weights' checksum."""
        weights = "stand_in" if self.assets == "stand_in" else checksum(self._path)
        return identity_of(
            self.name,
            architecture=self._kind.architecture,
            fusion=self._kind.fusion,
            quantize=self.quantize,
            precision=self.precision,
            weights=weights,
        )

    @property
    def _kind(self) -> Kind:
        return kind_of(self.weights, self.architecture, self.enable_fusion)

    @property
    def _path(self) -> Path:
        """The checkpoint; one of the release's names is checked against what was published."""
        given = self.weights
        if given is not None and given.name not in CHECKPOINTS:
            if given.is_file():
                return given
            if given.is_dir():
                raise ValueError(f"{given} is a folder: give the checkpoint in it")
        return find(DEFAULT if given is None else given.name, given)

    def _state(self) -> dict[str, torch.Tensor]:
        saved = read(self._path)
        state = saved.get("state_dict", saved) if isinstance(saved, Mapping) else None
        if state is None or not any("audio_branch." in name for name in state):
            raise ValueError(f"{self._path} has no weights of an audio_branch: is it LAION's CLAP?")
        return {name.removeprefix("module."): state[name] for name in state}

    def _prepared(self, heard: torch.Tensor) -> torch.Tensor:
        return (heard.clamp(-1.0, 1.0) * 32767.0).trunc() / 32767.0 if self.quantize else heard

    def _make_audio(self) -> Callable[[torch.Tensor], torch.Tensor]:
        device, kind = torch_device(self.device), self._kind
        if self.assets == "stand_in":
            network = seeded(lambda: _Audio(kind), seed=0).to(device)
        else:
            state, network = self._state(), _Audio(kind)
            has_fusion = any(".fusion_model." in name for name in state)
            if has_fusion != kind.fusion:
                raise ValueError(
                    f"{self._path} is of a network {'with' if has_fusion else 'without'} fusion: "
                    f"set enable_fusion={str(has_fusion).lower()}"
                )
            unused = ("text_", "audio_transform.", "logit")
            load_into(network, state, self._path, unused, made=COMPUTED)
            network = network.eval().requires_grad_(False).to(device)
        return network.embedding()

    def _make_text(self) -> tuple[Any, Tokens]:
        device = torch_device(self.device)
        if self.assets == "stand_in":
            return seeded(_Text, seed=1).to(device), stand_in_tokens
        beside = self._path.parent / "roberta-base"
        tokens = local_tokens(beside if self.tokenizer is None else self.tokenizer)
        state, network = self._state(), _Text()
        # Files of transformers 4 hold the numbers of positions too.
        unused = ("audio_", "text_transform.", "logit", "text_branch.embeddings.position_ids")
        load_into(network, state, self._path, unused)
        return network.eval().requires_grad_(False).to(device), tokens


class _Audio(torch.nn.Module):
    """The audio half, by the checkpoint's names."""

    def __init__(self, kind: Kind) -> None:
        super().__init__()
        width, settings = audio_settings(kind.architecture)
        self.kind = kind
        self.mel = ClapMel("htk" if kind.fusion else "slaney")
        self.audio_branch = audio_network(settings, kind.fusion)
        self.audio_projection = _projection(width)

    def embedding(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """Return what takes sounds (batch, n_samples) to unit vectors, with the weights of now."""
        if self.kind.architecture.startswith("PANN"):
            return lambda audio: self._vectors(self._pann(audio))
        htsat = HtsatEmbedding(self.audio_branch)
        return lambda audio: self._vectors(htsat(*self._spectrograms(audio)))

    def _spectrograms(self, audio: torch.Tensor) -> tuple[torch.Tensor, bool]:
        """Log-mel spectrograms (batch, channels, 1001, 64), and whether the sounds are long."""
        with torch.autocast(audio.device.type, enabled=False):
            if self.kind.fusion and audio.shape[1] > LENGTH:
                mel = self.mel(audio)
                if mel.shape[1] > N_FRAMES:
                    return fused(mel, N_FRAMES), True
                return mel[:, None], False
            return self.mel(filled(audio, LENGTH))[:, None], False

    def _pann(self, audio: torch.Tensor) -> torch.Tensor:
        waves = {"waveform": filled(audio, LENGTH)}
        return self.audio_branch(waves, device=audio.device)["embedding"]

    def _vectors(self, own: torch.Tensor) -> torch.Tensor:
        vectors = self.audio_projection(own)
        at_least = torch.promote_types(vectors.dtype, torch.float32)
        return torch.nn.functional.normalize(vectors.to(at_least), dim=-1)


class _Text(torch.nn.Module):
    """The text half, by the checkpoint's names."""

    def __init__(self) -> None:
        super().__init__()
        self.text_branch = roberta()
        self.text_projection = _projection(WIDTH)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Numbers of tokens (batch, length) to unit vectors."""
        own = pooled(self.text_branch, tokens)
        return torch.nn.functional.normalize(self.text_projection(own), dim=-1)


def _projection(width: int) -> torch.nn.Sequential:
    return torch.nn.Sequential(
        torch.nn.Linear(width, LaionClap.dimension),
        torch.nn.ReLU(),
        torch.nn.Linear(LaionClap.dimension, LaionClap.dimension),
    )
