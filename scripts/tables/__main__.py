"""Builds a paper's table or figure: `python -m scripts.tables doppel-table11 --scale small`.

It is built from the runs that are there; what is not is marked "not run". `--list` gives the
commands of those, `--run` runs them first. Without a name it lists the tables.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from scripts.runtime.errors import UserError, in_one_line
from scripts.runtime.progress import progress
from scripts.tables.build import build, cells_of, find_table, write
from scripts.tables.cells import Cell, State, launch, look
from scripts.tables.definition import DEFINITIONS, names

_NO_CELL = ("paths.", "device=", "workers=", "tracker", "rerun=", "hydra")
"""What may be given for all cells: beginnings of keys that do not enter a run's hash."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.tables", description=__doc__)
    parser.add_argument("names", nargs="*", help="such as doppel-table11; none: list them")
    parser.add_argument("--scale", choices=("smoke", "small", "paper"), default="small")
    parser.add_argument("--run", action="store_true", help="run what is missing, then build")
    parser.add_argument("--list", action="store_true", help="say what is missing; build nothing")
    parser.add_argument(
        "--with",
        dest="given",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="for all cells: paths.weights=FOLDER, device=gpu, tracker=disabled, ...",
    )
    parser.add_argument("--outputs", type=Path, default=Path("outputs"))
    parser.add_argument("--definitions", type=Path, default=DEFINITIONS)
    parser.add_argument("--config-dir", type=Path, default=None, help="more experiments")
    given = parser.parse_args(arguments)
    if not given.names:
        for name in names(given.definitions):
            table = find_table(name, given.definitions)
            print(f"{name:22} {table.number}: {table.title}")
        return 0
    status = 0
    for name in given.names:
        try:
            status |= _one(name, given)
        except (UserError, OSError, ValueError, KeyError) as error:
            print(f"error: {name}: {in_one_line(error)}", file=sys.stderr)
            status = 1
    return status


def _one(name: str, given: argparse.Namespace) -> int:
    """One table; returns 1 where a cell that was to be run failed."""
    for word in given.given:
        if not word.startswith(_NO_CELL):
            raise UserError(f"--with {word}: only {', '.join(_NO_CELL)} leave a cell what it is")
    table = find_table(name, given.definitions)
    cells = cells_of(table, given.scale)
    states = _look(name, cells, given)
    _say(f"{name} at scale={given.scale}: {_counts(states.values())}")
    if given.list:
        for state in states.values():
            print(f"{state.status:17} {state.command or state.detail}")
        return 0
    failed: list[str] = []
    if given.run:
        failed = launch(states.values(), _say, given.config_dir)
        states = _look(name, cells, given)
        _say(f"{name} at scale={given.scale}: {_counts(states.values())}")
    built = build(table, given.scale, states)
    folder = given.outputs / "tables" / name / given.scale
    page = write(built, folder)
    print(built.markdown)
    _say(f"built from {built.done} of {built.wanted} runs: {page.resolve()}")
    for command in failed:
        _say(f"failed: {command}")
    return 1 if failed else 0


def _look(name: str, cells: Sequence[Cell], given: argparse.Namespace) -> dict[Cell, State]:
    also = [] if given.config_dir is None else [given.config_dir]
    with progress(len(cells), f"{name}: looking for runs") as bar:
        return look(cells, given.scale, given.outputs, also, bar.update, given.given)


def _counts(states: object) -> str:
    """`12 runs: 3 done, 9 not run`."""
    found = Counter(state.status for state in states)  # type: ignore[attr-defined]
    told = ", ".join(f"{count} {status}" for status, count in found.items())
    total = sum(found.values())
    return f"{total} run{'' if total == 1 else 's'}: {told or 'none needed'}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
