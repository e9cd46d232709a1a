"""One page of everything that was run: `python -m scripts.report` writes outputs/report/index.html.

The file needs nothing beside it: pictures and sounds are in it, below 15 MB.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from scripts.report.page import report
from scripts.runtime.errors import exit_status


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the report; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.report", description=__doc__)
    parser.add_argument("--outputs", type=Path, default=Path("outputs"))
    parser.add_argument("--to", type=Path, default=None, help="the file; report/index.html there")
    parser.add_argument("--no-tables", action="store_true", help="leave the papers' tables out")
    given = parser.parse_args(arguments)
    return exit_status(lambda: _write(given))


def _write(given: argparse.Namespace) -> None:
    place = given.to or given.outputs / "report" / "index.html"
    path = report(given.outputs, place, not given.no_tables).write(place)
    print(f"{path.resolve()} ({path.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    raise SystemExit(main())
