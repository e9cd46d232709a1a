"""What an embedder and a classifier are: audio in, vectors or probabilities out."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float

__all__ = ["Classifier", "Embedder", "FrameEmbedder"]


@runtime_checkable
class Embedder(Protocol):
    """Turns sounds into vectors; loads its weights at the first call, on the device it is set to.

    A vector depends on its own sound alone: neither the batch's size nor the other sounds matter.

    Attributes:
        name: short and printable, such as "yamnet".
        sample_rate: the rate in Hz that it hears at; it resamples itself.
        dimension: the length of a vector.
        licence: of the weights, for people.
    """

    name: str
    sample_rate: float
    dimension: int
    licence: str

    @property
    def identity(self) -> str:
        """What decides the numbers: name, settings, the weights' checksum. Keys of caches hold it.

        Raises:
            FileNotFoundError: the weights are not there; the message says which command gets them.
        """
        ...

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch dimension"]:
        """Return one float32 vector a sound.

        Args:
            audio: in [-1, 1], at least one sample.
            sample_rate: of the audio, in Hz; any positive number.
        """
        ...


@runtime_checkable
class FrameEmbedder(Embedder, Protocol):
    """An embedder that also gives the vectors of a sound's pieces, over which `embed` is a mean."""

    frame_s: float
    hop_s: float

    def embed_frames(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch n_frames dimension"]:
        """Return the vectors of pieces of `frame_s` seconds every `hop_s` seconds."""
        ...


@runtime_checkable
class Classifier(Protocol):
    """Gives the probabilities of sound classes."""

    name: str
    sample_rate: float
    licence: str

    @property
    def identity(self) -> str:
        """What decides the numbers, as in `Embedder.identity`."""
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the columns."""
        ...

    def probabilities(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch n_classes"]:
        """Return each class's own probability; of a multi-label model they do not add up to one."""
        ...
