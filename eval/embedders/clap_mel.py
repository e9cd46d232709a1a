"""The log-mel spectrogram that LAION's CLAP hears, batched, on any device, differentiable.

48 kHz, periodic Hann windows of 1024 samples every 480, centred, the ends mirrored; power in 64
triangles from 50 Hz to 14 kHz, in decibels, nothing below -100. Networks without fusion were
trained on Slaney's mel scale with triangles of equal area (torchlibrosa), those with fusion on
HTK's with triangles of height one (torchaudio); transformers has both.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Float64

__all__ = ["ClapMel", "MelScale", "bands", "fused"]

MelScale = Literal["slaney", "htk"]
LEAST = 1e-10  # power, -100 dB


class ClapMel(torch.nn.Module):
    """Sounds to log-mel frames; without parameters.

    Args:
        scale: "slaney" for networks without fusion, "htk" for those with it.
        sample_rate: in Hz.
        n_fft: samples of a window.
        hop: samples from one frame to the next.
        n_mels: bands.
        lowest_hz: lower edge of the lowest band.
        highest_hz: upper edge of the highest band.

    Example:
        >>> ClapMel()(torch.zeros(2, 48000)).shape
        torch.Size([2, 101, 64])
    """

    # For type checkers: what register_buffer makes.
    hann: torch.Tensor
    mel: torch.Tensor

    def __init__(
        self,
        scale: MelScale = "slaney",
        sample_rate: float = 48000.0,
        n_fft: int = 1024,
        hop: int = 480,
        n_mels: int = 64,
        lowest_hz: float = 50.0,
        highest_hz: float = 14000.0,
    ) -> None:
        super().__init__()
        self.n_fft, self.hop = n_fft, hop
        hann = torch.hann_window(n_fft, periodic=True, dtype=torch.float64).float()
        weights = bands(scale, sample_rate, n_fft, n_mels, lowest_hz, highest_hz)
        self.register_buffer("hann", hann, persistent=False)
        self.register_buffer("mel", torch.from_numpy(weights).float(), persistent=False)

    def forward(
        self, audio: Float[torch.Tensor, "batch n_samples"]
    ) -> Float[torch.Tensor, "batch n_frames n_mels"]:
        """Return 1 + n_samples // hop frames in dB of sounds longer than half a window."""
        half = self.n_fft // 2
        mirrored = torch.nn.functional.pad(audio[:, None], (half, half), mode="reflect")[:, 0]
        spectrum = torch.fft.rfft(mirrored.unfold(1, self.n_fft, self.hop) * self.hann)
        power = (spectrum.real.square() + spectrum.imag.square()) @ self.mel
        return 10.0 * torch.log10(power.clamp(min=LEAST))


def bands(
    scale: MelScale = "slaney",
    sample_rate: float = 48000.0,
    n_fft: int = 1024,
    n_mels: int = 64,
    lowest_hz: float = 50.0,
    highest_hz: float = 14000.0,
) -> Float64[np.ndarray, "n_bins n_mels"]:
    """Return the triangles, straight in Hz: of equal area for "slaney", of height one for "htk"."""
    from librosa.filters import mel

    htk = scale == "htk"
    weights = mel(
        sr=sample_rate,
        n_fft=n_fft,
        n_mels=n_mels,
        fmin=lowest_hz,
        fmax=highest_hz,
        htk=htk,
        norm=None if htk else "slaney",
        dtype=np.float64,
    )
    return weights.T


def fused(
    mel: Float[torch.Tensor, "batch n_frames n_mels"], n_frames: int
) -> Float[torch.Tensor, "batch 4 n_piece n_mels"]:
    """Return what a network with fusion hears of a long sound: all of it, shrunk, and three pieces.

    The packages draw a piece of each third by chance; here it is the one in the middle, so that a
    sound has one embedding.

    Args:
        mel: at least `n_frames` frames.
        n_frames: of a piece.
    """
    starts = np.array_split(np.arange(mel.shape[1] - n_frames + 1), 3)
    pieces = []
    for third in starts:
        start = int(third[len(third) // 2]) if len(third) else 0
        pieces.append(mel[:, start : start + n_frames])
    whole = torch.nn.functional.interpolate(
        mel[:, None], size=(n_frames, mel.shape[2]), mode="bilinear", align_corners=False
    )
    return torch.cat([whole, torch.stack(pieces, dim=1)], dim=1)
