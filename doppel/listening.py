"""Sounds of any length to an encoder's vectors, window by window, in bounded memory."""

from __future__ import annotations

import torch
from jaxtyping import Float

from doppel.front_end import N_FRAMES, N_SAMPLES, FrontEnd
from eval.embedders.hearing import windows

__all__ = ["count_windows", "window_vectors"]

CHUNK = 64  # windows in one pass


def count_windows(n_samples: int, hop: int) -> int:
    """Return how many whole windows of 15,600 samples stand every `hop` samples; at least one.

    Example:
        >>> count_windows(80000, hop=15360), count_windows(100, hop=15360)
        (5, 1)
    """
    return 1 + max(0, n_samples - N_SAMPLES) // hop


def window_vectors(
    network: torch.nn.Module,
    front_end: FrontEnd,
    audio: Float[torch.Tensor, "batch n_samples"],
    hop: int,
) -> Float[torch.Tensor, "batch n_windows dimension"]:
    """Return the vectors of windows of 15,600 samples every `hop`, without gradients.

    A sound that is too short for a window is padded with zeros; an incomplete window at the end of
    a longer one is left out. Neither the batch nor its length changes how much memory is needed
    beside the result.

    Args:
        network: from pictures to vectors, in eval mode, on the audio's device.
        front_end: on the same device.
        audio: at 16 kHz.
        hop: samples.
    """
    lacking = max(0, N_SAMPLES - audio.shape[1])
    audio = torch.nn.functional.pad(audio, (0, lacking))
    n_windows = count_windows(audio.shape[1], hop)
    together = min(n_windows, CHUNK)
    rows = []
    with torch.inference_mode():
        for sounds in audio.split(max(1, CHUNK // together)):
            passes = []
            for first in range(0, n_windows, together):
                n = min(together, n_windows - first)
                piece = sounds[:, first * hop : (first + n - 1) * hop + N_SAMPLES]
                pictures = _pictures(front_end, piece, hop)
                passes.append(network(pictures.flatten(0, 1)).unflatten(0, pictures.shape[:2]))
            rows.append(torch.cat(passes, dim=1))
        result = torch.cat(rows)
    return result.clone()  # outside, so that it is a common tensor again


def _pictures(
    front_end: FrontEnd, audio: Float[torch.Tensor, "batch n_samples"], hop: int
) -> Float[torch.Tensor, "batch n_windows 96 64"]:
    """The pictures of a piece; windows that share frames share their computation."""
    frame_hop = front_end.log_mel.hop
    if hop % frame_hop == 0:
        return windows(front_end.frames(audio), N_FRAMES, hop // frame_hop)
    pieces = audio.unfold(1, N_SAMPLES, hop)
    return front_end(pieces.flatten(0, 1)).unflatten(0, pieces.shape[:2])
