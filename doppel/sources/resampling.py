"""Changes of sample rate on the device that holds the sounds."""

from __future__ import annotations

from functools import lru_cache

import torch
from jaxtyping import Float32

__all__ = ["resampled"]

_ZERO_CROSSINGS = 64
_ROLLOFF = 0.95
_KAISER_BETA = 14.77


def resampled(
    audio: Float32[torch.Tensor, "batch n_samples"], from_rate: float, to_rate: float
) -> Float32[torch.Tensor, "batch n_resampled"]:
    """Sounds at another rate: a windowed sinc of 64 zero crossings, by torchaudio.

    What overshoots full scale is cut off there, as the contract of views asks.

    Args:
        audio: in [-1, 1].
        from_rate, to_rate: in Hz, whole numbers.

    Returns:
        `round(n_samples * to_rate / from_rate)` samples each, on the same device.
    """
    n_samples = max(1, round(audio.shape[-1] * to_rate / from_rate))
    there = _resampler(int(from_rate), int(to_rate), audio.device)(audio)
    return there[..., :n_samples].clamp(-1.0, 1.0)


@lru_cache(maxsize=8)
def _resampler(from_rate: int, to_rate: int, device: torch.device) -> torch.nn.Module:
    """The filter, computed once: it costs more than a batch."""
    from torchaudio.transforms import Resample

    made = Resample(
        from_rate,
        to_rate,
        resampling_method="sinc_interp_kaiser",
        lowpass_filter_width=_ZERO_CROSSINGS,
        rolloff=_ROLLOFF,
        beta=_KAISER_BETA,
    )
    return made.to(device)
