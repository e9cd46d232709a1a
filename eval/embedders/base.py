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
    """

    @property
    def name(self) -> str:
        """Short and printable, such as "yamnet"."""
        ...

    @property
    def sample_rate(self) -> float:
        """The rate in Hz that it hears at; it resamples itself."""
        ...

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        ...

    @property
    def licence(self) -> str:
        """Of the weights, for people."""
        ...

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

    @property
    def frame_s(self) -> float:
        """Seconds that a vector hears."""
        ...

    @property
    def hop_s(self) -> float:
        """Seconds from one vector to the next."""
        ...

    def embed_frames(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch n_frames dimension"]:
        """Return the vectors of pieces of `frame_s` seconds every `hop_s` seconds."""
        ...


@runtime_checkable
class Classifier(Protocol):
    """Gives the probabilities of sound classes."""

    @property
    def name(self) -> str:
        """Short and printable, such as "yamnet"."""
        ...

    @property
    def sample_rate(self) -> float:
        """The rate in Hz that it hears at; it resamples itself."""
        ...

    @property
    def licence(self) -> str:
        """Of the weights, for people."""
        ...

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
