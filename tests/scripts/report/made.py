"""Run folders with pictures, sounds and tables, for tests of the report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from tests.scripts.test_results import make

RATE = 44_100


def finished_runs(outputs: Path, seconds: float = 1.0) -> None:
    """Three results of two experiments, one published; a try; a damaged run."""
    for seed in range(2):
        metrics = {"score": 0.5 + seed / 10, "score_low": 0.4, "part/loss": 1.0 / 3}
        folder = make(outputs, f"{seed:012d}", {"size": seed}, metrics, seed=seed)
        (folder / "sounds").mkdir()
        time = np.arange(round(seconds * RATE)) / RATE
        for index in range(8):
            tone = 0.5 * np.sin(2 * np.pi * 220 * (index + 1) * time)
            soundfile.write(folder / "sounds" / f"{index}-tone.wav", tone, RATE)
        noise = np.random.default_rng(seed).integers(0, 255, (900, 2000, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / "overview.png")
        rows = "\n".join(f"{n},<b>{n * n}</b>,{n / 7}" for n in range(30))
        (folder / "table.csv").write_text(f"n,square,share\n{rows}\n")
    job, place = {"size": 3}, "published/runs"
    make(outputs, "c" * 12, job, {"fad": 2.0}, experiment="eval/fad", place=place)
    make(outputs, "d" * 12, job, {"fad": 9.25}, experiment="eval/fad", scale="smoke")
    bad = make(outputs, "e" * 12, job, {"fad": 9.75}, experiment="eval/fad")
    (bad / "results.json").write_text('{"metrics"')
