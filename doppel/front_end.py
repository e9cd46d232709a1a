"""The pictures that encoders hear: 96 frames of 64 log-mel bands, as in VGGish."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float

from eval.embedders.log_mel import LogMel

__all__ = ["N_FRAMES", "N_MELS", "N_SAMPLES", "SAMPLE_RATE", "SETTINGS", "FrontEnd"]

SAMPLE_RATE = 16000.0
N_FRAMES, N_MELS = 96, 64
N_SAMPLES = 15600  # of a picture: 96 frames of 25 ms every 10 ms, 0.975 s

BLOCK = 8
"""Sounds at a time on a CPU: what lies between the steps of the transform stays in its cache, and a
batch of 256 is done in a third of the time."""

SETTINGS: dict[str, Any] = {
    "offset": 0.01,
    "sample_rate": SAMPLE_RATE,
    "window": 400,
    "hop": 160,
    "n_fft": 512,
    "n_mels": N_MELS,
    "lowest_hz": 125.0,
    "highest_hz": 7500.0,
}
"""What `LogMel` is made with; checkpoints hold it beside their weights."""


class FrontEnd(torch.nn.Module):
    """Sounds at 16 kHz to one picture each, in one batched pass on their device.

    A picture is of a sound's first 15,600 samples; shorter sounds are padded with zeros. It is
    not computed in bfloat16 where all around it is (autocast).

    In float32 a picture is exact to 1e-5, but for sounds of a few loud tones: there the rounding
    of the transform, 1e-8 of its peak, is up to 1e-3 in bands where nothing else is. In float64 it
    is exact to 1e-4 everywhere, in two and a half times the time on a CPU. On GPUs
    float32 needs `torch.get_float32_matmul_precision()` to be "highest", the default.

    Args:
        double: compute in float64.
    """

    def __init__(self, double: bool = False) -> None:
        super().__init__()
        self.double_precision = double
        log_mel = LogMel(**SETTINGS)
        self.log_mel = log_mel.double() if double else log_mel

    def forward(
        self, audio: Float[torch.Tensor, "batch n_samples"]
    ) -> Float[torch.Tensor, "batch 96 64"]:
        """Return the pictures, float32."""
        heard = audio[:, :N_SAMPLES]
        return self.frames(torch.nn.functional.pad(heard, (0, N_SAMPLES - heard.shape[1])))

    def frames(
        self, audio: Float[torch.Tensor, "batch n_samples"]
    ) -> Float[torch.Tensor, "batch n_frames 64"]:
        """Return all whole frames of sounds of at least 400 samples, float32."""
        with torch.autocast(audio.device.type, enabled=False):
            heard = audio.double() if self.double_precision else audio.float()
            if audio.device.type != "cpu":
                return self.log_mel(heard).float()
            return torch.cat([self.log_mel(block).float() for block in heard.split(BLOCK)])
