"""Small sets of sounds with a known order, and a run for jobs that compare them."""

import numpy as np

from eval.sounds.arrays import ArraySounds
from scripts.jobs.collection import Collection
from scripts.runtime.tracker import NoTracker
from tests.scripts.jobs.search_run import a_run

RATE = 16000.0


def noisy(name, share, n=14, seed=0, seconds=0.4):
    """Tones with a share of noise at one level: the more noise, the more flux."""
    generator = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    waves = []
    for _ in range(n):
        f0 = generator.uniform(200, 600)
        tone = sum(np.sin(2 * np.pi * f0 * k * time) / k for k in range(1, 6))
        noise = generator.standard_normal(time.size)
        wave = (1 - share) * tone / tone.std() + share * noise
        waves.append((0.1 * wave / wave.std()).astype(np.float32))
    return ArraySounds(name, waves, RATE)


def with_a_bad_one(sounds):
    waves = [*sounds.waves, np.array([np.nan], np.float32)]
    return ArraySounds(sounds.name, waves, RATE)


def a_collection():
    """Synthetic sounds with more noise than the real ones, and mixtures half way between."""
    return Collection(
        {
            "voice": noisy("voice", 0.8, seed=1),
            "pool": with_a_bad_one(noisy("pool", 0.2, seed=2)),
            "mix": noisy("mix", 0.5, seed=3),
        },
        synthetic=("voice",),
        real=("pool",),
        mixtures=("mix",),
    )


def plain_run(folder):
    run = a_run(folder)
    run.tracker = NoTracker()
    return run
