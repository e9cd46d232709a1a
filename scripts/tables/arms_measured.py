"""What the runs of a comparison say: means over prompts and seeds, curves, differences in pairs."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float

from eval.statistics.estimate import Estimate, tails_of
from eval.statistics.intervals import wilson
from eval.statistics.nested import nested_mean, nested_weights
from scripts.runtime.folders import RunFolder
from scripts.tables.arms import Arm, Arms
from scripts.tables.cells import Cell, State

__all__ = ["FIRST", "Measured", "Scores", "measure"]

FIRST = 10  # a rank up to it is among the first ten
RESAMPLES = 2000


@dataclass(frozen=True)
class Scores:
    """The runs of one arm: an array a column of `scores.csv`, (seeds, prompts).

    Attributes:
        prompts: in one order for all arms.
        seeds: that were run.
        columns: by name; NaN where a judge does not know the prompt.
        curves: the best score so far, (seeds, prompts, generations).
        runs: their folders.
    """

    prompts: tuple[str, ...]
    seeds: tuple[int, ...]
    columns: Mapping[str, Float[np.ndarray, "n_seeds n_prompts"]]
    curves: Float[np.ndarray, "n_seeds n_prompts n_generations"]
    runs: tuple[RunFolder, ...]

    def mean(self, values: Float[np.ndarray, "n_seeds n_prompts"]) -> Estimate:
        """The mean over the prompts that have a value, with its interval over prompts and seeds."""
        known = ~np.isnan(values).any(axis=0)
        if not known.any():
            return Estimate(math.nan)
        weights = nested_weights(len(values), int(known.sum()), resamples=RESAMPLES)
        return nested_mean(values[:, known], weights)

    def band(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The mean curve and the ends of its 95 % band, generation by generation."""
        seeds, prompts, generations = self.curves.shape
        weights = nested_weights(seeds, prompts, resamples=RESAMPLES).reshape(RESAMPLES, -1)
        flat = self.curves.reshape(-1, generations)
        low, high = np.quantile(weights @ flat, tails_of(), axis=0)
        return flat.mean(axis=0), low, high


@dataclass(frozen=True)
class Measured:
    """A comparison as far as it was run.

    Attributes:
        table: its definition.
        scale: of the runs.
        scores: by arm; an arm without a run is not there.
        states: of all cells.
        problems: runs whose files are not what they should be.
    """

    table: Arms
    scale: str
    scores: Mapping[str, Scores]
    states: Sequence[State]
    problems: tuple[str, ...] = field(default=())

    def score(self, arm: Arm) -> Estimate:
        """The mean best score."""
        return self._mean(arm, "score")

    def judge(self, arm: Arm, name: str) -> Estimate:
        """The mean score of a judge that was not searched with."""
        return self._mean(arm, f"judge/{name}")

    def accuracy(self, arm: Arm) -> Estimate:
        """How often the classifier puts the prompt first among all prompts.

        Where it always or never does, the interval is Wilson's for that many prompts.
        """
        return self._share(arm, "class/rank_among_prompts", 1)

    def first_ten(self, arm: Arm) -> Estimate:
        """How often the prompt's class is among the first ten of all that the classifier knows."""
        return self._share(arm, self.rank_column(arm), FIRST)

    def median_rank(self, arm: Arm) -> float:
        """The median rank of the prompt's class, over prompts and seeds."""
        values = self._column(arm, self.rank_column(arm))
        return math.nan if values is None else float(np.nanmedian(values))

    def wins(self, arm: Arm) -> float:
        """The prompts for which this arm's mean over seeds is the highest of all arms."""
        if arm.key not in self.scores:
            return math.nan
        means = {key: scores.columns["score"].mean(axis=0) for key, scores in self.scores.items()}
        highest = np.max(np.stack(list(means.values())), axis=0)
        return float(np.sum(means[arm.key] >= highest))

    def behind(self, arm: Arm) -> Estimate:
        """The arm's score less that of the paper's best, prompt by prompt and seed by seed."""
        one, best = (self.scores.get(key) for key in (arm.key, self.table.best))
        if one is None or best is None or arm.key == self.table.best:
            return Estimate(math.nan)
        seeds = [seed for seed in one.seeds if seed in best.seeds]
        if not seeds:
            return Estimate(math.nan)
        rows = [[scores.seeds.index(seed) for seed in seeds] for scores in (one, best)]
        return one.mean(one.columns["score"][rows[0]] - best.columns["score"][rows[1]])

    def rank_column(self, arm: Arm) -> str:
        """The column of ranks: the classifier's where there is one, else the scorer's own."""
        scores = self.scores.get(arm.key)
        has_class = scores is not None and "class/rank" in scores.columns
        return "class/rank" if has_class else "rank"

    @property
    def judges(self) -> list[str]:
        """The judges that heard the sounds of every arm."""
        found = [
            {c.removeprefix("judge/") for c in scores.columns if c.startswith("judge/")}
            for scores in self.scores.values()
        ]
        return sorted(set.intersection(*found)) if found else []

    def _column(self, arm: Arm, column: str) -> np.ndarray | None:
        scores = self.scores.get(arm.key)
        return None if scores is None else scores.columns.get(column)

    def _mean(self, arm: Arm, column: str) -> Estimate:
        values = self._column(arm, column)
        return Estimate(math.nan) if values is None else self.scores[arm.key].mean(values)

    def _share(self, arm: Arm, column: str, up_to: int) -> Estimate:
        values = self._column(arm, column)
        if values is None:
            return Estimate(math.nan)
        shares = np.where(np.isnan(values), np.nan, values <= up_to)
        found = self.scores[arm.key].mean(shares)
        known = int((~np.isnan(shares).any(axis=0)).sum())
        if known and found.value in (0.0, 1.0):  # resampling cannot see what did not happen
            return wilson(known if found.value else 0, known)
        return found


def measure(table: Arms, scale: str, states: Mapping[Cell, State]) -> Measured:
    """Read every run that is there."""
    scores: dict[str, Scores] = {}
    problems: list[str] = []
    for arm in table.arms:
        runs = []
        for cell in table.cells(arm, scale):
            run = states[cell].run
            if run is None:
                continue
            try:
                runs.append((cell.seed, run, *_read(run.path)))
            except (OSError, KeyError, ValueError) as error:
                problems.append(f"{run.path}: {error}")
        if runs:
            scores[arm.key] = _together(runs)
    first = next(iter(scores.values()), None)
    for key in [key for key in scores if first and scores[key].prompts != first.prompts]:
        problems.append(f"{key}: it was run with other prompts than the first arm")
        del scores[key]
    cells = dict.fromkeys(table.all_cells(scale))
    return Measured(table, scale, scores, [states[cell] for cell in cells], tuple(problems))


def _together(runs: Sequence[tuple]) -> Scores:
    """The runs of an arm as arrays."""
    seeds, folders, tables, curves = zip(*runs, strict=True)
    prompts = tuple(tables[0]["prompt"])
    if any(tuple(table["prompt"]) != prompts for table in tables):
        raise ValueError("its runs have different prompts")
    shared = set.intersection(*(set(table) for table in tables)) - {"prompt"}
    columns = {}
    for name in sorted(shared):
        try:
            columns[name] = np.array(
                [[float(cell or "nan") for cell in table[name]] for table in tables]
            )
        except ValueError:
            continue  # names, not numbers
    return Scores(prompts, seeds, columns, np.stack(curves), folders)


def _read(folder: Path) -> tuple[dict[str, list[str]], Float[np.ndarray, "prompts generations"]]:
    """`scores.csv` by column, and the curves of `history.csv` in the same order of prompts."""
    with (folder / "scores.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ValueError("scores.csv is empty")
    table = {name: [row[name] for row in rows] for name in rows[0]}
    best: dict[str, list[float]] = {prompt: [] for prompt in table["prompt"]}
    with (folder / "history.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            best[row["prompt"]].append(float(row["best"]))
    return table, np.array(list(best.values()))
