"""What every module of a synth shares: rates, duration, batch size."""

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class SynthConfig:
    """Settings of a synth; hashable, so that it can key compiled programs.

    Args:
        batch_size: sounds drawn by `init`, at least 1; `render` takes any batch.
        sample_rate: Hz, any positive number, whole or not.
        buffer_size_seconds: duration of every sound in seconds.
        control_rate: Hz of the control signals; `None` is a hundredth of the sample rate. It need
            not divide the sample rate.
        compat: "synthax" reproduces that library's behaviours, since published numbers contain
            them: the first sound's peak divides the whole batch, curves that differ between the
            inputs of a mixer are ignored, parameters are drawn uniformly in human units, every
            sound has the same noise, and control signals are stretched over the buffer.

    Raises:
        ValueError: a setting that no sound can have, by name.
    """

    batch_size: int = 1
    sample_rate: float = 44100
    buffer_size_seconds: float = 4.0
    control_rate: float | None = None
    compat: Literal["synthax"] | None = None

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {self.batch_size}")
        for name in ("sample_rate", "buffer_size_seconds", "control_rate"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} must be a positive number, got {value}")
        if self.compat not in (None, "synthax"):
            raise ValueError(f'compat must be None or "synthax", got {self.compat!r}')

    @property
    def control_rate_hz(self) -> float:
        """Control frames a second: the one given, or a hundredth of the sample rate."""
        return self.sample_rate / 100 if self.control_rate is None else self.control_rate

    @property
    def n_samples(self) -> int:
        """Samples of a sound: the duration rounded to whole samples, at least one."""
        exact = self.buffer_size_seconds * self.sample_rate
        return max(1, math.ceil(exact) if self.compat else round(exact))

    @property
    def nyquist(self) -> float:
        """Half the sample rate, in Hz."""
        return self.sample_rate / 2
