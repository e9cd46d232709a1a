"""Builds a table: looks its cells up, fills it, writes Markdown, CSV, pictures and a page."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eval.harness.files import read_yaml, write_bytes, write_text
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from scripts.runtime.page.media import png
from scripts.tables import findings, show
from scripts.tables.arms import Arms, read_arms
from scripts.tables.cells import Cell, State
from scripts.tables.definition import DEFINITIONS, Table, names, read_table
from scripts.tables.fill import fill
from scripts.tables.findings import Findings
from scripts.tables.published import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

__all__ = ["Built", "build", "cells_of", "find_table", "write"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Built:
    """A table that was built, in every form.

    Args:
        name: of the table.
        markdown, csv: texts.
        page: with the pictures in it.
        figures: by file name without suffix.
        done, wanted: its cells.
    """

    name: str
    markdown: str
    csv: str
    page: Page
    figures: Mapping[str, Figure]
    done: int
    wanted: int


def find_table(name: str, folder: Path = DEFINITIONS) -> Table | Findings | Arms:
    """The definition of a table.

    Raises:
        UserError: there is none of this name.
        ValueError: its file is wrong.
    """
    path = folder / f"{name}.yaml"
    if not path.is_file():
        raise UserError(f"there is no table {name!r}; there are {', '.join(names(folder))}")
    kind = read_yaml(path).get("kind")
    if kind == "findings":
        return findings.read_findings(path)
    if kind == "arms":
        return read_arms(path)
    return read_table(path)


def cells_of(table: Table | Findings | Arms, scale: str = "small") -> list[Cell]:
    """The runs that a table needs at a scale, each once."""
    if isinstance(table, Findings):
        return list(dict.fromkeys(finding.cell for finding in table.findings))
    if isinstance(table, Arms):
        return list(dict.fromkeys(table.all_cells(scale)))
    return list(dict.fromkeys(table.all_cells()))


def build(table: Table | Findings | Arms, scale: str, states: Mapping[Cell, State]) -> Built:
    """The table from what has been run.

    Args:
        table: the definition.
        scale: small or paper.
        states: of all its cells.

    Raises:
        UserError: the scale is smoke, whose runs are made with stand-ins and are no results.
    """
    if scale == "smoke":
        raise UserError(
            "runs at scale=smoke use stand-ins and are no results: build tables from scale=small "
            "or scale=paper"
        )
    done = sum(state.status == "done" for state in states.values())
    if isinstance(table, Findings):
        found = findings.verdicts(table, states)
        return Built(
            table.name,
            findings.as_markdown(table, found, scale),
            findings.as_csv(found),
            findings.as_page(table, found, scale),
            {},
            done,
            len(states),
        )
    if isinstance(table, Arms):
        return _build_arms(table, scale, states, done)
    from scripts.tables.pictures import draw

    published = None if table.reference is None else read(table.reference.file)
    filled = fill(table, scale, states, published)
    figure = draw(filled)
    drawn = {} if figure is None else {"figure": figure}
    shown = [(png(item), f"{table.title}: {_in_words(table)}") for item in drawn.values()]
    return Built(
        table.name,
        show.as_markdown(filled, published),
        show.as_csv(filled),
        show.as_page(filled, published, shown),
        drawn,
        done,
        len(states),
    )


def _build_arms(table: Arms, scale: str, states: Mapping[Cell, State], done: int) -> Built:
    from scripts.tables import arms_show
    from scripts.tables.arms_measured import measure

    found = measure(table, scale, states)
    figure = arms_show.draw_arms(found)
    return Built(
        table.name,
        arms_show.arms_as_markdown(found),
        arms_show.arms_as_csv(found),
        arms_show.arms_as_page(found, png(figure)),
        {"figure": figure},
        done,
        len(states),
    )


def write(built: Built, folder: Path) -> Path:
    """Writes every form of a table into a folder; returns the page's path."""
    write_text(folder / "table.md", built.markdown)
    write_text(folder / "table.csv", built.csv)
    for name, figure in built.figures.items():
        write_bytes(folder / f"{name}.png", png(figure))
        write_bytes(folder / f"{name}.svg", _svg(figure))
    return built.page.write(folder / "index.html")


def _in_words(table: Table) -> str:
    """What a picture shows, for those who cannot see it."""
    return f"{_named(row.name for row in table.rows)} by {_named(c.name for c in table.columns)}"


def _named(items: Iterable[str]) -> str:
    listed: Sequence[str] = list(items)
    return ", ".join(listed) if len(listed) < 12 else f"{len(listed)} rows"


def _svg(figure: Figure) -> bytes:
    import matplotlib

    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "tables"}):  # the same figure, the same file
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
