"""Kaldi's log-mel filter banks, batched, as AST hears them (torchaudio's `kaldi.fbank`)."""

from __future__ import annotations

import torch
from jaxtyping import Float

from eval.embedders.log_mel import mel_weights

__all__ = ["filter_banks"]

WINDOW, HOP, N_FFT = 400, 160, 512
LOWEST_HZ, HIGHEST_HZ = 20.0, 8000.0
PRE_EMPHASIS = 0.97


def filter_banks(
    audio: Float[torch.Tensor, "batch n_samples"], n_mels: int = 128
) -> Float[torch.Tensor, "batch n_frames n_mels"]:
    """Return log powers of 16 kHz sounds in 25 ms symmetric Hann windows every 10 ms.

    Each window loses its mean and is pre-emphasised. Sounds shorter than a window are padded with
    zeros; an incomplete last window is left out.
    """
    lacking = max(0, WINDOW - audio.shape[1])
    frames = torch.nn.functional.pad(audio, (0, lacking)).unfold(1, WINDOW, HOP)
    frames = frames - frames.mean(-1, keepdim=True)
    before = torch.cat([frames[..., :1], frames[..., :-1]], dim=-1)
    window = torch.hann_window(WINDOW, periodic=False, device=audio.device)
    spectra = torch.fft.rfft((frames - PRE_EMPHASIS * before) * window, N_FFT)
    weights = mel_weights(16000.0, N_FFT, n_mels, LOWEST_HZ, HIGHEST_HZ)
    power = spectra.abs().square() @ torch.as_tensor(weights, dtype=torch.float32).to(audio.device)
    return power.clamp(min=torch.finfo(torch.float32).eps).log()
