"""LAION's CLAP: sounds and texts in one space of 512 dimensions (Wu et al., 2023); no fusion.

The audio network is the laion-clap package's, the text network transformers' RoBERTa; weights are
read from the published checkpoints by name. 48 kHz, 10 s: shorter sounds are repeated as often as
they fit, then padded with zeros; of longer ones the beginning is heard, where the package takes a
random part. So one sound has one embedding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float

from eval.embedders.hearing import hear, in_chunks
from eval.embedders.identity import identity_of
from eval.embedders.laion_package import COMPUTED, audio_network, audio_settings
from eval.embedders.published import PUBLISHED, checksum, find
from eval.embedders.roberta import WIDTH, Tokens, local_tokens, pooled, roberta, stand_in_tokens
from eval.embedders.stand_ins import Assets, seeded
from eval.embedders.weights import load_into, read
from eval.harness.devices import Device, torch_device

__all__ = ["LaionClap", "filled"]

LENGTH = 480000
CHUNK = 8  # sounds in one pass


@dataclass(frozen=True)
class LaionClap:
    """Embeds sounds and texts; all vectors are of unit length.

    Attributes:
        weights: a checkpoint of the release, or one of your own with the same names.
        architecture: the audio network of that checkpoint: HTSAT-tiny for 630k-audioset-best.pt,
            HTSAT-base for the music ones, PANN-14.
        tokenizer: the folder with roberta-base's vocab.json and merges.txt, for texts.
        quantize: whether sounds are rounded to 16 bits first, as the package does.
        assets: "stand_in" is the same architecture with random weights; needs no file.
        device: where to compute.
    """

    weights: Path | None = None
    architecture: str = "HTSAT-tiny"
    tokenizer: Path | None = None
    quantize: bool = True
    assets: Assets = "published"
    device: Device = "auto"

    name = "laion_clap"
    sample_rate = 48000.0
    dimension = 512
    licence = "CC0-1.0"

    @property
    def identity(self) -> str:
        """Name, settings and the weights' checksum."""
        weights = "stand_in" if self.assets == "stand_in" else checksum(self._path)
        return identity_of(
            self.name, architecture=self.architecture, quantize=self.quantize, weights=weights
        )

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 512"]:
        """Return every sound's embedding."""
        heard = hear(audio, sample_rate, self.sample_rate, torch_device(self.device))
        if self.quantize:
            heard = (heard.clamp(-1.0, 1.0) * 32767.0).trunc() / 32767.0
        return in_chunks(self._audio, filled(heard, LENGTH), CHUNK)

    def embed_text(self, texts: Sequence[str]) -> Float[torch.Tensor, "n_texts 512"]:
        """Return every text's embedding; a sound's inner product with it says how well they fit."""
        if not texts:
            raise ValueError("there is no text to embed")
        network, tokens = self._text
        numbers = tokens(texts).to(torch_device(self.device))
        return in_chunks(network, numbers, CHUNK)

    @property
    def _path(self) -> Path:
        """The checkpoint; one of the release's names is checked against what was published."""
        given = self.weights
        if given is not None and given.name not in {entry.file for entry in PUBLISHED}:
            if given.is_file():
                return given
            if given.is_dir():
                raise ValueError(f"{given} is a folder: give the checkpoint in it")
        return find("630k-audioset-best.pt" if given is None else given.name, given)

    def _state(self) -> dict[str, torch.Tensor]:
        saved = read(self._path)
        state = saved.get("state_dict", saved) if isinstance(saved, Mapping) else None
        if state is None or not any("audio_branch." in name for name in state):
            raise ValueError(f"{self._path} has no weights of an audio_branch: is it LAION's CLAP?")
        return {name.removeprefix("module."): state[name] for name in state}

    @cached_property
    def _audio(self) -> _Audio:
        device = torch_device(self.device)
        if self.assets == "stand_in":
            return seeded(lambda: _Audio(self.architecture), seed=0).to(device)
        state, network = self._state(), _Audio(self.architecture)
        unused = ("text_", "audio_transform.", "logit")
        load_into(network, state, self._path, unused, made=COMPUTED)
        return network.eval().requires_grad_(False).to(device)

    @cached_property
    def _text(self) -> tuple[_Text, Tokens]:
        device = torch_device(self.device)
        if self.assets == "stand_in":
            return seeded(_Text, seed=1).to(device), stand_in_tokens
        tokens = local_tokens(self.tokenizer)
        state, network = self._state(), _Text()
        # Files of transformers 4 hold the numbers of positions too.
        unused = ("audio_", "text_transform.", "logit", "text_branch.embeddings.position_ids")
        load_into(network, state, self._path, unused)
        return network.eval().requires_grad_(False).to(device), tokens


class _Audio(torch.nn.Module):
    """The audio half, by the checkpoint's names."""

    def __init__(self, architecture: str) -> None:
        super().__init__()
        width, settings = audio_settings(architecture)
        self.audio_branch = audio_network(settings)
        self.audio_projection = _projection(width)

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        """Audio (batch, 480000) to unit vectors."""
        own = self.audio_branch({"waveform": audio}, device=audio.device)["embedding"]
        return torch.nn.functional.normalize(self.audio_projection(own), dim=-1)


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


def filled(
    audio: Float[torch.Tensor, "batch n_samples"], length: int
) -> Float[torch.Tensor, "batch length"]:
    """Repeat sounds as often as they fit whole, pad with zeros, cut what is longer.

    Example:
        >>> filled(torch.tensor([[1.0, 2.0]]), 5)
        tensor([[1., 2., 1., 2., 0.]])
    """
    repeated = audio.repeat(1, max(1, length // audio.shape[1]))[:, :length]
    return torch.nn.functional.pad(repeated, (0, length - repeated.shape[1]))
