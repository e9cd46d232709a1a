"""Published figures, kept in the repository as data with notes on their source."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["REFERENCE", "Published", "read"]

REFERENCE = Path(__file__).parent / "reference"


@dataclass(frozen=True)
class Published:
    """A file of published figures.

    Args:
        path: the file.
        notes: where the figures come from and what is ambiguous, one line each.
        columns: the names in the file's header.
        rows: one mapping a line, from column to text; empty where nothing was published.
    """

    path: Path
    notes: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]

    def figure(self, where: Mapping[str, str], column: str) -> float | None:
        """The figure in the one row that has these values; None where none was published.

        Raises:
            KeyError: the file has no such column, or not exactly one such row.
        """
        unknown = {*where, column} - set(self.columns)
        if unknown:
            raise KeyError(f"{self.path.name} has no column {', '.join(sorted(unknown))}")
        found = [row for row in self.rows if all(row[key] == where[key] for key in where)]
        if len(found) != 1:
            raise KeyError(f"{self.path.name} has {len(found)} rows with {dict(where)}, not one")
        text = found[0][column]
        return float(text) if text else None


def read(name: str, folder: Path = REFERENCE) -> Published:
    """A file of published figures: lines of `#` notes, a header, rows.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a row has not one value a column.
    """
    path = folder / name
    if not path.is_file():
        there = ", ".join(sorted(item.name for item in folder.glob("*.csv")))
        raise FileNotFoundError(f"no published figures {name!r} in {folder}; there are {there}")
    lines = path.read_text("utf-8").splitlines()
    notes = tuple(line.removeprefix("#").strip() for line in lines if line.startswith("#"))
    header, *rows = csv.reader(line for line in lines if line and not line.startswith("#"))
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"{path}: {len(row)} values under {len(header)} columns: {row}")
    named = tuple(dict(zip(header, row, strict=True)) for row in rows)
    return Published(path, notes, tuple(header), named)
