"""Sounds that a neural model makes for prompts: written to the run's folder, each made once."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ctag.prompts import PromptSet
from eval.harness import audio
from eval.sounds.folder import FileSounds
from scripts.systems.base import Prompted, plain

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["Generate", "generated", "seed_of", "stand_in_wave"]

Generate = Callable[[str, int], tuple[Float[np.ndarray, " n_samples"], float]]
"""From a prompt as worded and a seed to a wave and its rate in Hz."""


def generated(
    run: Run, prompts: PromptSet, each: int, name: str, start: Callable[[], Generate]
) -> Prompted:
    """Make what is not there yet, one sound at a time; an interrupted run goes on where it was.

    A sound depends on its prompt, its number and the run's seed alone.

    Args:
        run: that asks.
        prompts: what the sounds are to be of; the model is given them as worded.
        each: sounds a prompt.
        name: of the system; its folder's too.
        start: loads the model; called where something is to be made.
    """
    pairs = list(zip(prompts.labels(), prompts.worded(), strict=True))
    wanted = [
        (f"sounds/{name}/{plain(label)}-{number}.wav", label, text, number)
        for label, text in pairs
        for number in range(each)
    ]
    missing = [entry for entry in wanted if not run.artifact(entry[0]).is_file()]
    if missing:
        with run.progress(len(wanted), f"{name}: making sounds") as bar:
            bar.update(len(wanted) - len(missing))
            make = start()
            for file, _, text, number in missing:
                wave, rate = make(text, seed_of(text, number, run.seed))
                peak = max(1.0, float(np.abs(wave).max(initial=0.0)))
                audio.write(run.artifact(file), wave / peak, rate)
                bar.update(1)
    files = FileSounds(name, run.folder, tuple(entry[0] for entry in wanted))
    return Prompted(files, tuple(entry[1] for entry in wanted))


def seed_of(text: str, number: int, seed: int) -> int:
    """Return a seed from a prompt, the sound's number and the run's seed, below 2 to the 31."""
    return zlib.crc32(f"{seed}/{number}/{text}".encode()) & 0x7FFFFFFF


def stand_in_wave(text: str, seed: int) -> tuple[Float[np.ndarray, " n_samples"], float]:
    """Return a second of a tone in noise whose pitch the prompt decides: no model made it."""
    rng = np.random.default_rng(seed)
    time = np.arange(16000) / 16000
    tone = np.sin(2 * np.pi * (200 + zlib.crc32(text.encode()) % 2000) * time)
    return (0.3 * tone + 0.05 * rng.standard_normal(time.size)).astype(np.float32), 16000.0
