"""A table filled from run folders: ours, the published figure, the difference, the interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from eval.statistics.intervals import t_interval
from scripts.runtime.folders import RunFolder
from scripts.tables.cells import Cell, State
from scripts.tables.definition import Line, Table
from scripts.tables.published import Published

__all__ = ["Entry", "Filled", "fill"]

IntervalKind = Literal["", "seeds", "run"]


@dataclass(frozen=True)
class Entry:
    """One entry of a table.

    Args:
        row, column: where it stands.
        ours: the mean over the seeds that were run; None where none was.
        low, high: its 95 % interval.
        interval: over seeds (Student's t), or as the one run measured it; empty: none.
        n_seeds, n_wanted: the seeds that were run, and those that the table asks for.
        published: the published figure.
        runs: the folders that `ours` comes from.
        problem: why there is nothing of ours, or not all.
    """

    row: Line
    column: Line
    ours: float | None = None
    low: float | None = None
    high: float | None = None
    interval: IntervalKind = ""
    n_seeds: int = 0
    n_wanted: int = 0
    published: float | None = None
    runs: tuple[RunFolder, ...] = ()
    problem: str = ""

    @property
    def difference(self) -> float | None:
        """Ours less the published figure."""
        if self.ours is None or self.published is None:
            return None
        return self.ours - self.published

    @property
    def status(self) -> str:
        """In words: done, some seeds of how many, not run and why, or published only."""
        if self.row.overrides is None or self.column.overrides is None:
            return "published only"
        if self.ours is None:
            return self.problem or "not run"
        return "done" if self.n_seeds == self.n_wanted else f"{self.n_seeds} of {self.n_wanted}"


@dataclass(frozen=True)
class Filled:
    """A table with its entries, row by row, and the state of every cell behind them."""

    table: Table
    scale: str
    entries: tuple[Entry, ...]
    states: tuple[State, ...]

    def entry(self, row: Line, column: Line) -> Entry:
        """The entry at a row and a column."""
        return next(e for e in self.entries if e.row is row and e.column is column)

    @property
    def done(self) -> int:
        """The cells that were run."""
        return sum(state.status == "done" for state in self.states)


def fill(
    table: Table, scale: str, states: Mapping[Cell, State], published: Published | None
) -> Filled:
    """The table with every entry that was run, and none that was not.

    Args:
        table: the definition.
        scale: of the runs.
        states: of all its cells, as `look` gives them.
        published: the published figures, if there are any.

    Raises:
        KeyError: a line names figures that the file does not have.
    """
    entries = tuple(
        _entry(table, row, column, states, published)
        for row in table.rows
        for column in table.columns
    )
    entries = tuple(_best(table, e, entries) if e.row.best_of else e for e in entries)
    used = dict.fromkeys(table.all_cells())
    return Filled(table, scale, entries, tuple(states[cell] for cell in used))


def _best(table: Table, entry: Entry, entries: Sequence[Entry]) -> Entry:
    """The best of other rows in the same column, with how many of them there are."""
    wanted = entry.row.best_of
    others = [e for e in entries if e.column is entry.column and e.row.key in wanted]
    done = [e for e in others if e.ours is not None]
    if not done:
        return replace(entry, n_wanted=len(wanted), problem="not run")
    sign = -1.0 if table.better == "lower" else 1.0
    best = max(done, key=lambda e: sign * (e.ours or 0.0))
    return replace(
        best,
        row=entry.row,
        published=entry.published,
        n_seeds=len(done),
        n_wanted=len(wanted),
        problem="",
    )


def _entry(
    table: Table,
    row: Line,
    column: Line,
    states: Mapping[Cell, State],
    published: Published | None,
) -> Entry:
    figure = _published(row, column, published)
    cells = table.cells(row, column)
    waits = row.waits_for or column.waits_for
    if not cells:
        return Entry(row, column, published=figure, problem=f"not run: {waits}" if waits else "")
    factor = table.factor if column.factor is None else column.factor
    name = table.metric_of(row, column)
    values: list[float] = []
    runs: list[RunFolder] = []
    problems: list[str] = []
    for state in (states[cell] for cell in cells):
        if state.run is None:
            problems.append(_why(state))
        elif math.isfinite(value := state.run.metrics.get(name, math.nan)):
            values.append(factor * value)
            runs.append(state.run)
        else:
            what = "is not a finite number" if name in state.run.metrics else "is not there"
            problems.append(f"{state.run.path}: {name} {what}")
    made = Entry(
        row,
        column,
        n_seeds=len(values),
        n_wanted=len(cells),
        published=figure,
        runs=tuple(runs),
        problem="; ".join(dict.fromkeys(problems)),
    )
    if not values:
        return made
    low, high, kind = _interval(table, row, column, values, runs, factor)
    fields = {"ours": sum(values) / len(values), "low": low, "high": high, "interval": kind}
    return Entry(**{**vars(made), **fields})


def _why(state: State) -> str:
    """Why a cell has no run, in a line."""
    return "not run" if state.status == "not run" else f"{state.status}: {state.detail}"


def _published(row: Line, column: Line, published: Published | None) -> float | None:
    """The published figure of an entry."""
    if published is None or row.reference is None or column.reference is None:
        return None
    if not isinstance(row.reference, Mapping) or not isinstance(column.reference, str):
        raise KeyError(
            f"{row.key}, {column.key}: a row's reference maps the file's columns to values, a "
            "column's names one column"
        )
    return published.figure(row.reference, column.reference)


def _interval(
    table: Table,
    row: Line,
    column: Line,
    values: Sequence[float],
    runs: Sequence[RunFolder],
    factor: float,
) -> tuple[float | None, float | None, IntervalKind]:
    """95 %: over seeds by Student's t, or the interval that a single run measured itself."""
    if len(values) > 1:
        _, low, high = t_interval(values)
        return low, high, "seeds"
    if table.low and table.high:
        low, high = (
            runs[0].metrics.get(table.metric_of(row, column, pattern), math.nan)
            for pattern in (table.low, table.high)
        )
        if math.isfinite(low) and math.isfinite(high):
            return factor * low, factor * high, "run"
    return None, None, ""
