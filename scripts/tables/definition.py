"""What a table is: rows and columns, the cells behind them, and where the published figures are."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from eval.harness.files import read_yaml
from scripts.tables.cells import Cell

__all__ = ["DEFINITIONS", "Figure", "Line", "Reference", "Table", "names", "read_table"]

DEFINITIONS = Path(__file__).parent / "definitions"


@dataclass(frozen=True)
class Line:
    """A row or a column.

    Args:
        key: stands for the line in `metric` and in file names.
        title: as it is read; the key where it is left out.
        overrides: what the line adds to its cells; None where it has only published figures.
        reference: where its published figures are: column of the file to value for a row, the
            file's column for a column; None where nothing was published.
        value: a number, where the line stands for one (a delta); plots use it.
        group: lines of one group stand together under its name, and are one curve.
        waits_for: why none of its cells can be run yet.
        best_of: keys of the rows whose best figure this row shows, column by column; it has no
            cells of its own.
        metric: stands in place of the table's for this line.
        factor, digits, unit: the same, for a column whose quantity is another.
    """

    key: str
    title: str = ""
    overrides: tuple[str, ...] | None = ()
    reference: Mapping[str, str] | str | None = None
    value: float | None = None
    group: str = ""
    waits_for: str = ""
    best_of: tuple[str, ...] = ()
    metric: str | None = None
    factor: float | None = None
    digits: int | None = None
    unit: str | None = None

    @property
    def name(self) -> str:
        """The line as it is read."""
        return self.title or self.key


@dataclass(frozen=True)
class Reference:
    """Where the published figures are.

    Args:
        file: in scripts/tables/reference.
        number: what the figures are called there, such as "thesis Table 11".
    """

    file: str
    number: str


@dataclass(frozen=True)
class Figure:
    """How a table is drawn.

    Args:
        kind: bars (a panel a column), lines (a line a row over the columns' values), curves (a
            panel a column, a line a group of rows over the rows' values), distributions (a panel a
            column, from tables in the run folder), speed or speedup (of synth/speed).
        label: of the axis of the quantity; for speed, the allocator.
        axis: of the columns' or rows' values.
        file: for distributions: the CSV in the run folder's folder of each row's key, with a column
            named as each column's key.
    """

    kind: Literal["bars", "lines", "curves", "distributions", "speed", "speedup"]
    label: str = ""
    axis: str = ""
    file: str = ""


@dataclass(frozen=True)
class Table:
    """A table of cells, ours beside the published figures.

    Args:
        name: as in `make NAME`.
        title: one line.
        number: its number in the thesis and in the paper.
        text: what is measured and how to read it.
        experiment: what its cells run.
        metric: the metric's name in a run; `{row}` and `{column}` stand for the lines' keys, and in
            `low` and `high` `{metric}` for the name that comes out.
        rows, columns: the lines.
        overrides: what every cell adds.
        seeds: the seeds of every cell.
        low, high: metrics of a run's own interval, shown where there is one seed.
        range: what that interval is.
        repeats: the metric that says how many seeds a run has within itself.
        factor: what a metric is multiplied by, such as 100 for a percentage.
        digits: decimals that are shown.
        better: which way is better; none where neither is.
        unit: of the figures.
        reference: where the published figures are.
        figure: how it is drawn.
        corner: what the rows are.
    """

    name: str
    title: str
    number: str
    text: str
    experiment: str
    metric: str
    rows: tuple[Line, ...]
    columns: tuple[Line, ...]
    overrides: tuple[str, ...] = ()
    seeds: tuple[int, ...] = (0,)
    low: str = ""
    high: str = ""
    range: str = "95 % intervals of the one run, over its sounds or folds"
    repeats: str = ""
    factor: float = 1.0
    digits: int = 2
    better: Literal["higher", "lower", "neither"] = "neither"
    unit: str = ""
    reference: Reference | None = None
    figure: Figure | None = None
    corner: str = ""

    def cells(self, row: Line, column: Line) -> tuple[Cell, ...]:
        """The runs behind one entry, one a seed; none where they cannot be run by us (yet)."""
        if row.overrides is None or column.overrides is None or row.waits_for or column.waits_for:
            return ()
        if row.best_of:
            return ()
        overrides = (*self.overrides, *column.overrides, *row.overrides)
        return tuple(Cell(self.experiment, overrides, seed) for seed in self.seeds)

    def all_cells(self) -> Iterator[Cell]:
        """Every run that the table needs, one after the other; some are behind several entries."""
        for row in self.rows:
            for column in self.columns:
                yield from self.cells(row, column)

    def metric_of(self, row: Line, column: Line, pattern: str = "{metric}") -> str:
        """The name of the metric behind an entry, or what a pattern makes of it."""
        keys = {"row": row.key, "column": column.key}
        name = (column.metric or row.metric or self.metric).format(**keys)
        return pattern.format(**keys, metric=name)


def names(folder: Path = DEFINITIONS) -> list[str]:
    """The names of all tables, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def read_table(path: Path) -> Table:
    """A table as its YAML file defines it.

    Raises:
        ValueError: a key is unknown or missing; the message names file and key.
    """
    content = read_yaml(path)
    content.pop("kind", None)
    made = {
        **content,
        "name": path.stem,
        "rows": _lines(content, "rows", path),
        "columns": _lines(content, "columns", path),
    }
    for key, kind in (("reference", Reference), ("figure", Figure)):
        if made.get(key) is not None:
            made[key] = make(kind, made[key], f"{path.name}: {key}")
    return make(Table, made, path.name)


def _lines(content: Mapping[str, Any], key: str, path: Path) -> tuple[Line, ...]:
    """The rows or columns of a definition; they may be empty, but not called the same."""
    lines = tuple(
        make(Line, item, f"{path.name}: {key}.{place}")
        for place, item in enumerate(content.get(key) or ())
    )
    keys = [line.key for line in lines]
    twice = sorted({name for name in keys if keys.count(name) > 1})
    if twice:
        raise ValueError(f"{path.name}: {key}: {', '.join(twice)} stands there twice")
    return lines


def make(kind: type, content: Any, where: str) -> Any:
    """A dataclass from YAML's values; lists become tuples.

    Raises:
        ValueError: a key is unknown or missing; the message begins with `where`.
    """
    if not isinstance(content, Mapping):
        raise ValueError(f"{where}: a mapping is needed, given {content!r}")
    known = {item.name: item for item in dataclasses.fields(kind)}
    for key in content:
        if key not in known:
            near = difflib.get_close_matches(str(key), list(known), n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise ValueError(f"{where}: unknown key {key!r}; {hint}")
    missing = [
        name
        for name, item in known.items()
        if name not in content
        and item.default is dataclasses.MISSING
        and item.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ValueError(f"{where}: {', '.join(missing)} not set")
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}
    return kind(**values)
