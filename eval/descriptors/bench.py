"""How fast descriptors are, beside librosa's for the like: `python -m eval.descriptors.bench`.

Prints seconds for 1,000 sounds of 1 s at 44.1 kHz: ours with one worker and with two, and librosa
with centroid, rolloff, flatness, onset strength (for flux), and for the descriptors that need a
pitch, its peaks (piptrack) and YIN. Rounds take turns, and medians are compared.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np

from eval.descriptors.extract import extractor
from eval.descriptors.settings import DescriptorSettings
from eval.descriptors.table import describe
from eval.sounds.arrays import ArraySounds

__all__ = ["bench", "librosas", "sounds_like_these"]

RATE = 44100.0


def sounds_like_these(n: int, seed: int = 0) -> list[np.ndarray]:
    """Return n sounds of 1 s: decaying harmonics in some noise."""
    generator = np.random.default_rng(seed)
    seconds = np.arange(int(RATE)) / RATE
    waves = []
    for _ in range(n):
        f0, decay = generator.uniform(80, 800), generator.uniform(0.5, 5)
        wave = sum(np.sin(2 * np.pi * f0 * k * seconds) / k for k in range(1, 9))
        wave = 0.2 * wave * np.exp(-decay * seconds) + 0.01 * generator.standard_normal(44100)
        waves.append(wave.astype(np.float32))
    return waves


def librosas(wave: np.ndarray) -> tuple[float, ...]:
    """Return librosa's descriptors of one sound, from one spectrogram as far as it takes one."""
    import librosa

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spectrum = np.abs(librosa.stft(wave, n_fft=2048, hop_length=1024))
        pitches, _ = librosa.piptrack(S=spectrum, sr=RATE, fmax=5000.0)
        f0 = librosa.yin(wave, fmin=60.0, fmax=5000.0, sr=RATE, frame_length=2048, hop_length=1024)
        return (
            float(librosa.feature.spectral_centroid(S=spectrum, sr=RATE).mean()),
            float(librosa.feature.spectral_rolloff(S=spectrum, sr=RATE).mean()),
            float(librosa.feature.spectral_flatness(S=spectrum).mean()),
            float(librosa.onset.onset_strength(S=spectrum, sr=RATE).mean()),
            float(np.count_nonzero(pitches) / spectrum.shape[1]),
            float(f0.mean()),
        )


def bench(n: int = 200, rounds: int = 3) -> dict[str, float]:
    """Return median seconds for 1,000 sounds, by name; `n` of them are timed, `rounds` times.

    "essentia" is the nine spectral descriptors in this process, like "librosa"; the two others are
    whole tables (the MP3 ratio with them) from one worker and from two that run already.
    """
    waves = sounds_like_these(n)
    describing = extractor(DescriptorSettings())

    def table(workers: int) -> None:
        describe(ArraySounds("bench", waves, RATE), workers=workers)

    tasks: dict[str, Callable[[], object]] = {
        "essentia": lambda: [describing.describe(wave, RATE) for wave in waves],
        "librosa": lambda: [librosas(wave) for wave in waves],
        "table, 1 worker": lambda: table(1),
        "table, 2 workers": lambda: table(2),
    }
    describing.describe(waves[0], RATE)
    librosas(waves[0])
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            began = time.perf_counter()
            task()
            seconds[name].append((time.perf_counter() - began) * 1000 / n)
    return {name: float(np.median(found)) for name, found in seconds.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="seconds for the descriptors of 1,000 sounds")
    parser.add_argument("--sounds", type=int, default=500, help="sounds that are timed")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    found = bench(arguments.sounds, arguments.rounds)
    for name, seconds in found.items():
        print(f"{name:18s} {seconds:7.1f} s   {seconds / found['librosa']:5.2f} of librosa's time")


if __name__ == "__main__":
    main()
