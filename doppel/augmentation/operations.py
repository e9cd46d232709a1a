"""The operations of torch-audiomentations on rows of sounds, every row with numbers of its own.

The package draws its numbers from three global generators. Here they are given, and what the
package would apply to one row after the other is computed together where that can be.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction
from typing import Literal, TypeVar

import torch
from jaxtyping import Float, Float64
from torch_audiomentations import Shift
from torch_audiomentations.utils.convolution import convolve
from torch_pitch_shift import get_fast_shifts, pitch_shift

__all__ = [
    "Vocoder",
    "even_ratios",
    "fast_ratios",
    "high_pass",
    "low_pass",
    "reverberate",
    "rotate",
    "shift",
]

Sounds = Float[torch.Tensor, "batch n_samples"]
Number = TypeVar("Number", bound=Hashable)

Vocoder = Literal["package", "fast"]
"""How often a phase vocoder looks: 32 times a window as the package, or 4 times, with Hann's."""

CHUNK = 64  # sounds that are convolved at once
_EVEN_PARTS = (50, 200)  # of the sample rate, at least and at most


def high_pass(audio: Sounds, sample_rate: float, cutoffs_hz: Sequence[float]) -> Sounds:
    """Return the sounds less what a low-pass leaves of them."""
    return audio - low_pass(audio, sample_rate, cutoffs_hz)


def low_pass(audio: Sounds, sample_rate: float, cutoffs_hz: Sequence[float]) -> Sounds:
    """Return the sounds below their cutoffs, by windowed sincs of eight zero crossings.

    The filter of the package, which is julius's: it makes one after the other, here one transform
    has a filter for each row. The first and the last sample go on beyond the ends. A cutoff above
    half the sample rate is half the sample rate.
    """
    cutoffs = torch.tensor(list(cutoffs_hz), dtype=torch.float64) / sample_rate
    filters = _sincs(cutoffs.clamp(max=0.5)).to(audio.device)
    beyond = filters.shape[1] // 2
    passes = zip(audio.split(CHUNK), filters.split(CHUNK), strict=True)
    found = []
    for sounds, kernels in passes:
        before, after = sounds[:, :1].expand(-1, beyond), sounds[:, -1:].expand(-1, beyond)
        found.append(convolve(torch.cat([before, sounds, after], dim=1), kernels, mode="valid"))
    return torch.cat(found)


def shift(
    audio: Sounds, sample_rate: float, ratios: Sequence[Fraction], vocoder: Vocoder = "package"
) -> Sounds:
    """Return the sounds with their frequencies times a ratio, in the same time.

    By torch_pitch_shift, as the package: a phase vocoder, then a change of rate. Ratios with which
    the sample rate has large common divisors are fast: `fast_ratios`, `even_ratios`.
    """
    rate, n_samples = round(sample_rate), audio.shape[1]
    n_fft = rate // 64
    least = max(0, n_fft + 1 - n_samples)  # the transform needs as many samples
    before, after, how = 0, least, {}
    if vocoder == "fast":
        # The transform mirrors a sound at its ends. Its few frames are used twice where a sound is
        # stretched, and then the bins of a tone part: after silence they do not.
        before, after = n_fft, n_fft
        how = {"hop_length": n_fft // 4, "window": torch.hann_window(n_fft)}

    def shifted(sounds: Sounds, ratio: Fraction) -> Sounds:
        padded = torch.nn.functional.pad(sounds, (before, after)).unsqueeze(1)
        return pitch_shift(padded, ratio, rate, **how)[:, 0, before : before + n_samples]

    return _by_number(audio, ratios, shifted)


def rotate(audio: Sounds, n_samples: Sequence[int]) -> Sounds:
    """Return the sounds moved by samples; what leaves at one end comes in at the other."""
    move = Shift(rollover=True, p=1.0, output_type="dict")
    move.transform_parameters = {
        "num_samples_to_shift": torch.tensor(list(n_samples), device=audio.device)
    }
    return move.apply_transform(audio.unsqueeze(1).clone(), 1).samples[:, 0]


def reverberate(
    audio: Sounds, responses: Float[torch.Tensor, "batch n_response"]
) -> Float[torch.Tensor, "batch n_samples"]:
    """Return the sounds convolved with impulse responses, as long as they were."""
    n_samples = audio.shape[1]
    heard = responses[:, :n_samples]  # the rest is never heard
    passes = zip(audio.split(CHUNK), heard.split(CHUNK), strict=True)
    return torch.cat([convolve(sounds, room)[:, :n_samples] for sounds, room in passes])


@functools.lru_cache
def fast_ratios(sample_rate: float, lowest: float, highest: float) -> tuple[Fraction, ...]:
    """The ratios that the package draws from, without 1, of the semitones between two.

    Few: at 16 kHz and two semitones either way only 125/128 and 128/125, 0.41 semitones.

    Raises:
        ValueError: there are none.
    """
    low, high = 2.0 ** (lowest / 12.0), 2.0 ** (highest / 12.0)
    found = get_fast_shifts(round(sample_rate), lambda ratio: low <= ratio <= high and ratio != 1)
    return _some(found, sample_rate, lowest, highest)


@functools.lru_cache
def even_ratios(sample_rate: float, lowest: float, highest: float) -> tuple[Fraction, ...]:
    """Ratios in steps of about 17 cents, without 1, of the semitones between two.

    Raises:
        ValueError: there are none, or the sample rate has no divisor that makes them fast.
    """
    rate, (fewest, most) = round(sample_rate), _EVEN_PARTS
    divisors = [parts for parts in range(fewest, most + 1) if rate % parts == 0]
    parts = min(divisors, key=lambda parts: abs(math.log(parts / 100)), default=0)
    low, high = 2.0 ** (lowest / 12.0), 2.0 ** (highest / 12.0)
    found = [Fraction(parts, m) for m in range(1, 4 * parts) if m != parts]
    return _some([ratio for ratio in found if low <= ratio <= high], sample_rate, lowest, highest)


def _some(
    ratios: Sequence[Fraction], sample_rate: float, lowest: float, highest: float
) -> tuple[Fraction, ...]:
    if not ratios:
        raise ValueError(
            f"at {sample_rate} Hz there is no fast ratio between {lowest} and {highest} semitones: "
            "widen the range, or use a common sample rate"
        )
    return tuple(sorted(ratios))


def _sincs(cutoffs: Float64[torch.Tensor, " batch"]) -> Float[torch.Tensor, "batch n_taps"]:
    """Low-pass filters of eight zero crossings, Hann-windowed, each in the middle of its row."""
    half = (4.0 / cutoffs).int()[:, None]
    longest = int(half.max())
    times = torch.arange(-longest, longest + 1)
    window = 0.5 + 0.5 * torch.cos(torch.pi * times / half)
    filters = torch.sinc(2.0 * cutoffs[:, None] * times) * window * (times.abs() <= half)
    return (filters / filters.sum(dim=1, keepdim=True)).float()


def _by_number(
    audio: Sounds, numbers: Sequence[Number], apply: Callable[[Sounds, Number], Sounds]
) -> Sounds:
    """Applies a function to the rows of each number together."""
    places: dict[Number, list[int]] = {}
    for row, number in enumerate(numbers):
        places.setdefault(number, []).append(row)
    result = torch.empty_like(audio)
    for number, rows in places.items():
        result[rows] = apply(audio[rows], number)
    return result
