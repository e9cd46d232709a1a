"""The descriptors of a set of sounds."""

from __future__ import annotations

import functools
import importlib.metadata
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from eval.descriptors.chunks import CHUNK, Submit, chosen, rows
from eval.descriptors.compression import compression_ratio
from eval.descriptors.extract import extractor
from eval.descriptors.settings import DESCRIPTORS, DescriptorSettings
from eval.sounds.base import Clip, Sounds, Unreadable

__all__ = ["DescriptorTable", "describe"]

_VERSION = 1  # of the definitions: what was cached under another one is computed again


@dataclass(frozen=True)
class DescriptorTable:
    """The descriptors of a set of sounds, a row a sound and a column a descriptor.

    Attributes:
        name: of the set.
        numbers: of the sounds within the set.
        names: of the sounds.
        values: in the order of `DESCRIPTORS`; NaN where a sound has no such value (silence has
            none but its compression, noise without a pitch no harmonics), or could not be read.
        unreadable: the sounds that could not be read, and why.
    """

    name: str
    numbers: tuple[int, ...]
    names: tuple[str, ...]
    values: Float64[np.ndarray, "n_sounds 10"]
    unreadable: tuple[Unreadable, ...]

    def column(self, descriptor: str) -> Float64[np.ndarray, " n_sounds"]:
        """Return the values of one descriptor.

        Raises:
            KeyError: there is no such descriptor.
        """
        if descriptor not in DESCRIPTORS:
            raise KeyError(f"{descriptor!r} is no descriptor; there are {', '.join(DESCRIPTORS)}")
        return self.values[:, DESCRIPTORS.index(descriptor)]

    def undefined(self, descriptor: str) -> int:
        """Return how many sounds that could be read have no such value."""
        return int(np.isnan(self.column(descriptor)).sum()) - len(self.unreadable)


def describe(
    sounds: Sounds,
    settings: DescriptorSettings | None = None,
    n_sounds: int | None = None,
    seed: int = 0,
    workers: int | None = 1,
    cache: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> DescriptorTable:
    """Describe the sounds of a set; neither workers nor an interruption change the numbers.

    Args:
        sounds: the set.
        settings: how they are looked at; None takes essentia's defaults.
        n_sounds: how many of them, chosen by `seed`; None takes all.
        seed: of that choice.
        workers: processes; None takes as many as there are cores.
        cache: a folder that keeps what was computed; None keeps nothing.
        progress: called with how many sounds are done, as they are.

    Raises:
        ValueError: the set is empty.
        OSError: the cache cannot be written.
    """
    settings = settings or DescriptorSettings()
    indices = chosen(len(sounds), n_sounds, seed)
    n_workers = min(workers or os.cpu_count() or 1, -(-len(indices) // CHUNK))
    versions = [importlib.metadata.version(name) for name in ("essentia", "lameenc", "soxr")]
    with _workers(settings, n_workers) as submit:
        found = rows(
            sounds,
            indices,
            len(DESCRIPTORS),
            submit,
            key=f"descriptors {_VERSION} {settings} {versions}",
            cache=cache,
            ahead=2 * n_workers if n_workers > 1 else 0,
            progress=progress,
        )
    return DescriptorTable(sounds.name, tuple(indices), found.names, found.values, found.unreadable)


@contextmanager
def _workers(settings: DescriptorSettings, n_workers: int) -> Iterator[Submit]:
    """Give what describes clips: here, or in processes that start at the first clips.

    They are spawned, not forked: a process that has run JAX or torch cannot be forked safely.
    """
    if n_workers <= 1:
        yield lambda clips: functools.partial(_describe, clips, settings)
        return
    pool = ProcessPoolExecutor(n_workers, multiprocessing.get_context("spawn"))
    try:
        yield lambda clips: pool.submit(_describe, clips, settings).result
    finally:
        pool.shutdown(cancel_futures=True)


def _describe(clips: list[Clip], settings: DescriptorSettings) -> Float64[np.ndarray, "n_clips 10"]:
    """Return the rows of some clips."""
    describing = extractor(settings)
    return np.array(
        [
            [
                *describing.describe(clip.wave, clip.sample_rate),
                compression_ratio(clip.wave, clip.sample_rate),
            ]
            for clip in clips
        ]
    )
