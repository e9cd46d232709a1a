"""Which audio files a source of recordings has: those in a folder, or those that a list names.

A list is one of
- lines with a file's path each (relative to the folder; blank lines and those with # are passed
  over),
- a table with a header that has a column `file`,
- VGGSound's own table, `video id,first second,label,split` without a header. Its clips are looked
  for as `<id>_<first second in six digits>` with any suffix of audio, anywhere in the folder.
"""

from __future__ import annotations

import csv
import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

from eval.sounds.folder import SUFFIXES

__all__ = ["audio_files", "clip_name", "place"]

log = logging.getLogger(__name__)


def audio_files(folder: Path, listed: Path | None = None, command: str = "") -> tuple[str, ...]:
    """Names of audio files relative to a folder, sorted; absolute where a list says so.

    Args:
        folder: where they lie, in folders of their own or not; hidden ones are passed over.
        listed: which of them; None is all.
        command: what fetches the folder; for the message where it is missing.

    Raises:
        FileNotFoundError: no folder, no list, or no audio.
        ValueError: a list of no known layout.
    """
    folder = Path(folder)
    if not folder.is_dir():
        how = f"; give `{command}`" if command else ""
        raise FileNotFoundError(
            f"no folder of recordings at {folder} (looked from {Path.cwd()}){how}"
        )
    found = _named(folder, Path(listed)) if listed is not None else _in(folder)
    if not found:
        source = f"that {listed} names" if listed is not None else "at all"
        raise FileNotFoundError(
            f"no audio in {folder} {source}: files that end in {', '.join(SUFFIXES)} are looked for"
        )
    return tuple(sorted(set(found)))


def clip_name(video: str, second: int) -> str:
    """The name of a clip of VGGSound, without suffix.

    >>> clip_name("--0PQM4-hqg", 30)
    '--0PQM4-hqg_000030'
    """
    return f"{video}_{second:06d}"


def place(seed: int, name: str) -> bytes:
    """A file's place in a draw: by its name alone, so that one more file moves no other."""
    return hashlib.sha256(f"{seed}\0{name}".encode()).digest()


def _in(folder: Path) -> list[str]:
    return [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def _named(folder: Path, listed: Path) -> list[str]:
    if not listed.is_file():
        raise FileNotFoundError(f"no list of recordings at {listed} (looked from {Path.cwd()})")
    with open(listed, encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.reader(handle) if row and not row[0].lstrip().startswith("#")]
    if not rows:
        raise ValueError(f"{listed} names no files: one a line, or a table with a column `file`")
    if "file" in rows[0]:
        column = rows[0].index("file")
        return [row[column] for row in rows[1:] if len(row) > column]
    if all(len(row) == 1 for row in rows):
        return [row[0].strip() for row in rows]
    if all(len(row) == 4 and row[1].strip().isdigit() for row in rows):
        return _of_vggsound(folder, rows, listed)
    raise ValueError(
        f"{listed} is no list of recordings: allowed are a file a line, a table with a column "
        "`file`, or VGGSound's own (video id, first second, label, split; no header)"
    )


def _of_vggsound(folder: Path, rows: Sequence[Sequence[str]], listed: Path) -> list[str]:
    """The clips that are there: what is gone from its source is no fault of the files."""
    there = {Path(name).stem: name for name in _in(folder)}
    stems = [clip_name(row[0], int(row[1])) for row in rows]
    found = [there[stem] for stem in stems if stem in there]
    if len(found) < len(stems):
        log.info("%s: %d of the %d clips of %s are there", folder, len(found), len(stems), listed)
    return found
