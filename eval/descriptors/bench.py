"""How fast descriptors are, beside librosa's for the like: `python -m eval.descriptors.bench`.

Prints seconds for 1,000 sounds of 1 s at 44.1 kHz. librosa computes what comes nearest to each of
the nine: centroid, rolloff, flatness, onset strength (flux), spectral peaks (complexity), YIN with
the energies of 20 harmonics (inharmonicity, odd-to-even ratio), salience. Rounds take turns, and
medians are compared; processor time too, which a busy machine distorts less.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eval.descriptors.extract import extractor
from eval.descriptors.settings import DescriptorSettings
from eval.descriptors.table import describe
from eval.sounds.arrays import ArraySounds

__all__ = ["Times", "bench", "librosas", "sounds_like_these"]

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
        bins = librosa.fft_frequencies(sr=RATE, n_fft=2048)
        pitches, _ = librosa.piptrack(S=spectrum, sr=RATE, fmax=5000.0)
        f0 = librosa.yin(wave, fmin=60.0, fmax=5000.0, sr=RATE, hop_length=1024)
        harmonics = librosa.f0_harmonics(spectrum, f0=f0, freqs=bins, harmonics=range(1, 21))
        salience = librosa.salience(spectrum, freqs=bins, harmonics=range(1, 6), fill_value=0.0)
        return (
            float(librosa.feature.spectral_centroid(S=spectrum, sr=RATE).mean()),
            float(librosa.feature.spectral_rolloff(S=spectrum, sr=RATE).mean()),
            float(librosa.feature.spectral_flatness(S=spectrum).mean()),
            float(librosa.onset.onset_strength(S=spectrum, sr=RATE).mean()),
            float(np.count_nonzero(pitches) / spectrum.shape[1]),
            float((harmonics[::2] ** 2).sum() / (harmonics[1::2] ** 2).sum()),
            float(salience.max(axis=0).mean()),
        )


@dataclass(frozen=True)
class Times:
    """Median seconds for 1,000 sounds: by the clock, and of the processor in this process."""

    clock: float
    processor: float


def bench(n: int = 200, rounds: int = 3) -> dict[str, Times]:
    """Return the times of each way; `n` sounds are timed, `rounds` times.

    "essentia" is the nine spectral descriptors in this process, as "librosa" is; the tables are
    these from one worker and from two, the MP3 ratio and the start of the processes with them.
    """
    waves = sounds_like_these(n)
    describing = extractor(DescriptorSettings())
    sounds = ArraySounds("bench", waves, RATE)
    tasks: dict[str, Callable[[], object]] = {
        "essentia": lambda: [describing.describe(wave, RATE) for wave in waves],
        "librosa": lambda: [librosas(wave) for wave in waves],
        "table, 1 worker": lambda: describe(sounds, workers=1),
        "table, 2 workers": lambda: describe(sounds, workers=2),
    }
    describing.describe(waves[0], RATE)
    librosas(waves[0])
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            clock, processor = time.perf_counter(), time.process_time()
            task()
            seconds = time.perf_counter() - clock, time.process_time() - processor
            found[name].append((seconds[0] * 1000 / n, seconds[1] * 1000 / n))
    return {name: Times(*np.median(times, axis=0).tolist()) for name, times in found.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="seconds for the descriptors of 1,000 sounds")
    parser.add_argument("--sounds", type=int, default=500, help="sounds that are timed")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    found = bench(arguments.sounds, arguments.rounds)
    print("seconds for 1,000 sounds of 1 s   clock  of librosa's  processor  of librosa's")
    theirs = found["librosa"]
    for name, times in found.items():
        row = f"{name:32s} {times.clock:6.1f} {times.clock / theirs.clock:13.2f}"
        if "2 workers" not in name:  # whose time is that of other processes
            row += f" {times.processor:10.1f} {times.processor / theirs.processor:13.2f}"
        print(row)


if __name__ == "__main__":
    main()
