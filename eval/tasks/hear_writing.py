"""Audio files into the layout of HEAR: mono, of one length, at several rates."""

from __future__ import annotations

import multiprocessing
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import wavfile

from eval.harness import audio
from eval.harness.files import read_json, replacing, write_json
from eval.sounds.base import Unreadable
from eval.tasks.hear_checksums import write_checksums
from eval.tasks.hear_layout import sample_rates, write_labels

__all__ = ["HearClip", "write_hear_task"]

_BEGUN = ".begun.json"
_DECISIVE = ("sample_duration", "version", "source")


@dataclass(frozen=True)
class HearClip:
    """A clip to be written.

    Attributes:
        split: it belongs to, one of the metadata's.
        file: its name there, which ends in .wav.
        labels: one, or any number where the task is multilabel; text or whole numbers.
        source: the file with its audio, at any rate, with any number of channels.
    """

    split: str
    file: str
    labels: tuple[str | int, ...]
    source: Path


def write_hear_task(
    folder: Path,
    metadata: Mapping[str, Any],
    clips: Sequence[HearClip],
    rates: Sequence[int],
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> tuple[Unreadable, ...]:
    """Write a task: audio first, then labels, task_metadata.json last.

    As in hear-preprocess the channels are averaged, the clip is cut or filled with silence to the
    metadata's `sample_duration` (null: left as it is), and then resampled; 32-bit float WAV. Files
    appear whole or not at all; those that are there are not written again, so an interrupted call
    is finished by another one.

    Args:
        folder: of the task.
        metadata: with the keys of HEAR's task_metadata.json.
        clips: in the order in which the splits will hold them.
        rates: sample rates in Hz; those that the task is kept at already stay.
        workers: processes.
        progress: is called with 1 for each clip that is done.

    Returns:
        The clips that could not be read, in order; they stand in unreadable.json.

    Raises:
        ValueError: two clips have one name, a split or rate is not allowed, no clip is readable, or
            what is there was written with other settings.
        OSError: the disk is full or cannot be written.
    """
    if (folder / "task_metadata.json").is_file():
        rates = sorted({*rates, *sample_rates(folder)})
    _refuse(clips, metadata, rates)
    seconds = metadata["sample_duration"]
    _same_settings(folder, {key: metadata.get(key) for key in _DECISIVE})
    _enough_space(folder, clips, rates, seconds)
    unreadable: list[Unreadable] = []
    failed: dict[str, dict[str, Any]] = {}
    splits: dict[str, dict[str, list[str | int]]] = {split: {} for split in metadata["splits"]}
    work = partial(_write_clip, folder=folder, rates=tuple(rates), seconds=seconds)
    for clip, reason in zip(clips, _each(work, clips, workers), strict=True):
        if reason is None:
            splits[clip.split][clip.file] = list(clip.labels)
        else:
            unreadable.append(Unreadable(f"{clip.split}/{clip.file}", reason))
            noted = {"labels": list(clip.labels), "reason": reason}
            failed.setdefault(clip.split, {})[clip.file] = noted
        if progress is not None:
            progress(1)
    if len(unreadable) == len(clips):
        raise ValueError(
            f"not one of {len(clips)} clips can be read; the first: {unreadable[0].reason}"
        )
    written = [f"{split}/{file}" for split in splits for file in splits[split]]
    write_checksums(folder, [f"{rate}/{file}" for rate in rates for file in written])
    write_labels(folder, {**metadata, "sample_rates": sorted(rates)}, splits, failed)
    return tuple(unreadable)


def _refuse(clips: Sequence[HearClip], metadata: Mapping[str, Any], rates: Sequence[int]) -> None:
    names = [(clip.split, clip.file) for clip in clips]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"two clips are called {'/'.join(twice)}")
    for split, file in names:
        if split not in metadata["splits"]:
            raise ValueError(f"clip {file} is of the split {split!r}, not of the metadata's")
        if not file.endswith(".wav") or "/" in file:
            raise ValueError(f"clip {file!r}: a name without folders that ends in .wav is needed")
    if not clips:
        raise ValueError("there is no clip")
    if not rates or any(rate <= 0 for rate in rates):
        raise ValueError(f"sample rates must be whole, positive numbers of Hz, got {list(rates)}")


def _same_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Note what the audio is written with; refuse to go on with something else."""
    path = folder / _BEGUN
    if path.is_file() and read_json(path) != settings:
        raise ValueError(
            f"{folder} was begun with {read_json(path)}, now it is {settings}: delete that folder"
        )
    write_json(path, settings)


def _enough_space(
    folder: Path, clips: Sequence[HearClip], rates: Sequence[int], seconds: float | None
) -> None:
    """Refuse to begin what will not fit, as far as the headers of the files tell."""
    needed = 0.0
    for clip in clips:
        missing = [rate for rate in rates if not _target(folder, rate, clip).is_file()]
        if missing:
            needed += sum(missing) * 4 * (seconds if seconds is not None else _length_s(clip))
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            f"{folder} needs {needed / 1e9:.1f} GB and its disk has {free / 1e9:.1f} GB left: free "
            "some space, take fewer rates, or another folder"
        )


def _length_s(clip: HearClip) -> float:
    try:
        return audio.duration_s(clip.source)
    except (FileNotFoundError, ValueError):
        return 0.0


def _target(folder: Path, rate: int, clip: HearClip) -> Path:
    return folder / str(rate) / clip.split / clip.file


def _each(
    work: Callable[[HearClip], str | None], clips: Sequence[HearClip], workers: int
) -> Iterator[str | None]:
    if workers <= 1:
        yield from map(work, clips)
        return
    # Spawned, since forking a process with threads can lock up.
    context = multiprocessing.get_context("spawn")
    # The caller hears Ctrl-C and stops them; they would only add their tracebacks.
    ignore = (signal.signal, (signal.SIGINT, signal.SIG_IGN))
    with ProcessPoolExecutor(workers, context, *ignore) as pool:
        try:
            yield from pool.map(work, clips, chunksize=16)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _write_clip(
    clip: HearClip, folder: Path, rates: tuple[int, ...], seconds: float | None
) -> str | None:
    """Write one clip at every rate; what is wrong with its source, or None."""
    missing = [rate for rate in rates if not _target(folder, rate, clip).is_file()]
    if not missing:
        return None
    try:
        wave, rate = audio.read(clip.source)
    except (FileNotFoundError, ValueError) as error:
        return str(error)
    if seconds is not None:
        n_samples = round(seconds * rate)
        wave = np.pad(wave[:n_samples], (0, max(0, n_samples - wave.size)))
    for wanted in missing:
        _write_wave(_target(folder, wanted, clip), audio.resample(wave, rate, wanted), wanted)
    return None


def _write_wave(path: Path, wave: np.ndarray, rate: int) -> None:
    """Write a float WAV whose bytes hang on its samples alone.

    libsndfile puts the time of writing into such files, and a task that is prepared twice would
    have other checksums.
    """
    with replacing(path) as temporary:
        wavfile.write(temporary, rate, wave.astype(np.float32))
