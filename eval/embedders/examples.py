"""The examples that VGGish hears: pictures of 96 log-mel frames, 0.96 s, one after the other."""

from __future__ import annotations

import torch
from jaxtyping import Float

from eval.embedders.hearing import windows
from eval.embedders.log_mel import LogMel

__all__ = ["EXAMPLE_FRAMES", "examples"]

EXAMPLE_FRAMES = 96


def examples(
    audio: Float[torch.Tensor, "batch n_samples"],
    front_end: LogMel,
    hop: int = EXAMPLE_FRAMES,
    whole: bool = False,
) -> Float[torch.Tensor, "batch n_examples 96 n_mels"]:
    """Return the examples of sounds at the front end's rate.

    A sound that is too short for one is padded with zeros (0.975 s at 16 kHz). What is left at the
    end is dropped, as in VGGish's release; `whole` pads it with zeros to one more example.

    Args:
        audio: of the front end's sample rate.
        front_end: makes the frames.
        hop: frames from one example to the next.
        whole: whether the end of a sound is heard.
    """
    least = front_end.samples(EXAMPLE_FRAMES)
    lacking = max(0, least - audio.shape[1])
    if whole:
        step = hop * front_end.hop
        n_examples = 1 + max(0, -(-(audio.shape[1] - least) // step))
        lacking = least + (n_examples - 1) * step - audio.shape[1]
    frames = front_end(torch.nn.functional.pad(audio, (0, max(0, lacking))))
    return windows(frames, EXAMPLE_FRAMES, hop)
