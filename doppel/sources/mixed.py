"""Pairs of several sources in one batch, in any proportion."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from doppel.sources.protocol import (
    PairSet,
    PairSource,
    PairStream,
    Views,
    check_numbers,
    check_stream,
)

if TYPE_CHECKING:
    import torch

__all__ = ["MixedSource"]

_TRAINING, _FIXED = 0, 1
_GOLDEN = (math.sqrt(5) - 1) / 2
_ROUND_UP_TO = 16


@dataclass(frozen=True)
class MixedSource:
    """Rows from named sources, so many of each in every batch.

    A source's rows of a batch are its share of them, rounded up or down by a draw such that the
    mean is the share exactly; which rows they are is drawn too.

    Attributes:
        sources: by name; all of the same rate.
        shares: by name, 0 or more; only their proportions count, and one of 0 is left out.
    """

    sources: Mapping[str, PairSource] = field(hash=False)
    shares: Mapping[str, float] = field(hash=False)

    def __post_init__(self) -> None:
        """Refuse shares that make no batch.

        Raises:
            ValueError: a source without a share or a share without a source, a negative share, no
                share above 0, or sources of different rates.
        """
        if set(self.sources) != set(self.shares):
            raise ValueError(
                f"each source needs a share: sources are {', '.join(sorted(self.sources))}, "
                f"shares are given of {', '.join(sorted(self.shares)) or 'none'}"
            )
        if not all(0 <= share < math.inf for share in self.shares.values()) or not self.names:
            raise ValueError(
                f"shares must be 0 or more and one above 0 at least, got {dict(self.shares)}"
            )
        rates = {name: self.sources[name].sample_rate for name in self.names}
        if len(set(rates.values())) > 1:
            raise ValueError(f"all sources must be of the same rate, got {rates} Hz")

    @property
    def names(self) -> list[str]:
        """The sources that take part, sorted."""
        return sorted(name for name, share in self.shares.items() if share > 0)

    @property
    def sample_rate(self) -> float:
        """Of the views, in Hz."""
        return float(self.sources[self.names[0]].sample_rate)

    @property
    def borders(self) -> np.ndarray:
        """Where each source's part of [0, 1] ends, in the order of `names`."""
        shares = np.array([self.shares[name] for name in self.names], np.float64)
        ends = np.cumsum(shares) / shares.sum()
        ends[-1] = 1.0
        return ends

    def training(self, seed: int, batch_size: int, rank: int = 0, ranks: int = 1) -> PairStream:
        """Return the stream of one of several processes.

        Raises:
            ValueError: no pairs a step, or a rank that is not one of them.
        """
        check_stream(batch_size, rank, ranks)
        parts = np.diff(self.borders, prepend=0.0) * batch_size
        # As many rows at every step, of which some may be left over: one compiled program each.
        streams = tuple(
            self.sources[name].training(
                _seed_of(seed, name), max(1, math.ceil(part - 1e-9)), rank, ranks
            )
            for name, part in zip(self.names, parts, strict=True)
        )
        return _Stream(self, streams, seed, batch_size, rank)

    def validation(self, seed: int, n: int) -> PairSet:
        """Return n pairs that no stream ever trains on; the first of a longer set are the same.

        Raises:
            ValueError: n is below 1.
        """
        if n < 1:
            raise ValueError(f"a set needs at least 1 pair, got n = {n}")
        sets = tuple(self.sources[name].validation(_seed_of(seed, name), n) for name in self.names)
        return _Set(self, sets, seed, n)


@dataclass(frozen=True)
class _Stream:
    source: MixedSource
    streams: tuple[PairStream, ...]
    seed: int
    batch_size: int
    rank: int

    def batch(self, epoch: int, step: int, delta: float | None = None) -> Views:
        rng = np.random.default_rng([self.seed, _TRAINING, epoch, self.rank, step])
        ends = np.floor(np.round(self.source.borders * self.batch_size, 9) + rng.random())
        counts = np.diff(ends, prepend=0.0).astype(int)
        whose = rng.permutation(np.repeat(np.arange(counts.size), counts))
        views = [stream.batch(epoch, step, delta) for stream in self.streams]
        return _Together(tuple(views), whose)


@dataclass(frozen=True)
class _Set:
    source: MixedSource
    sets: tuple[PairSet, ...]
    seed: int
    n: int

    def __len__(self) -> int:
        return self.n

    def pairs(self, indices: Sequence[int] | np.ndarray) -> Views:
        numbers = check_numbers(indices, self.n)
        # Multiples of the golden ratio fill [0, 1] evenly, however many are taken.
        start = np.random.default_rng([self.seed, _FIXED]).random()
        whose = np.searchsorted(self.source.borders, (start + numbers * _GOLDEN) % 1, side="right")
        views = []
        for part, pairs in enumerate(self.sets):
            own = numbers[whose == part]
            # Few different sizes, so that few programs are compiled; what is too much is cut off.
            size = min(len(numbers), -(-max(1, own.size) // _ROUND_UP_TO) * _ROUND_UP_TO)
            views.append(pairs.pairs(np.resize(own if own.size else numbers[:1], size)))
        return _Together(tuple(views), whose)


@dataclass(frozen=True)
class _Together:
    """Rows of several views.

    Attributes:
        views: of each source, as many rows as it gives or more.
        whose: the number of each row's source.
    """

    views: tuple[Views, ...]
    whose: np.ndarray

    def to_torch(self) -> tuple[torch.Tensor, torch.Tensor]:
        first, second = zip(*(views.to_torch() for views in self.views), strict=True)
        return self._rows(first), self._rows(second)

    def _rows(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        import torch

        lengths = {part.shape[1] for part in parts}
        if len(lengths) > 1:
            raise ValueError(
                f"the sources' sounds have different lengths, {sorted(lengths)} samples: give all "
                "of them the same duration"
            )
        device = next((part.device for part in parts if part.device.type != "cpu"), parts[0].device)
        together = parts[0].new_empty((self.whose.size, lengths.pop()), device=device)
        for number, part in enumerate(parts):
            rows = torch.from_numpy(np.flatnonzero(self.whose == number)).to(device)
            together[rows] = part[: rows.numel()].to(device)
        return together


def _seed_of(seed: int, name: str) -> int:
    """A seed for each source: two synthesizers with the same one would draw the same patches."""
    return int(np.random.SeedSequence([seed, zlib.crc32(name.encode())]).generate_state(1)[0] >> 1)
