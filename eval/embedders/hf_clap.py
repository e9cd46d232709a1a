"""CLAP as transformers has it, such as laion/clap-htsat-unfused: 512 numbers for sounds and texts.

The networks are transformers', the front end ours, on the device. A folder has config.json,
preprocessor_config.json, the weights (model.safetensors or pytorch_model.bin), vocab.json and
merges.txt. `eval.embedders.clap` says what is heard of short and of long sounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from eval.embedders.clap import Clap, filled
from eval.embedders.clap_mel import ClapMel, fused
from eval.embedders.identity import identity_of
from eval.embedders.passes import Precision
from eval.embedders.published import PUBLISHED, checksum, find
from eval.embedders.roberta import PAD, Tokens, local_tokens, stand_in_tokens
from eval.embedders.stand_ins import Assets, seeded
from eval.embedders.weights import load_into, read
from eval.harness.devices import Device, torch_device
from eval.harness.files import read_json

__all__ = ["HfClap"]

DEFAULT = "clap-htsat-unfused"
CONFIG, FRONT_END = "config.json", "preprocessor_config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
COMPUTED = ("relative_position_index", "position_ids", "token_type_ids")

# What the published front ends are; another is refused.
_FRONT_END: dict[str, Any] = {"padding": "repeatpad", "sampling_rate": 48000}


@dataclass(frozen=True)
class HfClap(Clap):
    """Embeds sounds and texts; all vectors are of unit length.

    Attributes:
        weights: the folder with the files.
        precision: of the audio network.
        compile: whether the audio network is compiled, which takes a minute at the first batch.
        chunk: sounds in one pass; None: what suits the device.
        assets: "stand_in" is the architecture of clap-htsat-unfused with random weights; needs no
            file.
        device: where to compute.
    """

    weights: Path | None = None
    precision: Precision = "float32"
    compile: bool = False
    chunk: int | None = None
    assets: Assets = "published"
    device: Device = "auto"

    name = "hf_clap"
    licence = "Apache-2.0"

    @property
    def identity(self) -> str:
        """Name, precision and the checksums of weights and settings."""
        if self.assets == "stand_in":
            return identity_of(self.name, precision=self.precision, weights="stand_in")
        settings = checksum(self._file(FRONT_END))[:12]
        return identity_of(
            self.name,
            precision=self.precision,
            settings=f"{checksum(self._file(CONFIG))[:12]} {settings}",
            weights=checksum(self._file(*WEIGHTS)),
        )

    def _file(self, *names: str) -> Path:
        """The first file of the folder that has one of these names; the published are checked."""
        folder = self.weights
        for name in names:
            published = None if folder is None else f"{folder.name}/{name}"
            if folder is not None and (folder / name).is_file():
                known = any(entry.file == published for entry in PUBLISHED)
                return find(str(published), folder / name) if known else folder / name
        if folder is None or folder.name == DEFAULT:
            name = f"{DEFAULT}/{names[-1]}"
            return find(name, None if folder is None else folder / names[-1])
        raise FileNotFoundError(
            f"{folder} has no {' or '.join(names)}: give the folder of a CLAP of transformers, or "
            f"fetch one: make weights-hf-clap, then .../{DEFAULT}"
        )

    def _config(self) -> Any:
        from transformers import ClapConfig

        if self.assets == "stand_in":
            return ClapConfig()
        path = self._file(CONFIG)
        settings = read_json(path)
        if settings.get("model_type") != "clap":
            raise ValueError(f"{path} is of a {settings.get('model_type')!r}, not of a 'clap'")
        return ClapConfig(**settings)

    def _front_end(self) -> Mapping[str, Any]:
        """The settings of the front end, by the names of the published file."""
        own = {} if self.assets == "stand_in" else read_json(self._file(FRONT_END))
        for key, wanted in _FRONT_END.items():
            if own.get(key, wanted) != wanted:
                raise ValueError(
                    f"{self._file(FRONT_END)} has {key}={own[key]!r}, only {wanted!r} is known"
                )
        return own

    def _state(self) -> tuple[dict[str, torch.Tensor], Path]:
        path = self._file(*WEIGHTS)
        return read(path), path

    def _make_audio(self) -> Callable[[torch.Tensor], torch.Tensor]:
        device, config, front_end = torch_device(self.device), self._config(), self._front_end()
        if self.assets == "stand_in":
            network = seeded(lambda: _Audio(config.audio_config, front_end), seed=0)
        else:
            (state, path), network = self._state(), _Audio(config.audio_config, front_end)
            load_into(network.network, state, path, ("text_", "logit"), made=COMPUTED)
        return network.eval().requires_grad_(False).to(device)

    def _make_text(self) -> tuple[Any, Tokens]:
        device, config = torch_device(self.device), self._config()
        if self.assets == "stand_in":
            return seeded(lambda: _Text(config.text_config), seed=1).to(device), stand_in_tokens
        for name in ("vocab.json", "merges.txt"):
            self._file(name)
        # Two positions of the table are the padding's.
        tokens = local_tokens(self.weights, config.text_config.max_position_embeddings - 2)
        (state, path), network = self._state(), _Text(config.text_config)
        load_into(network.network, state, path, ("audio_", "logit"), made=COMPUTED)
        return network.eval().requires_grad_(False).to(device), tokens


class _Audio(torch.nn.Module):
    """Sounds to unit vectors."""

    def __init__(self, config: Any, front_end: Mapping[str, Any]) -> None:
        from transformers import ClapAudioModelWithProjection

        super().__init__()
        self.network = ClapAudioModelWithProjection(config)
        self.fusion = bool(config.enable_fusion)
        self.length = 48000 * int(front_end.get("max_length_s", 10))
        hop = int(front_end.get("hop_length", 480))
        self.n_frames = self.length // hop + 1
        self.mel = ClapMel(
            "htk" if front_end.get("truncation", "rand_trunc") == "fusion" else "slaney",
            n_fft=int(front_end.get("fft_window_size", 1024)),
            hop=hop,
            n_mels=int(front_end.get("feature_size", 64)),
            lowest_hz=float(front_end.get("frequency_min", 50)),
            highest_hz=float(front_end.get("frequency_max", 14000)),
        )

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        """Sounds (batch, n_samples) at 48 kHz to unit vectors."""
        with torch.autocast(audio.device.type, enabled=False):
            mel, longer = self._spectrograms(audio)
        is_longer = torch.full((len(audio), 1), longer, device=audio.device)
        own = self.network(input_features=mel, is_longer=is_longer).audio_embeds
        return torch.nn.functional.normalize(own.float(), dim=-1)

    def _spectrograms(self, audio: torch.Tensor) -> tuple[torch.Tensor, bool]:
        """Log-mel spectrograms (batch, channels, n_frames, n_mels), and whether sounds are long."""
        if self.fusion and audio.shape[1] > self.length:
            mel = self.mel(audio)
            if mel.shape[1] > self.n_frames:
                return fused(mel, self.n_frames), True
            return mel[:, None], False
        return self.mel(filled(audio, self.length))[:, None], False


class _Text(torch.nn.Module):
    """Numbers of tokens to unit vectors."""

    def __init__(self, config: Any) -> None:
        from transformers import ClapTextModelWithProjection

        super().__init__()
        self.network = ClapTextModelWithProjection(config)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Numbers of tokens (batch, length) to unit vectors."""
        mask = tokens.ne(PAD).long()
        own = self.network(input_ids=tokens, attention_mask=mask).text_embeds
        return torch.nn.functional.normalize(own, dim=-1)
