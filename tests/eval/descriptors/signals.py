"""Sounds whose descriptors are known."""

import numpy as np

RATE = 44100.0


def tone(f0, amplitudes, stretch=0.0, seconds=1.0, rate=RATE):
    """A sum of partials k of amplitude a_k at k f0 sqrt(1 + stretch k^2), as a stiff string has."""
    time = np.arange(round(seconds * rate)) / rate
    wave = np.zeros_like(time)
    for k, amplitude in enumerate(amplitudes, start=1):
        wave += amplitude * np.sin(2 * np.pi * f0 * k * np.sqrt(1 + stretch * k * k) * time + k)
    return wave.astype(np.float32)


def noise(seconds=1.0, rate=RATE, level=0.1, seed=0):
    wave = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    return (level * wave).astype(np.float32)


def named(values):
    from eval.descriptors.settings import SPECTRAL

    return dict(zip(SPECTRAL, values, strict=True))
