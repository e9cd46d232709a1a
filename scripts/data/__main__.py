"""`python -m scripts.data esc50`: download a data set and prepare it as a task.

What is downloaded, unpacked or prepared already is not done again, so that an interrupted command
is finished by giving it once more.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path

from eval.tasks.published import PUBLISHED
from scripts.data.hear_archive import as_hear_prepared
from scripts.data.prepare import prepare
from scripts.runtime import logs
from scripts.runtime.errors import exit_status

UNLABELLED = "vggsound"
"""Recordings to train on, no task: it has a command of its own, `vggsound --help`."""


def main(arguments: list[str] | None = None) -> int:
    """Prepare what the command line names; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == [UNLABELLED]:
        from scripts.data import vggsound

        return vggsound.main(arguments[1:])
    parser = argparse.ArgumentParser(prog="python -m scripts.data", description=__doc__)
    parser.add_argument("task", choices=[*PUBLISHED, UNLABELLED])
    parser.add_argument("--data", type=Path, default=Path("outputs/data"), help="where they go")
    parser.add_argument(
        "--rates", type=int, nargs="+", default=[16000, 48000], metavar="HZ", help="sample rates"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--accept-licence", action="store_true", help="it was read and is accepted")
    parser.add_argument("--mirror", metavar="URL", help="a server with the files under their names")
    parser.add_argument(
        "--from-hear", action="store_true", help="HEAR's own archive of the task, its folds too"
    )
    parser.add_argument("--delete-downloads", action="store_true", help="at the end")
    given = parser.parse_args(arguments)
    if given.task == UNLABELLED:
        parser.error(f"{UNLABELLED} comes first, and its own options after it")
    logs.configure()
    return exit_status(lambda: _prepare(given))


def _prepare(given: argparse.Namespace) -> None:
    data_set = importlib.import_module(f"scripts.data.{given.task}").DATA_SET
    if given.from_hear:
        data_set = as_hear_prepared(data_set)
    prepare(
        data_set,
        given.data,
        given.rates,
        given.workers,
        given.accept_licence,
        given.mirror,
        given.delete_downloads,
    )


if __name__ == "__main__":
    raise SystemExit(main())
