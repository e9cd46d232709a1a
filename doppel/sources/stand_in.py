"""Recordings that are none, so that everything made for recordings runs where there are none."""

from __future__ import annotations

import zlib

import numpy as np
from jaxtyping import Float32

__all__ = ["STAND_INS", "stand_in"]

STAND_INS = tuple(f"stand-in-{number:02d}.wav" for number in range(40))


def stand_in(name: str, sample_rate: float) -> Float32[np.ndarray, " n_samples"]:
    """A tone that comes and goes in noise, 0.3 to 3 s long, as the name decides.

    Args:
        name: of the recording.
        sample_rate: in Hz.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    time_s = np.arange(round(rng.uniform(0.3, 3.0) * sample_rate)) / sample_rate
    frequency_hz = 55 * 2 ** rng.uniform(0, 5)
    level = np.sin(np.pi * rng.uniform(0.5, 5) * time_s) ** 2
    tone = np.sin(2 * np.pi * frequency_hz * time_s + rng.uniform(0, 2 * np.pi))
    noise = rng.uniform(0.01, 0.2) * rng.standard_normal(time_s.size)
    return np.clip(0.5 * level * tone + noise, -1.0, 1.0).astype(np.float32)
