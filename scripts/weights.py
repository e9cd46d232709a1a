"""Fetches published weights: `python -m scripts.weights vggish`, or `make weights-vggish`.

What is there and whole is not fetched again; what broke off goes on where it stopped. Weights that
were published without a checksum have that of the first download noted beside them.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from eval.embedders.published import PUBLISHED, Published, checksum, damage
from scripts.data.download import Source, fetch
from scripts.runtime import logs
from scripts.runtime.errors import UserError, exit_status
from scripts.runtime.progress import progress

__all__ = ["get", "main"]

_MB = 1_000_000


def get(entry: Published, folder: Path, mirror: str | None = None) -> Path:
    """Fetch one file, unless it is there and whole.

    Args:
        entry: what to fetch.
        folder: where to.
        mirror: a server that has the files under their names here.

    Raises:
        UserError: no network, a server that refuses, a file that is not what was published.
    """
    source = Source(entry.url, entry.file, sha256=_whole(entry))
    if mirror is not None:
        source = source.at(mirror)
    with _shown(f"{entry.file} (MB)") as update:
        path = fetch(source, folder, update)
    problem = damage(entry, checksum(path))
    if problem:
        # Only the beginning of the checksum was published: the download could not compare it.
        spoiled = path.with_name(f"{path.name}.wrong")
        path.replace(spoiled)
        path.with_name(f"{path.name}.checksum.json").unlink(missing_ok=True)
        raise UserError(f"what {source.url} sent {problem}; it is kept as {spoiled}")
    return path


def _whole(entry: Published) -> str | None:
    """The published checksum, where it was published whole."""
    return entry.sha256 if entry.sha256 and len(entry.sha256) == 64 else None


@contextmanager
def _shown(description: str) -> Iterator[Callable[[int, int | None], None]]:
    """Progress in MB; it begins when the size is known, and not at all where nothing is to come."""
    with ExitStack() as stack:
        bar, shown = None, 0

        def update(done: int, total: int | None) -> None:
            nonlocal bar, shown
            if bar is None:
                shown = done // _MB
                whole = math.ceil((total or 0) / _MB)
                bar = stack.enter_context(progress(whole, description, done=shown))
            reached = math.ceil(done / _MB) if done == total else done // _MB
            if reached > shown:
                bar.update(reached - shown)
                shown = reached

        yield update


def main(arguments: list[str] | None = None) -> int:
    """Fetch what the command line names; returns the exit status."""
    names = list(dict.fromkeys(entry.name for entry in PUBLISHED))
    parser = argparse.ArgumentParser(
        prog="python -m scripts.weights",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="+", choices=names, metavar="name", help=", ".join(names))
    parser.add_argument(
        "--weights", type=Path, default=Path("outputs/weights"), help="where they go"
    )
    parser.add_argument("--mirror", metavar="URL", help="a server with the files under their names")
    given = parser.parse_args(arguments)
    logs.configure()
    return exit_status(lambda: _fetch(given))


def _fetch(given: argparse.Namespace) -> None:
    for entry in PUBLISHED:
        if entry.name in given.names:
            path = get(entry, given.weights, given.mirror)
            told = "" if entry.sha256 else ", published without a checksum"
            print(f"{path}: {entry.licence}, SHA-256 {checksum(path)[:12]}{told}")


if __name__ == "__main__":
    raise SystemExit(main())
