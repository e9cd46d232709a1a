"""Pairs of recordings: the same segment twice for augmentation, two segments, or dense mixtures.

Every epoch goes through the training files in a new order; where it has more pairs than there are
files, they are gone through again in yet another. The place of a pair among all those of an epoch,
which counts steps, ranks and rows, decides its file and its segment, so that no two ranks share a
pair and one process with all rows makes the pairs of several with some each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from jaxtyping import Float32

from doppel.sources.cutting import Short, stretch
from doppel.sources.listing import audio_files, place
from doppel.sources.order import drawn
from doppel.sources.protocol import PairSet, PairStream, Views, check_numbers, check_stream
from doppel.sources.recordings import Recordings
from doppel.sources.stand_in import STAND_INS, stand_in
from eval.harness import audio
from eval.sounds.mixtures import Level, mix

if TYPE_CHECKING:
    import torch

__all__ = ["Kind", "RealSource"]

log = logging.getLogger(__name__)

Kind = Literal["same", "jitter", "mix"]

Wave = Float32[np.ndarray, " n_samples"]
Segment = Float32[np.ndarray, " length"]

_TRAINING, _FIXED = 0, 1


@dataclass(frozen=True)
class RealSource:
    """Segments of audio files of any rate, length and number of channels.

    Attributes:
        folder: where the files lie.
        files: which of them: a list or table, see `doppel.sources.listing`; None is all.
        kind: "same": one random segment for both views, which augmentation makes differ; "jitter":
            two of the same file; "mix": `mix_s` seconds of the file, layered into a segment.
        mix_s: seconds of a mixture, 5 or 10 as published.
        mix_views: what the two views of a mixture are: the "same", or "two" of other stretches.
        mix_fill: what follows a file that is shorter than `mix_s`: silence, or other files.
        mix_level: of the layers' sum, see `eval.sounds.mixtures`.
        short: what becomes of a file that is shorter than a segment: "pad" puts it at a random
            place in silence, "repeat" repeats it from a random sample on.
        sample_rate: of the views in Hz; files of another one are resampled.
        duration_s: of a view.
        limit: take so many files at most, drawn by `split_seed`; None is all.
        validation_share: of the files, never trained on; one file at least.
        split_seed: of the draw of files and of the split, whatever the seed of the pairs.
        cache_bytes: how much decoded sound is kept in memory.
        workers: threads that read; they change nothing but time.
        assets: published reads `folder`; stand_in makes recordings of its own in memory.
        command: what fetches the folder; for the message where it is missing.
    """

    folder: Path
    files: Path | None = None
    kind: Kind = "same"
    mix_s: float = 5.0
    mix_views: Literal["same", "two"] = "same"
    mix_fill: Literal["silence", "others"] = "silence"
    mix_level: Level = "sum"
    short: Short = "pad"
    sample_rate: float = 16000.0  # pyright: ignore[reportIncompatibleMethodOverride]
    duration_s: float = 1.0
    limit: int | None = None
    validation_share: float = 0.1
    split_seed: int = 0
    cache_bytes: int = 2**30
    workers: int = 1
    assets: Literal["published", "stand_in"] = "published"
    command: str = ""

    def __post_init__(self) -> None:
        """Refuse settings that no pairs can have.

        Raises:
            ValueError: a length, rate, share or number outside of its range, by name.
        """
        if not (self.sample_rate > 0 and self.length >= 1):
            raise ValueError(
                "sample_rate and duration_s must give a sample at least, got "
                f"{self.sample_rate} Hz and {self.duration_s} s"
            )
        if self.kind == "mix" and round(self.mix_s / self.duration_s) < 1:
            raise ValueError(
                f"a mixture of {self.mix_s} s holds no segment of {self.duration_s} s: "
                "mix_s must be as long at least"
            )
        if not 0 < self.validation_share < 1:
            raise ValueError(f"validation_share lies between 0 and 1, got {self.validation_share}")
        if (self.limit is not None and self.limit < 2) or self.workers < 1 or self.cache_bytes < 0:
            raise ValueError(
                "limit must be 2 at least, workers 1 and cache_bytes 0, got "
                f"{self.limit}, {self.workers} and {self.cache_bytes}"
            )

    def __getstate__(self) -> dict[str, Any]:
        """The settings alone: what was read stays with the process that read it."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def length(self) -> int:
        """Samples of a view."""
        return round(self.duration_s * self.sample_rate)

    def training(self, seed: int, batch_size: int, rank: int = 0, ranks: int = 1) -> PairStream:
        """Return the stream of one of several processes.

        Raises:
            ValueError: no pairs a step, or a rank that is not one of them.
            FileNotFoundError: no folder, no list, or fewer than two files.
        """
        check_stream(batch_size, rank, ranks)
        return _Stream(self, seed, batch_size, rank, ranks, self._split[0])

    def validation(self, seed: int, n: int) -> PairSet:
        """Return n pairs of files that no stream reads, whatever its seed.

        Raises:
            ValueError: n is below 1.
            FileNotFoundError: no folder, no list, or fewer than two files.
        """
        if n < 1:
            raise ValueError(f"a set needs at least 1 pair, got n = {n}")
        return _Set(self, seed, n, self._split[1])

    @property
    def unreadable(self) -> dict[str, str]:
        """The files that could not be read so far, with the reasons."""
        return self._recordings.unreadable

    def names(self, part: Literal["training", "validation"]) -> list[str]:
        """The files of a part of the split."""
        numbers = self._split[0 if part == "training" else 1]
        return [self._recordings.names[number] for number in numbers]

    def views(
        self, numbers: np.ndarray, places: Sequence[int], seeds: Sequence[list[int]]
    ) -> Views:
        """Return a pair for each place.

        Args:
            numbers: of the files of a part of the split.
            places: in these.
            seeds: of each pair's segments.
        """

        def pair(at: int, seed: list[int]) -> tuple[Segment, Segment]:
            return self._pair(numbers, at, np.random.default_rng(seed))

        if self.workers > 1:
            with ThreadPoolExecutor(self.workers) as pool:
                pairs = list(pool.map(pair, places, seeds))
        else:
            pairs = list(map(pair, places, seeds))
        first, second = (np.empty((len(pairs), self.length), np.float32) for _ in range(2))
        for row, (one, other) in enumerate(pairs):
            first[row], second[row] = one, other
        return _RealViews(first, second)

    def _pair(
        self, numbers: np.ndarray, at: int, rng: np.random.Generator
    ) -> tuple[Segment, Segment]:
        wave = self._recordings.wave(numbers, at)
        if self.kind == "mix":
            wave = self._long_enough(wave, numbers, at, rng)
        cut = self._mixture if self.kind == "mix" else self._segment
        first = cut(wave, rng)
        two = self.kind == "jitter" or (self.kind == "mix" and self.mix_views == "two")
        return first, cut(wave, rng) if two else first

    def _segment(self, wave: Wave, rng: np.random.Generator) -> Segment:
        return stretch(wave, self.length, rng, self.short)

    def _mixture(self, wave: Wave, rng: np.random.Generator) -> Segment:
        return mix(wave, self._layers, self.length, rng, self.mix_level)

    @property
    def _layers(self) -> int:
        return round(self.mix_s / self.duration_s)

    def _long_enough(
        self, wave: Wave, numbers: np.ndarray, at: int, rng: np.random.Generator
    ) -> Float32[np.ndarray, " n_filled"]:
        """The wave; a short one with other files of the same part behind it, where they fill it."""
        wanted = self._layers * self.length
        if self.mix_fill == "silence" or wave.size >= wanted:
            return wave
        waves, n_samples = [wave], wave.size
        for other in rng.permutation(len(numbers)):
            if n_samples >= wanted:
                break
            if other != at:
                waves.append(self._recordings.wave(numbers, int(other)))
                n_samples += waves[-1].size
        return np.concatenate(waves)[:wanted]

    @cached_property
    def _recordings(self) -> Recordings:
        names = STAND_INS
        if self.assets == "published":
            names = audio_files(self.folder, self.files, self.command)
        if self.limit is not None and self.limit < len(names):
            names = tuple(sorted(sorted(names, key=self._place)[: self.limit]))
        if len(names) < 2:
            raise FileNotFoundError(
                f"{self.folder} has {len(names)} recording: two at least are needed, to train "
                "with and to validate with"
            )
        return Recordings(names, self._reader, self.cache_bytes)

    @cached_property
    def _split(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the files for training and for validation."""
        names = self._recordings.names
        n_valid = min(len(names) - 1, max(1, round(self.validation_share * len(names))))
        # Not the draw that `limit` makes: that one would validate on those drawn first.
        drawn = sorted(range(len(names)), key=lambda i: self._place(f"valid\0{names[i]}"))
        training, validation = sorted(drawn[n_valid:]), sorted(drawn[:n_valid])
        log.info(
            "%s: %d recordings to train with, %d to validate with",
            "stand-ins" if self.assets == "stand_in" else self.folder,
            len(training),
            len(validation),
        )
        return np.array(training), np.array(validation)

    def _place(self, name: str) -> bytes:
        return place(self.split_seed, name)

    @property
    def _reader(self) -> Callable[[str], Wave]:
        if self.assets == "stand_in":
            return lambda name: stand_in(name, self.sample_rate)

        def read(name: str) -> Wave:
            wave, _ = audio.read(Path(self.folder) / name, self.sample_rate)
            # Resampled and decoded sound may overshoot full scale.
            return np.clip(wave, -1.0, 1.0)

        return read


@dataclass(frozen=True)
class _RealViews:
    first: Float32[np.ndarray, "batch n_samples"]
    second: Float32[np.ndarray, "batch n_samples"]

    def to_torch(self) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        return torch.from_numpy(self.first), torch.from_numpy(self.second)


@dataclass(frozen=True)
class _Stream:
    """The pairs of one process; while a step is trained on, those of the next one are read."""

    source: RealSource
    seed: int
    batch_size: int
    rank: int
    ranks: int
    numbers: np.ndarray

    def __getstate__(self) -> dict[str, Any]:
        """The settings alone, as for the source."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def batch(self, epoch: int, step: int, delta: float | None = None) -> Views:
        ahead = self._ahead.pop((epoch, step), None)
        self._ahead.clear()
        views = self._read(epoch, step) if ahead is None else ahead.result()
        self._ahead[epoch, step + 1] = self._reader.submit(self._read, epoch, step + 1)
        return views

    def _read(self, epoch: int, step: int) -> Views:
        first = (step * self.ranks + self.rank) * self.batch_size
        count = range(first, first + self.batch_size)
        places = [drawn(self.seed, _TRAINING, epoch, len(self.numbers), i) for i in count]
        seeds = [[self.seed, _TRAINING, epoch, i] for i in count]
        return self.source.views(self.numbers, places, seeds)

    @cached_property
    def _reader(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, "read ahead")

    @cached_property
    def _ahead(self) -> dict[tuple[int, int], Future[Views]]:
        return {}


@dataclass(frozen=True)
class _Set:
    source: RealSource
    seed: int
    n: int
    numbers: np.ndarray

    def __len__(self) -> int:
        return self.n

    def pairs(self, indices: Sequence[int] | np.ndarray) -> Views:
        count = check_numbers(indices, self.n).tolist()
        places = [drawn(self.seed, _FIXED, 0, len(self.numbers), i) for i in count]
        return self.source.views(self.numbers, places, [[self.seed, _FIXED, i] for i in count])
