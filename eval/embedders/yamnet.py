"""YAMNet: 521 AudioSet classes and a 1024-dimensional embedding, on a CPU (Plakal and Ellis, 2020).

Reads the TensorFlow Lite file that takes log-mel patches (int8 weights); the front end is ours and
follows the released one: patches of 96 log-mel frames every 48, offset 0.001.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float

from eval.embedders.examples import examples
from eval.embedders.hearing import hear
from eval.embedders.identity import identity_of
from eval.embedders.log_mel import LogMel
from eval.embedders.mobilenet import MobileNet
from eval.embedders.published import checksum, find, find_beside
from eval.embedders.stand_ins import Assets, seeded, spread

__all__ = ["YamNet"]

PATCH_HOP = 48
EMBEDDING_SIZE, N_CLASSES = 1024, 521
CHUNK = 64  # patches in one pass of the stand-in
MODEL, CLASS_MAP = "yamnet_spectra_in.tflite", "yamnet_class_map.csv"

Run = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


@dataclass(frozen=True)
class YamNet:
    """Scores and embeds sounds; nothing is loaded before the first call.

    Attributes:
        model: yamnet_spectra_in.tflite, or the folder it lies in.
        class_map: yamnet_class_map.csv; None looks beside the model.
        workers: patches heard at the same time, each by an interpreter of its own; the numbers
            are the same.
        assets: "stand_in" is the same architecture with random weights; needs no file.
    """

    model: Path | str | None = None
    class_map: Path | str | None = None
    workers: int = 1
    assets: Assets = "published"

    name = "yamnet"
    sample_rate = 16000.0
    dimension = EMBEDDING_SIZE
    licence = "Apache-2.0 (class names CC-BY 4.0)"
    frame_s = 0.96
    hop_s = 0.48

    @property
    def identity(self) -> str:
        """Name and the model's checksum."""
        if self.assets == "stand_in":
            return identity_of(self.name, weights="stand_in")
        return identity_of(self.name, weights=checksum(self._model_path))

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 1024"]:
        """Return the mean over a sound's patches of the embedding before the classifier."""
        return self.embed_frames(audio, sample_rate).mean(1)

    def embed_frames(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch n_frames 1024"]:
        """Return the embedding of every patch; the last one is padded with zeros."""
        return self._hear(audio, sample_rate)[0]

    def probabilities(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 521"]:
        """Return each class's probability, averaged over the sound's patches.

        Taken from the logits, since the network's own output is rounded to 1/256.
        """
        return torch.sigmoid(self._hear(audio, sample_rate)[1]).mean(1)

    def log_scores(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 521"]:
        """Return the log of `probabilities`."""
        return self.probabilities(audio, sample_rate).log()

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Display names of the 521 classes, in the order of the scores."""
        if self.assets == "stand_in":
            return tuple(f"class {i}" for i in range(N_CLASSES))
        path = find_beside(CLASS_MAP, self.class_map, self.model)
        with path.open(newline="", encoding="utf-8") as file:
            return tuple(row["display_name"] for row in csv.DictReader(file))

    def class_index(self, name: str) -> int:
        """Return the index of a class by its display name."""
        if name not in self.class_names:
            raise KeyError(
                f"{name!r} is no class of YAMNet; see {len(self.class_names)} names in "
                "class_names, such as 'Dog' or 'Rain'"
            )
        return self.class_names.index(name)

    def _hear(self, audio: torch.Tensor, sample_rate: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Return embeddings (batch, n_patches, 1024) and logits (batch, n_patches, 521)."""
        patches = examples(
            hear(audio, sample_rate, self.sample_rate), self._front_end, PATCH_HOP, whole=True
        )
        embeddings, logits = self._run(patches.flatten(0, 1))
        shape = patches.shape[:2]
        return embeddings.unflatten(0, shape), logits.unflatten(0, shape)

    @property
    def _model_path(self) -> Path:
        return find(MODEL, None if self.model is None else Path(self.model))

    @cached_property
    def _front_end(self) -> LogMel:
        return LogMel(offset=0.001)

    @cached_property
    def _run(self) -> Run:
        """What turns patches (n, 96, 64) into embeddings and logits."""
        if self.assets == "stand_in":
            return _StandIn()
        from eval.embedders.tflite import Interpreters

        return Interpreters(self._model_path, self.workers, EMBEDDING_SIZE, N_CLASSES)


class _StandIn:
    """The same architecture with random weights."""

    def __init__(self) -> None:
        self.network = seeded(lambda: spread(MobileNet(N_CLASSES)), seed=0)

    def __call__(self, patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.no_grad():
            chunks = patches.unsqueeze(1).split(CHUNK)
            embeddings, logits = zip(*(self.network(chunk) for chunk in chunks), strict=True)
        return torch.cat(embeddings), torch.cat(logits)
