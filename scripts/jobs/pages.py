"""What the pages of jobs have in common: their footer, sounds that are missing, where they go."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.runtime.page import Page

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["footer", "name_unreadable", "publish"]

log = logging.getLogger(__name__)


def footer(run: "Run") -> str:
    """What stands at the end of a page: the command and the run that made it."""
    return (
        f"Made by python -m scripts.run experiment={run.experiment} "
        f"scale={run.config['scale']} seed={run.seed} (run {run.hash})."
    )


def name_unreadable(page: Page, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Name the sounds that could not be read, a row each, where there are any."""
    if rows:
        page.section("Sounds that could not be read", "They are in none of the numbers above.")
        page.table(columns, rows)


def publish(run: "Run", page: Page, copy: Path | None, called: str = "the page") -> None:
    """Write a page to the run's folder, and a copy where it is wanted; the log says where."""
    path = page.write(run.artifact("index.html"))
    if copy is not None:
        path = page.write(copy)
    log.info("%s: %s", called, path.resolve())
