"""The vectors of a set of sounds, one or more a sound, as all distances take them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64

from eval.embedding import Embedded, EmbeddedFrames

__all__ = ["Sample"]

_CHUNK_ROWS = 4096


@dataclass(frozen=True)
class Sample:
    """Vectors of sounds; sounds, not vectors, are what was drawn and what is drawn again.

    Attributes:
        vectors: of all pieces of all sounds, one sound after the other; may be memory-mapped.
        starts: sound i has rows `starts[i]` to `starts[i + 1]`, one at least.
    """

    vectors: Float[np.ndarray, "n_rows dimension"]
    starts: Int64[np.ndarray, " n_plus_1"]

    def __post_init__(self) -> None:
        """Refuse what is no sample.

        Raises:
            ValueError: no sound, a sound without a vector, or rows that belong to no sound.
        """
        counts = np.diff(self.starts)
        if counts.size == 0 or counts.min() < 1:
            raise ValueError(
                f"a sample needs sounds with a vector each, got {counts.size} sounds, "
                f"{int((counts < 1).sum())} of them without"
            )
        if self.starts[0] != 0 or self.starts[-1] != len(self.vectors):
            raise ValueError(
                f"rows {self.starts[0]} to {self.starts[-1]} belong to sounds, but there are "
                f"{len(self.vectors)}"
            )

    @classmethod
    def of(cls, embedded: Embedded | EmbeddedFrames) -> Sample:
        """What was embedded, without the sounds that could not be read.

        Raises:
            ValueError: none could be read.
        """
        if isinstance(embedded, EmbeddedFrames):
            starts = embedded.starts
            kept = np.concatenate([starts[:1], starts[1:][np.diff(starts) > 0]])
            return cls(embedded.vectors, kept)
        vectors = embedded.vectors
        if embedded.unreadable:
            vectors = vectors[embedded.readable]
        return cls.of_vectors(vectors)

    @classmethod
    def of_vectors(cls, vectors: Float[np.ndarray, "n dimension"]) -> Sample:
        """One vector a sound."""
        return cls(vectors, np.arange(len(vectors) + 1, dtype=np.int64))

    def __len__(self) -> int:
        """How many sounds."""
        return len(self.starts) - 1

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self.vectors.shape[1]

    def rows(self, sounds: Sequence[int] | np.ndarray | None = None) -> Int64[np.ndarray, " n"]:
        """The numbers of the rows of sounds, in that order and as often; None is all of them."""
        if sounds is None:
            return np.arange(len(self.vectors), dtype=np.int64)
        chosen = np.asarray(sounds, np.int64)
        counts = np.diff(self.starts)[chosen]
        first = np.repeat(self.starts[chosen] - np.cumsum(counts) + counts, counts)
        return first + np.arange(counts.sum())

    def taken(self, sounds: Sequence[int] | np.ndarray) -> Sample:
        """Those sounds alone, in that order; their vectors are copied."""
        counts = np.diff(self.starts)[np.asarray(sounds, np.int64)]
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return Sample(self.vectors[self.rows(sounds)], starts)

    def projected(self, basis: Float64[np.ndarray, "dimension k"]) -> Sample:
        """The same sounds, their vectors as coordinates in a basis, in memory."""
        return Sample(np.concatenate([part @ basis for part in self.chunks()]), self.starts)

    def chunks(
        self, sounds: Sequence[int] | np.ndarray | None = None
    ) -> Iterator[Float64[np.ndarray, "n dimension"]]:
        """Yield the vectors of sounds a few thousand at a time, in float64.

        Raises:
            ValueError: a vector is not finite.
        """
        rows = self.rows(sounds)
        for first in range(0, len(rows), _CHUNK_ROWS):
            part = np.asarray(self.vectors[rows[first : first + _CHUNK_ROWS]], np.float64)
            if not np.isfinite(part).all():
                raise ValueError(
                    "a sample holds vectors that are not finite: embed the sounds again, or leave "
                    "out those that could not be read (Sample.of does)"
                )
            yield part
