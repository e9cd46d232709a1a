"""`checksums.txt` of a task in HEAR's layout: SHA-256, size in bytes and name of each audio file.

A file counts by what stands there as long as its size is the same and it is not younger than the
list, as version control tells what changed; else it is read again. So 50,000 clips are known by
looking at their sizes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from eval.harness.files import sha256, write_text

__all__ = ["checksums", "write_checksums"]

NAME = "checksums.txt"


def checksums(folder: Path, files: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give each file and its SHA-256, or "missing", in order.

    Args:
        folder: of the task; the list may be in it or not.
        files: names relative to the folder.
    """
    path = folder / NAME
    known: dict[str, tuple[str, int]] = {}
    written = 0
    if path.is_file():
        written = path.stat().st_mtime_ns
        for line in path.read_text(encoding="utf-8").splitlines():
            digest, size, file = line.split(maxsplit=2)
            known[file] = (digest, int(size))

    def one(file: str) -> tuple[str, str]:
        try:
            state = (folder / file).stat()
        except FileNotFoundError:
            return file, "missing"
        noted = known.get(file)
        if noted and noted[1] == state.st_size and state.st_mtime_ns <= written:
            return file, noted[0]
        return file, sha256(folder / file)

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        yield from pool.map(one, files)


def write_checksums(folder: Path, files: Iterable[str]) -> None:
    """Write the list of those files that are there."""
    lines = [
        f"{digest} {(folder / file).stat().st_size} {file}\n"
        for file, digest in checksums(folder, files)
        if digest != "missing"
    ]
    write_text(folder / NAME, "".join(lines))
