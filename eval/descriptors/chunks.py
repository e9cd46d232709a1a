"""Rows of numbers for many sounds: a chunk at a time, each computed once and kept on the disk."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from eval.harness.files import replacing
from eval.sounds.base import Clip, Sounds, Unreadable

__all__ = ["CHUNK", "Rows", "chosen", "rows"]

CHUNK = 64  # sounds that are read, computed and stored at a time

Submit = Callable[[list[Clip]], Callable[[], Float64[np.ndarray, "n_clips n_columns"]]]
"""Begins the computation of some clips, and gives what waits for its result."""


@dataclass(frozen=True)
class Rows:
    """A row of numbers for each sound.

    Attributes:
        names: of the sounds, in the order of the rows.
        values: NaN in the rows of sounds that could not be read.
        unreadable: those, and why.
    """

    names: tuple[str, ...]
    values: Float64[np.ndarray, "n_sounds n_columns"]
    unreadable: tuple[Unreadable, ...]


def chosen(n_all: int, n_wanted: int | None, seed: int) -> list[int]:
    """Return the numbers of the sounds to look at: all, or a random choice without repetition.

    A larger choice with the same seed begins with the smaller one, so that what was computed for
    it is used again.

    >>> chosen(3, None, seed=0), chosen(100, 5, seed=0) == chosen(100, 9, seed=0)[:5]
    ([0, 1, 2], True)
    """
    if n_wanted is None or n_wanted >= n_all:
        return list(range(n_all))
    return np.random.default_rng(seed).permutation(n_all)[:n_wanted].tolist()


def rows(
    sounds: Sounds,
    indices: Sequence[int],
    n_columns: int,
    submit: Submit,
    key: str,
    cache: Path | None = None,
    ahead: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Rows:
    """Return a row for each of the sounds of those numbers.

    Chunks that the cache holds are read; each of the others is stored as soon as it is there, so
    that an interrupted call goes on where it was. At most `ahead + 1` chunks are in memory.

    Args:
        sounds: the set.
        indices: numbers of its sounds.
        n_columns: of a row.
        submit: computes rows; it is given readable clips with finite samples only.
        key: what decides the rows besides the sounds, in words.
        cache: the folder of all such rows; None keeps none.
        ahead: chunks that may be begun before the first of them is waited for.
        progress: called with how many sounds are done, as they are.

    Raises:
        ValueError: there is no sound.
        OSError: the cache cannot be written; what is in it stays good.
    """
    if not indices:
        raise ValueError(f"{sounds.name} holds no sounds: there is nothing to describe")
    folder = None if cache is None else Path(cache) / _digest([sounds.identity, key])
    chunks = [list(indices[start : start + CHUNK]) for start in range(0, len(indices), CHUNK)]
    found: list[Rows | None] = [None] * len(chunks)
    waiting: deque[tuple[int, Callable[[], Rows]]] = deque()
    done = 0

    def take() -> None:
        nonlocal done
        place, wait = waiting.popleft()
        found[place] = result = wait()
        if folder is not None:
            _store(_path(folder, chunks[place]), result)
        done += len(chunks[place])
        if progress is not None:
            progress(done)

    for place, chunk in enumerate(chunks):
        stored = None if folder is None else _load(_path(folder, chunk), len(chunk), n_columns)
        if stored is not None:
            waiting.append((place, lambda stored=stored: stored))
        else:
            waiting.append((place, _begin(sounds.clips(chunk), n_columns, submit)))
        while len(waiting) > ahead:
            take()
    while waiting:
        take()
    parts = [part for part in found if part is not None]
    return Rows(
        tuple(name for part in parts for name in part.names),
        np.concatenate([part.values for part in parts]),
        tuple(item for part in parts for item in part.unreadable),
    )


def _begin(clips: list[Clip | Unreadable], n_columns: int, submit: Submit) -> Callable[[], Rows]:
    """Submit the readable ones of some clips; what is returned waits for all rows."""
    checked = [_finite(clip) for clip in clips]
    good = [place for place, clip in enumerate(checked) if isinstance(clip, Clip)]
    names = tuple(clip.name for clip in checked)
    unreadable = tuple(clip for clip in checked if isinstance(clip, Unreadable))
    wait = submit([clip for clip in checked if isinstance(clip, Clip)]) if good else None

    def result() -> Rows:
        values = np.full((len(names), n_columns), np.nan)
        if wait is not None:
            values[good] = wait()
        return Rows(names, values, unreadable)

    return result


def _finite(clip: Clip | Unreadable) -> Clip | Unreadable:
    if isinstance(clip, Clip) and not np.isfinite(clip.wave).all():
        return Unreadable(clip.name, "holds samples that are not finite")
    return clip


def _digest(parts: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


def _path(folder: Path, chunk: list[int]) -> Path:
    return folder / f"{_digest(chunk)}.npz"


def _store(path: Path, part: Rows) -> None:
    """Write a chunk, whole or not at all; one that is there already is left alone."""
    if path.is_file():
        return
    with replacing(path) as temporary:
        np.savez(
            temporary,
            names=np.array(part.names),
            values=part.values,
            bad_names=np.array([item.name for item in part.unreadable], dtype=str),
            bad_reasons=np.array([item.reason for item in part.unreadable], dtype=str),
        )


def _load(path: Path, n_rows: int, n_columns: int) -> Rows | None:
    """Return a stored chunk; None where there is none, or a damaged one."""
    try:
        with open(path, "rb") as handle, np.load(handle, allow_pickle=False) as file:
            part = Rows(
                tuple(file["names"].tolist()),
                np.asarray(file["values"], np.float64),
                tuple(
                    Unreadable(name, reason)
                    for name, reason in zip(
                        file["bad_names"].tolist(), file["bad_reasons"].tolist(), strict=True
                    )
                ),
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        path.unlink(missing_ok=True)
        return None
    return part if part.values.shape == (n_rows, n_columns) else None
