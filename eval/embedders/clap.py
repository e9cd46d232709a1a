"""What the two CLAPs have in common: how sounds and texts go through their networks.

48 kHz, 10 s: shorter sounds are repeated as often as they fit, then padded with zeros; of longer
ones the beginning is heard (by a network with fusion all, shrunk, and three pieces), where the
packages take random parts. So one sound has one embedding. All vectors are of unit length.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float

from eval.embedders.hearing import hear, in_chunks
from eval.embedders.passes import Passes, Precision
from eval.embedders.roberta import Tokens
from eval.harness.audio import resample
from eval.harness.devices import Device, torch_device

__all__ = ["Clap", "filled"]

TEXT_CHUNK = 8  # texts in one pass


class Clap(ABC):
    """The methods of a CLAP, whose settings and networks its own class has.

    Attributes:
        precision: of the audio network.
        compile: whether the audio network is compiled.
        chunk: sounds in one pass; None: what suits the device.
        device: where to compute.
    """

    precision: Precision
    compile: bool
    chunk: int | None
    device: Device

    sample_rate = 48000.0
    dimension = 512

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 512"]:
        """Return every sound's embedding.

        Raises:
            ValueError: a sound holds NaN or infinity, or as `eval.embedders.hearing.hear`.
        """
        heard = hear(audio, sample_rate, self.sample_rate, torch_device(self.device))
        return self._passes.run(self._sounds, self._prepared(heard))

    def embed_with_gradient(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 512"]:
        """Return every sound's embedding, through which gradients flow to the audio.

        Nothing is rounded to 16 bits, whose steps have no gradient; nothing is refused: a sound
        that holds NaN or infinity has NaN in its vector, and the others what they have alone.
        Memory is that of one chunk; the backward pass makes the forward pass again.

        Raises:
            ValueError: the audio wants a gradient and is not at 48 kHz.
        """
        device = torch_device(self.device)
        if sample_rate != self.sample_rate:
            if audio.requires_grad:
                raise ValueError(
                    f"gradients pass through {type(self).__name__} at {self.sample_rate:.0f} Hz "
                    f"only, got audio at {sample_rate} Hz: render at that rate"
                )
            heard = resample(audio.cpu().numpy(), sample_rate, self.sample_rate)
            audio = torch.from_numpy(heard)
        audio = audio.to(device, torch.float32)
        finite = audio.isfinite().all(dim=1, keepdim=True)
        vectors = self._passes.run_with_gradient(self._sounds, audio)
        return vectors.masked_fill(~finite, torch.nan)

    def embed_text(self, texts: Sequence[str]) -> Float[torch.Tensor, "n_texts 512"]:
        """Return every text's embedding; a sound's inner product with it says how well they fit.

        Always float32: texts are few.
        """
        if isinstance(texts, str):
            raise TypeError(f"texts should be a list of strings, got the string {texts!r}")
        if not texts:
            raise ValueError("there is no text to embed")
        network, tokens = self._texts
        numbers = tokens(texts).to(torch_device(self.device))
        return in_chunks(network, numbers, TEXT_CHUNK)

    def _prepared(
        self, heard: Float[torch.Tensor, "batch n_samples"]
    ) -> Float[torch.Tensor, "batch n_samples"]:
        """What is done to the samples before anything else."""
        return heard

    @abstractmethod
    def _make_audio(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """Load the audio network: sounds at 48 kHz to vectors of unit length."""

    @abstractmethod
    def _make_text(self) -> tuple[Any, Tokens]:
        """Load the text network, numbers of tokens to vectors of unit length, and its tokenizer."""

    @cached_property
    def _passes(self) -> Passes:
        return Passes(self.precision, self.compile, self.chunk, self.device)

    @cached_property
    def _sounds(self) -> Callable[[torch.Tensor], torch.Tensor]:
        # Weights made in inference mode would never have a gradient pass through them.
        with torch.inference_mode(False):
            return self._passes.compiled(self._make_audio())

    @cached_property
    def _texts(self) -> tuple[Any, Tokens]:
        with torch.inference_mode(False):
            return self._make_text()


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
