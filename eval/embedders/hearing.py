"""What every embedder does with the sounds it is given, before its own front end."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float

from eval.harness.audio import resample

__all__ = ["hear", "in_chunks", "of_length", "windows"]


def hear(
    audio: Float[torch.Tensor, "batch n_samples"],
    sample_rate: float,
    to_rate: float,
    device: torch.device | str = "cpu",
) -> Float[torch.Tensor, "batch n_resampled"]:
    """Checks sounds and resamples them; what comes out is float32 on the device.

    Args:
        audio: in [-1, 1], at least one sample.
        sample_rate: of the audio, in Hz.
        to_rate: what is wanted, in Hz.
        device: where the result goes.

    Raises:
        ValueError: another shape, no sound or sample, a rate that is not positive, or a sound that
            holds NaN or infinity; the message names its row.
    """
    if audio.ndim != 2 or 0 in audio.shape:
        raise ValueError(
            f"audio should be (batch, n_samples), neither of them 0, got {tuple(audio.shape)}"
        )
    audio = audio.detach().to(torch.float32)
    finite = audio.isfinite().all(dim=1)
    if not finite.all():
        bad = torch.nonzero(~finite)[:, 0].tolist()
        raise ValueError(
            f"sound {bad[0]} of a batch of {len(audio)} holds NaN or infinity "
            f"({len(bad)} such sounds): leave it out, or repair what made it"
        )
    if sample_rate == to_rate:
        return audio.to(device)
    return torch.from_numpy(resample(audio.cpu().numpy(), sample_rate, to_rate)).to(device)


def of_length(
    audio: Float[torch.Tensor, "batch n_samples"], length: int
) -> Float[torch.Tensor, "batch length"]:
    """Repeats short sounds until they are `length` samples long and cuts the rest of long ones."""
    repeats = -(-length // audio.shape[1])
    return audio.repeat(1, repeats)[:, :length]


def windows(
    frames: Float[torch.Tensor, "batch n_frames n_mels"], size: int, hop: int
) -> Float[torch.Tensor, "batch n_windows size n_mels"]:
    """Cuts frames into windows of `size` every `hop`; an incomplete one at the end is left out."""
    return frames.unfold(1, size, hop).transpose(2, 3)


def in_chunks(
    function: Callable[[torch.Tensor], torch.Tensor], items: torch.Tensor, size: int
) -> torch.Tensor:
    """Applies a function to at most `size` items at a time, without gradients.

    So memory does not grow with the batch. The items' own results do not depend on `size`.

    Example:
        >>> in_chunks(lambda x: x + 1, torch.arange(3), size=2)
        tensor([1, 2, 3])
    """
    with torch.inference_mode():
        result = torch.cat([function(chunk) for chunk in items.split(size)])
    return result.clone()  # outside, so that it is a common tensor again
