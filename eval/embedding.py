"""Embeds a set of sounds once, and keeps the vectors on the disk.

The cache is a folder an embedding, named by a hash of what decides it (the sounds, the embedder,
the length of clips). Sounds are read, embedded and stored a few at a time: memory does not grow
with their number, an interrupted extraction goes on where it was, and two processes that do the
same one at the same time end with the same files.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Int64

from eval.embedders.base import Embedder, FrameEmbedder
from eval.harness.files import read_json, replacing, write_json
from eval.sounds.base import Clip, Sounds, Unreadable

__all__ = ["Embedded", "EmbeddedFrames", "embed", "embed_frames", "fitted"]

CHUNK = 64  # sounds that are read, embedded and stored at a time
BATCH_SAMPLES = 2_000_000  # in one call of the embedder, at most, unless one sound is longer
_VECTORS, _RECORD = "vectors.npy", "record.json"


@dataclass(frozen=True)
class Embedded:
    """The vectors of a set of sounds.

    Attributes:
        vectors: row i is sound i; NaN where it could not be read. Memory-mapped where cached.
        names: of the sounds.
        unreadable: the sounds that could not be read, and why.
    """

    vectors: Float32[np.ndarray, "n dimension"]
    names: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]

    @property
    def readable(self) -> Int64[np.ndarray, " n_readable"]:
        """Numbers of the sounds that have a vector."""
        bad = {item.name for item in self.unreadable}
        return np.array([i for i, name in enumerate(self.names) if name not in bad], np.int64)


@dataclass(frozen=True)
class EmbeddedFrames:
    """The vectors of the pieces of a set of sounds, one sound after the other.

    Attributes:
        vectors: of all pieces; memory-mapped where cached.
        starts: the pieces of sound i are rows `starts[i]` to `starts[i + 1]`.
        names: of the sounds.
        unreadable: the sounds that could not be read, and why; they have no rows.
    """

    vectors: Float32[np.ndarray, "n_frames dimension"]
    starts: Int64[np.ndarray, " n_plus_1"]
    names: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]


def embed(
    sounds: Sounds,
    embedder: Embedder,
    cache: Path | None = None,
    clip_s: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> Embedded:
    """Return a vector for every sound.

    Args:
        sounds: the set.
        embedder: what hears them.
        cache: the folder of all embeddings; None keeps the vectors in memory and nothing else.
        clip_s: seconds that sounds are cut or padded with zeros to; None leaves them.
        progress: called with how many sounds are done, as they are.

    Raises:
        ValueError: the set is empty, or the embedder gives vectors that are not finite.
        OSError: the cache cannot be written; what is in it stays good.
    """
    extraction = _Extraction(sounds, embedder, cache, clip_s, progress, frames=False)
    vectors, record = extraction.run()
    return Embedded(vectors, *_described(record))


def embed_frames(
    sounds: Sounds,
    embedder: FrameEmbedder,
    cache: Path | None = None,
    clip_s: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> EmbeddedFrames:
    """Return the vectors of the pieces of every sound; arguments and errors as in `embed`."""
    extraction = _Extraction(sounds, embedder, cache, clip_s, progress, frames=True)
    vectors, record = extraction.run()
    starts = np.concatenate([[0], np.cumsum(record["rows"])]).astype(np.int64)
    return EmbeddedFrames(vectors, starts, *_described(record))


def fitted(clip: Clip, clip_s: float | None) -> Clip:
    """The clip cut, or padded with zeros at its end, to that many seconds; None leaves it."""
    if clip_s is None:
        return clip
    wanted = max(1, round(clip_s * clip.sample_rate))
    wave = clip.wave[:wanted]
    return Clip(clip.name, np.pad(wave, (0, wanted - wave.size)), clip.sample_rate)


def _described(record: dict[str, Any]) -> tuple[tuple[str, ...], tuple[Unreadable, ...]]:
    unreadable = tuple(Unreadable(name, reason) for name, reason in record["unreadable"])
    return tuple(record["names"]), unreadable


class _Extraction:
    """One embedding of one set: its parts, and how they become one file."""

    def __init__(
        self,
        sounds: Sounds,
        embedder: Embedder,
        cache: Path | None,
        clip_s: float | None,
        progress: Callable[[int], None] | None,
        frames: bool,
    ) -> None:
        if len(sounds) == 0:
            raise ValueError(f"{sounds.name} holds no sounds: there is nothing to embed")
        self.sounds, self.embedder, self.clip_s, self.frames = sounds, embedder, clip_s, frames
        self.report = progress or (lambda done: None)
        self.folder = None
        if cache is not None:
            kind = "frames" if frames else "clips"
            text = json.dumps([kind, sounds.identity, embedder.identity, clip_s])
            self.folder = Path(cache) / hashlib.sha256(text.encode()).hexdigest()[:24]

    def run(self) -> tuple[np.ndarray, dict[str, Any]]:
        """Return all vectors and what is recorded beside them."""
        chunks = [
            range(start, min(start + CHUNK, len(self.sounds)))
            for start in range(0, len(self.sounds), CHUNK)
        ]
        if self.folder is None:
            parts = list(self._computed(chunks))
            return np.concatenate([vectors for vectors, _ in parts]), _joined(r for _, r in parts)
        if not (self.folder / _RECORD).is_file():
            self._fill(self.folder, chunks)
        self.report(len(self.sounds))
        vectors = np.load(self.folder / _VECTORS, mmap_mode="r")
        return vectors, read_json(self.folder / _RECORD)

    def _fill(self, folder: Path, chunks: list[range]) -> None:
        """Compute the parts that are not there, and join them; the record is written last."""
        parts = folder / "parts"
        parts.mkdir(parents=True, exist_ok=True)
        missing = [chunk for chunk in chunks if not (parts / f"{chunk.start}.json").is_file()]
        for chunk, (vectors, record) in zip(missing, self._computed(missing), strict=True):
            with replacing(parts / f"{chunk.start}.npy") as path, open(path, "wb") as file:
                np.save(file, vectors)
            write_json(parts / f"{chunk.start}.json", record)
        try:
            records = [read_json(parts / f"{chunk.start}.json") for chunk in chunks]
            with replacing(folder / _VECTORS) as path:
                _join(path, [parts / f"{chunk.start}.npy" for chunk in chunks], records)
        except FileNotFoundError:
            # Another process joined them first and cleared them away.
            if not (folder / _RECORD).is_file():
                raise
            return
        write_json(folder / _RECORD, _joined(records))
        shutil.rmtree(parts, ignore_errors=True)

    def _computed(self, chunks: list[range]) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
        """Yield vectors and record of each chunk; the next one is read meanwhile."""
        done = len(self.sounds) - sum(len(chunk) for chunk in chunks)
        self.report(done)
        if not chunks:
            return
        with ThreadPoolExecutor(1) as reader:
            coming = reader.submit(self.sounds.clips, chunks[0])
            for number, chunk in enumerate(chunks):
                clips = coming.result()
                if number + 1 < len(chunks):
                    coming = reader.submit(self.sounds.clips, chunks[number + 1])
                yield self._chunk(clips)
                done += len(chunk)
                self.report(done)

    def _chunk(self, clips: list[Clip | Unreadable]) -> tuple[np.ndarray, dict[str, Any]]:
        """Return the vectors of a chunk of sounds, in their order, and their record."""
        rows: list[np.ndarray] = [self._missing()] * len(clips)
        alike: dict[tuple[int, float], list[int]] = {}
        for place, clip in enumerate(clips):
            if isinstance(clip, Clip):
                clip = clips[place] = fitted(clip, self.clip_s)
                alike.setdefault((clip.wave.size, clip.sample_rate), []).append(place)
        for (n_samples, rate), places in alike.items():
            size = max(1, BATCH_SAMPLES // n_samples)
            for start in range(0, len(places), size):
                batch = places[start : start + size]
                waves = np.stack([_wave(clips[place]) for place in batch])
                for place, vectors in zip(batch, self._vectors(waves, rate), strict=True):
                    if not np.isfinite(vectors).all():
                        raise ValueError(
                            f"{self.embedder.name} gives vectors that are not finite for "
                            f"{clips[place].name} of {self.sounds.name}"
                        )
                    rows[place] = vectors
        record = {
            "names": [clip.name for clip in clips],
            "unreadable": [[c.name, c.reason] for c in clips if isinstance(c, Unreadable)],
            "rows": [len(vectors) for vectors in rows],
        }
        return np.concatenate(rows), record

    def _vectors(self, waves: np.ndarray, rate: float) -> list[np.ndarray]:
        """Return the rows of each sound of a batch."""
        audio = torch.from_numpy(waves)
        if self.frames:
            assert isinstance(self.embedder, FrameEmbedder)
            found = self.embedder.embed_frames(audio, rate)
        else:
            found = self.embedder.embed(audio, rate)[:, None]
        return list(found.detach().cpu().numpy().astype(np.float32, copy=False))

    def _missing(self) -> np.ndarray:
        """The rows of a sound that could not be read: none, or one of NaN."""
        n_rows = 0 if self.frames else 1
        return np.full((n_rows, self.embedder.dimension), np.nan, np.float32)


def _wave(clip: Clip | Unreadable) -> np.ndarray:
    assert isinstance(clip, Clip)
    return clip.wave


def _joined(records: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {"names": [], "unreadable": [], "rows": []}
    for record in records:
        for key, values in whole.items():
            values.extend(record[key])
    return whole


def _join(path: Path, parts: list[Path], records: list[dict[str, Any]]) -> None:
    """Write the parts one after the other into one file, never holding more than one."""
    n_rows = sum(sum(record["rows"]) for record in records)
    dimension = np.load(parts[0], mmap_mode="r").shape[1]
    header = {"descr": "<f4", "fortran_order": False, "shape": (n_rows, dimension)}
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for part in parts:
            file.write(np.ascontiguousarray(np.load(part), "<f4").tobytes())
