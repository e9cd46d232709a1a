"""Mean, deviation and speed of change of a log-mel spectrum over time: no weights, always there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float

from eval.embedders.hearing import hear
from eval.embedders.identity import identity_of
from eval.embedders.log_mel import LogMel
from eval.harness.devices import Device, torch_device

__all__ = ["MelStatistics"]


@dataclass(frozen=True)
class MelStatistics:
    """Three numbers a band: mean, standard deviation, and that of the difference of frames.

    Sounds shorter than a window are padded with zeros; what a sound ends with beyond the last whole
    frame is left out.

    Attributes:
        sample_rate: in Hz; what lies above half of it is not heard.
        n_mels: bands from 50 Hz to 16/35 of the sample rate.
        window_s: seconds of a frame.
        hop_s: seconds from one frame to the next.
        delta: whether the deviation of differences is given too.
        device: where to compute.
    """

    sample_rate: float = 16000.0
    n_mels: int = 64
    window_s: float = 0.032
    hop_s: float = 0.010
    delta: bool = True
    device: Device = "auto"

    name = "mel_statistics"
    licence = "none: no weights"

    @property
    def dimension(self) -> int:
        """Two or three numbers a band."""
        return (3 if self.delta else 2) * self.n_mels

    @property
    def identity(self) -> str:
        """Name and settings."""
        return identity_of(
            self.name,
            sample_rate=float(self.sample_rate),
            n_mels=self.n_mels,
            window_s=self.window_s,
            hop_s=self.hop_s,
            delta=self.delta,
        )

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch dimension"]:
        """Return the statistics of every sound's log-mel frames."""
        heard = hear(audio, sample_rate, self.sample_rate, torch_device(self.device))
        front_end = self._front_end
        lacking = max(0, front_end.window - heard.shape[1])
        frames = front_end(torch.nn.functional.pad(heard, (0, lacking)))
        parts = [frames.mean(1), frames.std(1, correction=0)]
        if self.delta:
            # A single frame has no differences: nothing changes.
            steps = frames.diff(dim=1) if frames.shape[1] > 1 else torch.zeros_like(frames)
            parts.append(steps.std(1, correction=0))
        return torch.cat(parts, dim=1)

    @cached_property
    def _front_end(self) -> LogMel:
        window = round(self.window_s * self.sample_rate)
        hop = round(self.hop_s * self.sample_rate)
        if window < 2 or hop < 1:
            raise ValueError(
                f"window_s={self.window_s} and hop_s={self.hop_s} are less than two samples and "
                f"one at {self.sample_rate} Hz"
            )
        return LogMel(
            offset=1e-3,
            sample_rate=self.sample_rate,
            window=window,
            hop=hop,
            n_fft=2 ** (window - 1).bit_length(),
            n_mels=self.n_mels,
            lowest_hz=50.0,
            highest_hz=self.sample_rate * 16 / 35,
        ).to(torch_device(self.device))
