"""A filled table drawn: bars, lines, or the distributions behind its means."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval.harness.files import read_json
from scripts.tables.definition import Line
from scripts.tables.fill import Entry, Filled

__all__ = ["draw"]

COLOURS = ("#c2410c", "#1d4ed8", "#047857", "#7c3aed", "#b45309", "#0e7490", "#be185d", "#475569")
PAPER = {"facecolor": "white", "edgecolor": "#64748b", "hatch": "////", "linewidth": 0.8}
NOT_RUN = "nothing of ours has been run yet"


def draw(filled: Filled) -> Figure | None:
    """The table's figure, or None where its definition asks for none.

    Published figures are hatched; what was not run is left out, never guessed.
    """
    wanted = filled.table.figure
    if wanted is None:
        return None
    if wanted.kind == "lines":
        return _lines(filled)
    if wanted.kind == "curves":
        return _curves(filled)
    if wanted.kind == "distributions":
        return _distributions(filled)
    if wanted.kind in ("speed", "speedup"):
        return _speed(filled)
    return _bars(filled)


def _bars(filled: Filled) -> Figure:
    """A panel a column: a bar a row, ours solid with its interval, the paper's hatched below."""
    table = filled.table
    rows = [row for row in table.rows if any(_shown(e) for e in filled.entries if e.row is row)]
    across = min(4, len(table.columns))
    down = -(-len(table.columns) // across)
    height = 1.1 + 0.36 * max(1, len(rows))
    figure = Figure(figsize=(2.9 * across + 1.6, down * height + 0.6), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharey=True)
    for axes, column in zip(grid.flat, table.columns, strict=False):
        for place, row in enumerate(rows):
            _bar(axes, place, filled.entry(row, column))
        axes.set_title(_title(column, table.unit), fontsize=10)
        if not any(_shown(filled.entry(row, column)) for row in rows):
            axes.text(0.5, 0.5, "not run", transform=axes.transAxes, ha="center", color="#64748b")
            axes.set_xticks([])
        axes.set_yticks(range(len(rows)), [row.name for row in rows], fontsize=8.5)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.grid(axis="x", color="#e2e8f0", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(axis="x", labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in list(grid.flat)[len(table.columns) :]:
        axes.set_axis_off()
    _legend(figure, filled)
    return figure


def _bar(axes: Axes, place: int, entry: Entry) -> None:
    """The bars of one entry."""
    both = entry.ours is not None and entry.published is not None
    if entry.ours is not None:
        at = place - 0.2 if both else place
        axes.barh(at, entry.ours, 0.38 if both else 0.6, color=COLOURS[0])
        if entry.low is not None and entry.high is not None:
            axes.plot([entry.low, entry.high], [at, at], color="#1c1917", linewidth=1.2)
    if entry.published is not None:
        at = place + 0.2 if both else place
        axes.barh(at, entry.published, 0.38 if both else 0.6, **PAPER)


def _lines(filled: Filled) -> Figure:
    """A line a row over the columns' values, with bands for the intervals; dashed: the paper's."""
    table, wanted = filled.table, filled.table.figure
    assert wanted is not None
    figure = Figure(figsize=(6.8, 4.4), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(table.rows):
        points = [(_value(column), filled.entry(row, column)) for column in table.columns]
        _line(axes, points, COLOURS[place % len(COLOURS)], row.name)
    axes.set_xlabel(wanted.axis)
    axes.set_ylabel(wanted.label or table.title)
    axes.grid(color="#e2e8f0", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.has_data():
        axes.legend(frameon=False, fontsize=9)
    else:
        axes.text(0.5, 0.5, NOT_RUN, transform=axes.transAxes, ha="center")
    return figure


def _curves(filled: Filled) -> Figure:
    """A panel a column, in it a line a group of rows over the rows' values; dashed: the paper's.

    Rows without a value, such as random weights, are levels right across.
    """
    table, wanted = filled.table, filled.table.figure
    assert wanted is not None
    across = min(4, len(table.columns))
    down = -(-len(table.columns) // across)
    figure = Figure(figsize=(3.1 * across + 0.6, 2.6 * down + 0.8), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    valued = [row for row in table.rows if row.value is not None]
    groups = list(dict.fromkeys(row.group for row in valued))
    levels = [row for row in table.rows if row.value is None]
    for axes, column in zip(grid.flat, table.columns, strict=False):
        for place, group in enumerate(groups):
            points = [(_value(r), filled.entry(r, column)) for r in valued if r.group == group]
            _line(axes, points, COLOURS[place % len(COLOURS)], group)
        for place, row in enumerate(levels, start=len(groups)):
            colour, entry = COLOURS[place % len(COLOURS)], filled.entry(row, column)
            if entry.ours is not None:
                axes.axhline(entry.ours, color=colour, linewidth=1.2, label=row.name)
            if entry.published is not None:
                label = f"{row.name}, paper"
                axes.axhline(entry.published, color=colour, alpha=0.7, linestyle=":", label=label)
        axes.set_title(_title(column, table.unit), fontsize=10)
        axes.set_xlabel(wanted.axis, fontsize=8.5)
        axes.tick_params(labelsize=8)
        axes.grid(color="#e2e8f0", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        if not axes.has_data():
            axes.text(0.5, 0.5, "not run", transform=axes.transAxes, ha="center", color="#64748b")
    for axes in list(grid.flat)[len(table.columns) :]:
        axes.set_axis_off()
    handles: dict[str, Artist] = {}
    for axes in grid.flat:
        handles |= {str(item.get_label()): item for item in axes.get_legend_handles_labels()[0]}
    if handles:
        figure.legend(
            handles=list(handles.values()), labels=list(handles), loc="outside lower center",
            ncols=4, frameon=False, fontsize=9,
        )  # fmt: skip
    return figure


def _line(axes: Axes, points: Sequence[tuple[float, Entry]], colour: str, name: str) -> None:
    """Ours with a band for its intervals, and the paper's dashed, as far as there are any."""
    found = [(at, entry) for at, entry in points if entry.ours is not None]
    if found:
        axes.plot(
            [at for at, _ in found], [entry.ours or 0.0 for _, entry in found], "o-",
            color=colour, label=name, markersize=4,
        )  # fmt: skip
        banded = [(at, e) for at, e in found if e.low is not None and e.high is not None]
        axes.fill_between(
            [at for at, _ in banded],
            [entry.low or 0.0 for _, entry in banded],
            [entry.high or 0.0 for _, entry in banded],
            color=colour,
            alpha=0.18,
            linewidth=0,
        )
    paper = [(at, entry.published) for at, entry in points if entry.published is not None]
    if paper:
        axes.plot(
            [at for at, _ in paper], [value or 0.0 for _, value in paper], "x--",
            color=colour, alpha=0.7, label=f"{name}, paper", markersize=5,
        )  # fmt: skip


def _distributions(filled: Filled) -> Figure | None:
    """A ridge a set for every column, from the tables in the runs' folders; None without a run."""
    from scripts.jobs.distributions import Panel, ridgelines

    table, wanted = filled.table, filled.table.figure
    assert wanted is not None
    sets: dict[str, dict[str, np.ndarray]] = {}
    roles: dict[str, str] = {}
    for row in table.rows:
        runs = [run for entry in filled.entries if entry.row is row for run in entry.runs]
        files = [run.path / row.key / wanted.file for run in runs]
        file = next((path for path in files if path.is_file()), None)
        if file is not None:
            sets[row.name] = _columns(file, [column.key for column in table.columns])
            roles[row.name] = row.group or "other"
    if not sets:
        return None
    panels = [
        Panel(
            _title(column, table.unit),
            {name: values[column.key] for name, values in sets.items()},
            column.value,
        )
        for column in table.columns
    ]
    return ridgelines(panels, roles)


def _speed(filled: Filled) -> Figure | None:
    """Figure 2 or 3 of SynthAX, from every cell that the run measured; None without a run."""
    from scripts.jobs.speed.figures import figure_2, figure_3
    from scripts.jobs.speed.summary import rows, speedups

    wanted = filled.table.figure
    runs = [run for entry in filled.entries for run in entry.runs]
    if not runs or wanted is None:
        return None
    records = read_json(runs[0].path / "cells.json")
    if wanted.kind == "speedup":
        return figure_3(speedups(records), {})
    measured = rows(records)
    on_gpu = any(row.device_peak_bytes is not None for row in measured)
    memory = "peak device memory" if on_gpu else "peak memory of the process"
    return figure_2(measured, wanted.label, memory)


def _columns(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Columns of a CSV file as float64; an empty field is NaN."""
    with path.open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in names}


def _shown(entry: Entry) -> bool:
    return entry.ours is not None or entry.published is not None


def _value(line: Line) -> float:
    if line.value is None:
        raise ValueError(f"{line.key} has no value: a line needs one at every point")
    return line.value


def _title(line: Line, unit: str) -> str:
    unit = unit if line.unit is None else line.unit
    return f"{line.name}, {unit}" if unit else line.name


def _legend(figure: Figure, filled: Filled) -> None:
    """What solid and hatched bars are, as far as there are such."""
    from matplotlib.patches import Patch

    handles = []
    if any(entry.ours is not None for entry in filled.entries):
        label = f"ours (scale={filled.scale}), 95 % interval"
        handles.append(Patch(facecolor=COLOURS[0], label=label))
    if any(entry.published is not None for entry in filled.entries):
        handles.append(Patch(label="published", **PAPER))
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
