"""What probes said of a task's test sounds, kept so that two embedders can be compared on them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Int64

from eval.harness.files import replacing
from eval.probe.scores import Counted, counted

__all__ = ["FoldPredictions", "Predictions"]


@dataclass(frozen=True, eq=False)
class FoldPredictions:
    """One fold.

    Attributes:
        name: of the fold.
        sounds: numbers of its test sounds in the task.
        scores: of each seed; higher is more likely.
        targets: zeros and ones.
    """

    name: str
    sounds: Int64[np.ndarray, " n"]
    scores: Float32[np.ndarray, "seeds n n_labels"]
    targets: Float32[np.ndarray, "n n_labels"]


@dataclass(frozen=True, eq=False)
class Predictions:
    """All folds of a task, in their order."""

    folds: tuple[FoldPredictions, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many test sounds each fold has."""
        return tuple(len(fold.sounds) for fold in self.folds)

    def counted(self, metric: str) -> Counted:
        """Return a score, the mean over folds and seeds, as a function of how often sounds count.

        The sounds stand fold after fold. Resampling these counts, within each fold, says how much
        the score would vary with other test sounds; seeds and training sounds stay as they are.

        Raises:
            ValueError: as `eval.probe.scores.counted`.
        """
        prepared: list[list[Counted]] = [
            [counted(metric, scores, fold.targets) for scores in fold.scores]
            for fold in self.folds
        ]
        ends = np.cumsum(self.sizes)
        starts = ends - self.sizes

        def mean(counts: Float[np.ndarray, "resamples n"]) -> Float[np.ndarray, " resamples"]:
            parts = [
                function(counts[:, start:end])
                for functions, start, end in zip(prepared, starts, ends, strict=True)
                for function in functions
            ]
            weights = np.repeat([1.0 / len(own) for own in prepared], [len(p) for p in prepared])
            return np.average(parts, axis=0, weights=weights)

        return mean

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a compressed `.npz`, whole or not at all."""
        arrays: dict[str, np.ndarray] = {"names": np.array([fold.name for fold in self.folds])}
        for place, fold in enumerate(self.folds):
            arrays |= {
                f"sounds_{place}": fold.sounds,
                f"scores_{place}": fold.scores,
                f"targets_{place}": fold.targets.astype(np.uint8),
            }
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Predictions:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it holds something else.
        """
        with np.load(Path(path), allow_pickle=False) as archive:
            if "names" not in archive:
                raise ValueError(f"{path} holds no predictions")
            return cls(
                tuple(
                    FoldPredictions(
                        str(name),
                        archive[f"sounds_{place}"],
                        archive[f"scores_{place}"],
                        archive[f"targets_{place}"].astype(np.float32),
                    )
                    for place, name in enumerate(archive["names"])
                )
            )


def same_sounds(first: Predictions, second: Predictions) -> None:
    """Refuse to pair predictions of different sounds.

    Raises:
        ValueError: their folds or test sounds differ.
    """
    names: Sequence[Sequence[str]] = [[f.name for f in p.folds] for p in (first, second)]
    if names[0] != names[1]:
        raise ValueError(f"the folds differ: {names[0]} and {names[1]}")
    for a, b in zip(first.folds, second.folds, strict=True):
        if not np.array_equal(a.sounds, b.sounds):
            only = len(set(a.sounds.tolist()) ^ set(b.sounds.tolist()))
            raise ValueError(
                f"{a.name}: {only} test sounds are in one set of predictions only, so they cannot "
                "be paired"
            )
