"""Our encoders with the API of the HEAR benchmark (Turian et al., 2022), for anybody's evaluation.

    model = doppel.hear.load_model("encoder.safetensors")
    vectors = doppel.hear.get_scene_embeddings(audio, model)
    vectors, milliseconds = doppel.hear.get_timestamp_embeddings(audio, model)

https://hearbenchmark.com/hear-api.html; its tools, hear-validator and hear-eval-kit, take
`doppel.hear` as the name of the module.
"""

from __future__ import annotations

import os
from pathlib import Path

import torch
from jaxtyping import Float

from doppel.checkpoint import load_encoder
from doppel.encoders.resnet import ResNetEncoder
from doppel.front_end import N_SAMPLES, SAMPLE_RATE, FrontEnd
from doppel.listening import window_vectors
from eval.embedders.hearing import hear
from eval.embedders.stand_ins import seeded

__all__ = [
    "DEFAULT",
    "Model",
    "get_scene_embeddings",
    "get_timestamp_embeddings",
    "load_model",
]

DEFAULT = Path(__file__).with_name("default.safetensors")

SCENE_HOP = 15360  # samples: windows of 96 frames one after the other, 0.96 s
TIMESTAMP_HOP = 800  # samples: 50 ms, the longest that the benchmark recommends
_UNTRAINED_SEED = 0


class Model(torch.nn.Module):
    """An encoder behind its front end.

    Attributes:
        sample_rate: in Hz, of the audio that it is given.
        scene_embedding_size: numbers for a sound.
        timestamp_embedding_size: numbers for a moment.
    """

    sample_rate = int(SAMPLE_RATE)

    def __init__(self, encoder: torch.nn.Module, dimension: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.front_end = FrontEnd()
        self.scene_embedding_size = dimension
        self.timestamp_embedding_size = dimension

    def forward(
        self, audio: Float[torch.Tensor, "batch n_samples"]
    ) -> Float[torch.Tensor, "batch dimension"]:
        """Return the vectors of the first 0.975 s of sounds, with gradients."""
        return self.encoder(self.front_end(audio))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device


def load_model(model_file_path: str | os.PathLike[str] = "") -> Model:
    """Return a model in eval mode, on the CPU.

    Args:
        model_file_path: a file of `doppel.checkpoint.save_encoder`; "default" is the encoder that
            comes with this package; "" is an untrained ResNet-18, always the same one.

    Raises:
        FileNotFoundError, ValueError: as `doppel.checkpoint.load_encoder`.
    """
    if not os.fspath(model_file_path):
        encoder = ResNetEncoder()
        return Model(seeded(encoder.build, _UNTRAINED_SEED), encoder.dimension).eval()
    if os.fspath(model_file_path) == "default":
        model_file_path = DEFAULT
        if not DEFAULT.is_file():
            raise FileNotFoundError(
                f"this copy of the package lacks its own encoder, {DEFAULT}: train one with "
                "python -m scripts.run experiment=doppel/pretrain encoder=resnet18_quarter, then "
                "copy encoder.safetensors of its run folder there, or load it by its path"
            )
    loaded = load_encoder(model_file_path)
    return Model(loaded.module, loaded.encoder.dimension).eval().requires_grad_(False)


def get_scene_embeddings(
    audio: Float[torch.Tensor, "batch n_samples"], model: Model
) -> Float[torch.Tensor, "batch dimension"]:
    """Return one vector a sound: the mean over its windows of 0.96 s.

    A sound shorter than a window is padded with zeros, an incomplete window at the end of a longer
    one is left out. The model should be in eval mode, as it was loaded.

    Args:
        audio: at 16 kHz, in [-1, 1].
        model: of `load_model`, on any device; the audio follows it.

    Raises:
        ValueError: no sound, no sample, or NaN in one of the sounds.
    """
    heard = hear(audio, SAMPLE_RATE, SAMPLE_RATE, model.device)
    return window_vectors(model.encoder, model.front_end, heard, SCENE_HOP).mean(1)


def get_timestamp_embeddings(
    audio: Float[torch.Tensor, "batch n_samples"], model: Model
) -> tuple[
    Float[torch.Tensor, "batch n_timestamps dimension"], Float[torch.Tensor, "batch n_timestamps"]
]:
    """Return a vector every 50 ms, and the moments in milliseconds, from 0 to the sound's end.

    Each vector hears the 0.975 s around its moment, with silence before the beginning and after
    the end of the sound.

    Args:
        audio: at 16 kHz, in [-1, 1].
        model: of `load_model`, on any device; the audio follows it.

    Raises:
        ValueError: no sound, no sample, or NaN in one of the sounds.
    """
    heard = hear(audio, SAMPLE_RATE, SAMPLE_RATE, model.device)
    n_timestamps = 1 + heard.shape[1] // TIMESTAMP_HOP
    before = N_SAMPLES // 2
    after = (n_timestamps - 1) * TIMESTAMP_HOP + N_SAMPLES - before - heard.shape[1]
    padded = torch.nn.functional.pad(heard, (before, after))
    vectors = window_vectors(model.encoder, model.front_end, padded, TIMESTAMP_HOP)
    # Whole numbers of milliseconds: exact in float32 for more than four hours.
    milliseconds = torch.arange(n_timestamps, device=heard.device) * (TIMESTAMP_HOP // 16)
    return vectors, milliseconds.float().repeat(len(heard), 1)
