"""The arms of a comparison (strategies, durations, synthesizers) on the same prompts and seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.harness.files import read_yaml
from scripts.tables.cells import Cell
from scripts.tables.definition import make

__all__ = ["Arm", "Arms", "read_arms"]


@dataclass(frozen=True)
class Arm:
    """One arm.

    Args:
        key: stands for the arm in files.
        title: as it is read.
        overrides: what makes it.
    """

    key: str
    title: str
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class Arms:
    """A figure of arms: curves of the best score, accuracies, and differences in pairs.

    Args:
        name, title, number, text: as of any table.
        experiment: what its cells run; each leaves `history.csv` and `scores.csv`.
        overrides: by scale, what every cell adds.
        seeds: by scale.
        arms: in the order in which they are shown.
        best: the arm that the paper found best, against which the others are held.
        corner: what the arms are.
    """

    name: str
    title: str
    number: str
    text: str
    experiment: str
    overrides: Mapping[str, Sequence[str]]
    seeds: Mapping[str, Sequence[int]]
    arms: tuple[Arm, ...]
    best: str
    corner: str

    def cells(self, arm: Arm, scale: str) -> tuple[Cell, ...]:
        """The runs of an arm, one a seed."""
        given = (*self.overrides.get(scale, ()), *arm.overrides)
        return tuple(Cell(self.experiment, given, seed) for seed in self.seeds[scale])

    def all_cells(self, scale: str) -> Iterator[Cell]:
        """Every run that the figure needs."""
        for arm in self.arms:
            yield from self.cells(arm, scale)

    @property
    def reference(self) -> Arm:
        """The arm that the paper found best."""
        return next(arm for arm in self.arms if arm.key == self.best)


def read_arms(path: Path) -> Arms:
    """The comparison that a YAML file defines.

    Raises:
        ValueError: a key is unknown or missing; the message names file and key.
    """
    content = read_yaml(path)
    content.pop("kind")
    arms = tuple(
        make(Arm, item, f"{path.name}: arms.{place}")
        for place, item in enumerate(content.get("arms") or ())
    )
    keys = [arm.key for arm in arms]
    if len(set(keys)) < len(keys) or content.get("best") not in keys:
        raise ValueError(f"{path.name}: arms need different keys, and best one of them: {keys}")
    return make(Arms, {**content, "name": path.stem, "arms": arms}, path.name)
