"""A few seconds of sound in the layout and with the metadata of a published task.

So that everything that is written for the task runs where its data are not there. The scores mean
nothing: each label is a tone of its own in noise.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np

from eval.harness import audio
from eval.harness.files import read_json
from eval.tasks.hear_layout import write_labels
from eval.tasks.published import STAND_IN_LABELS, published_metadata

__all__ = ["write_stand_in"]

_SAMPLE_RATE = 16000
_SECONDS = 0.5


def write_stand_in(folder: Path, task: str) -> None:
    """Write the stand-in of a task; one that is there already is left as it is.

    All is as published but the number of clips (two or six of each of three labels in a split) and
    the seconds of a clip.

    Args:
        folder: where task_metadata.json will be.
        task: a name in `eval.tasks.published`.

    Raises:
        ValueError: no task of that name is published.
    """
    if task not in STAND_IN_LABELS:
        raise ValueError(
            f"no stand-in for the task {task!r}: there are {', '.join(STAND_IN_LABELS)}"
        )
    metadata: dict[str, Any] = published_metadata(task) | {"stand_in": True}
    if metadata["sample_duration"] is not None:
        metadata["sample_duration"] = _SECONDS
    path = folder / "task_metadata.json"
    if path.is_file() and read_json(path) == metadata:
        return
    each = 6 if metadata["split_mode"] == "trainvaltest" else 2
    splits: dict[str, dict[str, list[str | int]]] = {}
    for split in metadata["splits"]:
        clips = splits[split] = {}
        for number, rows in enumerate(_label_rows(task, metadata, each)):
            file = f"{split}-{number:02d}.wav"
            wave = _wave(task, rows, seed=zlib.crc32(f"{task}/{file}".encode()))
            audio.write(folder / str(_SAMPLE_RATE) / split / file, wave, _SAMPLE_RATE, "16")
            clips[file] = rows
    write_labels(folder, metadata, splits)


def _label_rows(task: str, metadata: dict[str, Any], each: int) -> list[list[str | int]]:
    """The labels of a split's clips; where several are allowed, every third clip has two."""
    names = STAND_IN_LABELS[task]
    rows: list[list[str | int]] = [[name] for _ in range(each) for name in names]
    if metadata["prediction_type"] == "multilabel":
        for number in range(0, len(rows), 3):
            rows[number].append(names[1 + number // 3 % (len(names) - 1)])
    return rows


def _wave(task: str, labels: list[str | int], seed: int) -> np.ndarray:
    """A tone for each label, at the pitch that it names where it names one, in quiet noise."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(_SECONDS * _SAMPLE_RATE)) / _SAMPLE_RATE
    wave = 0.02 * rng.standard_normal(time_s.size)
    names = STAND_IN_LABELS[task]
    for label in labels:
        pitched = task == "nsynth_pitch_5h"
        midi = float(label) if pitched else 55 + 9 * names.index(label) + rng.uniform(-1, 1)
        frequency_hz = 440 * 2 ** ((midi - 69) / 12)
        level = rng.uniform(0.1, 0.3)
        wave += level * np.sin(2 * np.pi * (frequency_hz * time_s + rng.uniform()))
    return wave.astype(np.float32)
