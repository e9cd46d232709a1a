"""What a probe is given and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32, Int64

from eval.tasks.base import LabelKind

__all__ = ["Examples", "Fitted", "Probe", "Problem", "Progress"]

CHUNK_ROWS = 4096

Progress = Callable[[float], None]
"""Told the share of a fit that is done, from 0 to 1."""

Settings = Mapping[str, float | int | str]
"""What a fit chose: its epoch, its penalty, its grid point."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Labelled vectors: chosen rows of an array that may be memory-mapped, read when asked.

    Attributes:
        vectors: of all sounds of the task.
        rows: which of them these are.
        targets: zeros and ones, a row an example.
    """

    vectors: Float32[np.ndarray, "n_sounds dimension"]
    rows: Int64[np.ndarray, " n"]
    targets: Float32[np.ndarray, "n n_labels"]

    def __len__(self) -> int:
        """How many examples."""
        return len(self.rows)

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self.vectors.shape[1]

    @property
    def n_labels(self) -> int:
        """How many labels the task has."""
        return self.targets.shape[1]

    def read(self, places: Int64[np.ndarray, " k"]) -> Float32[np.ndarray, "k dimension"]:
        """Return the vectors of those examples."""
        return np.asarray(self.vectors[self.rows[places]])

    def chunks(self, size: int = CHUNK_ROWS) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield all vectors, (at most size, dimension), with their places; one chunk in memory."""
        for start in range(0, len(self), size):
            places = slice(start, min(start + size, len(self)))
            yield places, np.asarray(self.vectors[self.rows[places]])

    def joined(self, other: Examples) -> Examples:
        """These examples and those of the same array after them."""
        rows = np.concatenate([self.rows, other.rows])
        return Examples(self.vectors, rows, np.concatenate([self.targets, other.targets]))


@dataclass(frozen=True, eq=False)
class Problem:
    """What a probe is fitted on.

    Attributes:
        train: what it learns from.
        valid: what its best epoch and settings are chosen by.
        kind: multiclass or multilabel.
        metric: of `eval.probe.scores`, by which it chooses.
        max_epochs: of the benchmark; probes without epochs ignore it.
    """

    train: Examples
    valid: Examples
    kind: LabelKind
    metric: str
    max_epochs: int


@dataclass(frozen=True, eq=False)
class Fitted:
    """A probe that was fitted.

    Attributes:
        predict: vectors (k, dimension) to scores (k, n_labels), higher is more likely.
        validation: its score on the validation set.
        settings: what was chosen.
    """

    predict: Callable[[np.ndarray], np.ndarray]
    validation: float
    settings: Settings

    def scores(self, examples: Examples) -> Float[np.ndarray, "n n_labels"]:
        """Return what it says of examples, whose labels are not looked at."""
        return np.concatenate([self.predict(vectors) for _, vectors in examples.chunks()])


@runtime_checkable
class Probe(Protocol):
    """A small model that is fitted on vectors that stay as they are.

    Attributes:
        name: short and printable, such as "linear".
        deterministic: no seed changes its result, one is enough.
        chooses_once: it chooses its settings on a task's first fold and keeps them for the others.
    """

    name: str
    deterministic: bool
    chooses_once: bool

    def fit(
        self,
        problem: Problem,
        seeds: Sequence[int],
        chosen: Sequence[Settings] | None = None,
        progress: Progress | None = None,
    ) -> list[Fitted]:
        """Return one fitted probe a seed.

        Each is the same whatever other seeds are given, but for float32 rounding where matrices do
        not begin at multiples of 64 bytes.

        Args:
            problem: a fold.
            seeds: at least one.
            chosen: settings of the first fold, one a seed, which are kept; None chooses.
            progress: told what share is done.

        Raises:
            ValueError: nothing sensible comes out of it, such as weights that are not finite.
        """
        ...
