"""The chain of effects with which Audio Doppelgängers compares synthetic pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Float64

from doppel.augmentation.impulse_responses import impulse_responses

__all__ = ["Chain", "Drawn"]

Range = tuple[float, float]
Value = TypeVar("Value")

# The filter of 1 Hz is eight seconds long.
_LIMITS: dict[str, Range] = {
    "high_pass_hz": (1.0, 1e6),
    "low_pass_hz": (1.0, 1e6),
    "pitch_semitones": (-12.0, 12.0),
    "rotation": (-1.0, 1.0),
}
_EFFECTS = ("high_pass", "low_pass", "pitch", "rotation", "reverb")


class Drawn(NamedTuple):
    """What happens to every row; None where an effect leaves it alone.

    Attributes:
        high_pass_hz, low_pass_hz: cutoffs.
        pitch: ratio of frequencies.
        rotation: samples to the right.
        reverb: number of the impulse response.
    """

    high_pass_hz: list[float | None]
    low_pass_hz: list[float | None]
    pitch: list[Fraction | None]
    rotation: list[int | None]
    reverb: list[int | None]


@dataclass(frozen=True)
class Chain:
    """High-pass, low-pass, pitch shift, rotation in time and reverberation, each by chance.

    The operations are those of torch-audiomentations in this order, as in section 3.3 of the paper.
    Cutoffs are uniform in mel, rotations uniform in samples, as the package draws them.

    Attributes:
        p: chance of each effect.
        high_pass_hz: range of the cutoffs; None: without this effect, here as below.
        low_pass_hz: range of the cutoffs.
        pitch_semitones: range of the pitch shift.
        pitch_ratios: "package": of the ratios that torch-audiomentations draws from, which at
            16 kHz are two, 0.41 semitones up and down; "even": of steps of 17 cents.
        vocoder: "package": as torch-audiomentations shifts pitch; "fast": with an eighth of the
            frames, which is what the chain's time is spent on.
        rotation: range as parts of the sound's length.
        reverb: whether there is reverberation.
        impulse_responses: a folder of recordings; None: synthetic ones.
        together: rows one after the other that share all numbers: 1 for each its own; 100 is what
            the paper did with synthetic sounds.
    """

    p: float = 0.5
    high_pass_hz: Range | None = (20.0, 800.0)
    low_pass_hz: Range | None = (1200.0, 8000.0)
    pitch_semitones: Range | None = (-2.0, 2.0)
    pitch_ratios: Literal["package", "even"] = "package"
    vocoder: Literal["package", "fast"] = "package"
    rotation: Range | None = (-0.25, 0.25)
    reverb: bool = True
    impulse_responses: Path | None = None
    together: int = 1

    def __post_init__(self) -> None:
        """Refuse settings that no chain can have.

        Raises:
            ValueError: no probability, a range that is empty or impossible, or no rows together.
        """
        if not 0.0 <= self.p <= 1.0 or self.together < 1:
            raise ValueError(
                "a chain needs p in [0, 1] and together of at least 1, "
                f"got {self.p} and {self.together}"
            )
        for name, (lowest, highest) in _LIMITS.items():
            given = getattr(self, name)
            if given is not None and not lowest <= given[0] <= given[1] <= highest:
                raise ValueError(
                    f"{name} should be a range within {lowest:g} and {highest:g}, got {given}"
                )

    @property
    def changes(self) -> Literal["sounds"]:
        """Sounds."""
        return "sounds"

    def __call__(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float, seed: int
    ) -> Float[torch.Tensor, "batch n_samples"]:
        """Return the sounds after the chain, on their device; a level may end above 1.

        Raises:
            FileNotFoundError, ValueError: the impulse responses cannot be read.
        """
        from doppel.augmentation import operations

        n_rows, n_samples = audio.shape
        drawn = self.draw(n_rows, n_samples, sample_rate, seed)
        responses = self._responses(sample_rate, n_samples) if self.reverb else None

        def reverberate(sounds: torch.Tensor, numbers: list[int]) -> torch.Tensor:
            assert responses is not None
            return operations.reverberate(
                sounds, torch.from_numpy(responses[numbers]).to(sounds.device)
            )

        with torch.no_grad():
            heard = audio.float()
            heard = _where(
                drawn.high_pass_hz, heard, lambda x, f: operations.high_pass(x, sample_rate, f)
            )
            heard = _where(
                drawn.low_pass_hz, heard, lambda x, f: operations.low_pass(x, sample_rate, f)
            )
            heard = _where(
                drawn.pitch, heard, lambda x, r: operations.shift(x, sample_rate, r, self.vocoder)
            )
            heard = _where(drawn.rotation, heard, operations.rotate)
            return _where(drawn.reverb, heard, reverberate)

    def draw(self, n_rows: int, n_samples: int, sample_rate: float, seed: int) -> Drawn:
        """Return what the seed makes of rows 0 to n_rows - 1.

        Raises:
            FileNotFoundError, ValueError: the impulse responses cannot be read.
        """
        numbers = self._uniform(n_rows, seed)

        def drawn(effect: str, wanted: bool, of: Callable[[float], Value]) -> list[Value | None]:
            chances, values = numbers[:, _EFFECTS.index(effect)].T
            return [
                of(float(value)) if wanted and chance < self.p else None
                for chance, value in zip(chances, values, strict=True)
            ]

        ratios = self._ratios(sample_rate)
        n_responses = len(self._responses(sample_rate, n_samples)) if self.reverb else 0
        first, last = (round(part * n_samples) for part in self.rotation or (0.0, 0.0))
        return Drawn(
            drawn("high_pass", self.high_pass_hz is not None, _in_mel(self.high_pass_hz)),
            drawn("low_pass", self.low_pass_hz is not None, _in_mel(self.low_pass_hz)),
            drawn("pitch", bool(ratios), lambda u: ratios[int(u * len(ratios))]),
            drawn(
                "rotation", self.rotation is not None, lambda u: first + int(u * (last - first + 1))
            ),
            drawn("reverb", self.reverb, lambda u: int(u * n_responses)),
        )

    def _uniform(self, n_rows: int, seed: int) -> Float64[np.ndarray, "n_rows n_effects 2"]:
        """A chance and a number in [0, 1) for every row and effect, from (seed, row) alone."""
        n_groups = -(-n_rows // self.together)
        shape = (len(_EFFECTS), 2)
        groups = [np.random.default_rng([seed, group]).random(shape) for group in range(n_groups)]
        return np.repeat(np.stack(groups), self.together, axis=0)[:n_rows]

    def _ratios(self, sample_rate: float) -> tuple[Fraction, ...]:
        if self.pitch_semitones is None:
            return ()
        from doppel.augmentation.operations import even_ratios, fast_ratios

        ratios = fast_ratios if self.pitch_ratios == "package" else even_ratios
        return ratios(sample_rate, *self.pitch_semitones)

    def _responses(self, sample_rate: float, n_samples: int) -> np.ndarray:
        return impulse_responses(self.impulse_responses, sample_rate, n_samples)


def _in_mel(range_hz: Range | None) -> Callable[[float], float]:
    """A frequency of a range by a number in [0, 1), uniform in mel."""
    low, high = (2595.0 * np.log10(1.0 + hz / 700.0) for hz in range_hz or (0.0, 0.0))
    return lambda u: float(700.0 * (10.0 ** ((low + u * (high - low)) / 2595.0) - 1.0))


def _where(
    values: list[Value | None],
    audio: torch.Tensor,
    apply: Callable[[torch.Tensor, list[Value]], torch.Tensor],
) -> torch.Tensor:
    """Applies an operation to the rows that have a value; the others stay as they are."""
    rows = [row for row, value in enumerate(values) if value is not None]
    if not rows:
        return audio
    result = audio.clone()
    result[rows] = apply(audio[rows], [value for value in values if value is not None])
    return result
