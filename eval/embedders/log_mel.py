"""The log-mel spectrogram of VGGish and YAMNet, batched, on any device (Hershey et al., 2017).

16 kHz, 25 ms periodic Hann windows every 10 ms, 512-point magnitudes, 64 triangular bands on the
HTK mel scale from 125 to 7500 Hz, log(x + offset). VGGish adds 0.01, YAMNet 0.001. The first frame
begins at the first sample and nothing is padded, so n samples have 1 + (n - 400) // 160 frames.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Float64

__all__ = ["LogMel", "mel_weights"]


class LogMel(torch.nn.Module):
    """Sounds to log-mel frames; without parameters, differentiable.

    Args:
        offset: added before the logarithm.
        sample_rate: in Hz.
        window: samples of a frame.
        hop: samples from one frame to the next.
        n_fft: points of the transform, at least `window`.
        n_mels: bands.
        lowest_hz: lower edge of the lowest band.
        highest_hz: upper edge of the highest band.

    Example:
        >>> LogMel()(torch.zeros(2, 15600)).shape
        torch.Size([2, 96, 64])
    """

    # For type checkers: what register_buffer makes.
    hann: torch.Tensor
    mel: torch.Tensor

    def __init__(
        self,
        offset: float = 0.01,
        sample_rate: float = 16000.0,
        window: int = 400,
        hop: int = 160,
        n_fft: int = 512,
        n_mels: int = 64,
        lowest_hz: float = 125.0,
        highest_hz: float = 7500.0,
    ) -> None:
        super().__init__()
        self.offset, self.window, self.hop, self.n_fft = offset, window, hop, n_fft
        hann = torch.hann_window(window, periodic=True, dtype=torch.float64).float()
        weights = mel_weights(sample_rate, n_fft, n_mels, lowest_hz, highest_hz)
        self.register_buffer("hann", hann, persistent=False)
        self.register_buffer("mel", torch.from_numpy(weights).float(), persistent=False)

    def samples(self, n_frames: int) -> int:
        """Return how many samples `n_frames` frames need.

        Example:
            >>> LogMel().samples(96)
            15600
        """
        return self.window + (n_frames - 1) * self.hop

    def forward(
        self, audio: Float[torch.Tensor, "batch n_samples"]
    ) -> Float[torch.Tensor, "batch n_frames n_mels"]:
        """Return the frames of sounds that have at least one window of samples."""
        frames = audio.unfold(1, self.window, self.hop) * self.hann
        magnitude = torch.fft.rfft(frames, self.n_fft).abs()
        return torch.log(magnitude @ self.mel + self.offset)


def mel_weights(
    sample_rate: float = 16000.0,
    n_fft: int = 512,
    n_mels: int = 64,
    lowest_hz: float = 125.0,
    highest_hz: float = 7500.0,
) -> Float64[np.ndarray, "n_bins n_mels"]:
    """Return triangles of height one, straight in mel (HTK: 1127 ln(1 + f / 700)); no DC.

    Raises:
        ValueError: the bands do not lie in order between 0 Hz and half the sample rate.
    """
    if not 0.0 <= lowest_hz < highest_hz <= sample_rate / 2:
        raise ValueError(
            f"mel bands from {lowest_hz} to {highest_hz} Hz do not fit a sample rate of "
            f"{sample_rate} Hz: 0 <= lowest_hz < highest_hz <= sample_rate / 2"
        )

    def mel(frequency: np.ndarray) -> np.ndarray:
        return np.asarray(1127.0 * np.log1p(frequency / 700.0))

    edges = np.linspace(mel(np.array(lowest_hz)), mel(np.array(highest_hz)), n_mels + 2)
    bins = mel(np.arange(n_fft // 2 + 1) * (sample_rate / n_fft))[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rising, falling))
    weights[0] = 0.0
    return weights
