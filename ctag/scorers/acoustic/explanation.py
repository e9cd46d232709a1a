"""Why a sound scored what it did: a table for pages and logs."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ctag.scorers.acoustic.fit import distance, fit_of, match
from ctag.scorers.acoustic.resolution import Resolution
from ctag.scorers.acoustic.table import DESCRIPTORS, positions

CAVEAT = (
    "The acoustic score is a coarse, explainable judge: it compares measured descriptors with a "
    "hand-written profile of the word and does not know what the sound is."
)


@dataclass(frozen=True)
class Row:
    """One descriptor's part in a score.

    Attributes:
        descriptor, unit, meaning: from the table.
        value: measured, in `unit`.
        low, high: the range it should lie in.
        weight: its share of all weights.
        distance: steps from the goal (one step is plainly heard).
        match: 1 / (1 + distance^2).
        cost: weight * -log(match); the costs of all rows add up to -log(score).
    """

    descriptor: str
    unit: str
    meaning: str
    value: float
    low: float
    high: float
    weight: float
    distance: float
    match: float
    cost: float


@dataclass(frozen=True)
class Explanation:
    """A score in parts, the most costly first.

    Attributes:
        resolution: how the prompt was understood.
        score: in (0, 1], or -inf for a sound that is not finite.
        rows: one a descriptor of the profile.
    """

    resolution: Resolution
    score: float
    rows: tuple[Row, ...]
    caveat: str = CAVEAT

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return column titles and rows of text."""
        columns = ["descriptor", "measured", "wanted", "weight", "match"]
        rows = []
        for row in self.rows:
            unit = "" if row.unit == "share" else f" {row.unit}"
            low, high = f"{row.low:.3g}", f"{row.high:.3g}"
            wanted = low if low == high else f"{low} to {high}"
            rows.append(
                [
                    row.descriptor,
                    f"{row.value:.3g}{unit}",
                    wanted + unit,
                    f"{row.weight:.0%}",
                    f"{row.match:.2f}",
                ]
            )
        return columns, rows

    def __str__(self) -> str:
        columns, rows = self.table()
        cells = [columns, *rows]
        widths = [max(len(row[column]) for row in cells) for column in range(len(columns))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]
        head = f"{self.resolution.describe()}: score {self.score:.3f}"
        return "\n".join([head, *lines, self.caveat])


def explain_row(
    resolution: Resolution, values: Float[np.ndarray, " n_descriptors"], score: float
) -> Explanation:
    """Build the explanation of one sound from its measured descriptors."""
    fit = fit_of(resolution.profile)
    steps = np.asarray(distance(fit, positions(jnp.asarray(values))))
    rows = []
    for column, descriptor in enumerate(DESCRIPTORS):
        goal = resolution.profile.get(descriptor.name)
        if goal is not None:
            off, weight = float(steps[column]), float(fit.weight[column])
            rows.append(
                Row(
                    descriptor=descriptor.name,
                    unit=descriptor.unit,
                    meaning=descriptor.meaning,
                    value=float(values[column]),
                    low=goal.low,
                    high=goal.high,
                    weight=weight,
                    distance=off,
                    match=float(match(off)),
                    cost=weight * float(np.log1p(off**2)),
                )
            )
    rows.sort(key=lambda row: (-row.cost, -row.weight))
    return Explanation(resolution, score, tuple(rows))
