"""What a data set is: files to download, a licence, and the clips that are in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.tasks.hear_writing import HearClip
from scripts.data.download import Source
from scripts.data.unpack import unpack

__all__ = ["DataSet", "Progress", "Stage", "archives_of", "unpack_all", "unpacked"]

Progress = Callable[[int, int | None], None]
"""Is called with how much is done and how much there is in all (None: not known)."""

Stage = Callable[[Path], Sequence[Source]]
"""Names files to download, given the folder with those of the stages before."""


@dataclass(frozen=True)
class DataSet:
    """A data set that is prepared as a task.

    Attributes:
        task: its name in `eval.tasks.published`.
        licence: its name.
        licence_url: where it and the set are described.
        must_accept: whether it allows less than any use that names the authors, so that nothing is
            downloaded before `--accept-licence` is given.
        stages: what to download, one after the other.
        unpack: unpacks the archives in the folder of downloads, into `unpacked` there.
        clips: the clips in the folder of downloads, once they are unpacked.
        source: whose files they are, "authors" or "hear"; noted in the task's metadata.
    """

    task: str
    licence: str
    licence_url: str
    must_accept: bool
    stages: tuple[Stage, ...]
    clips: Callable[[Path], list[HearClip]]
    unpack: Callable[[Path, Progress], None]
    source: str = "authors"


def unpacked(folder: Path, archive: str) -> Path:
    """Where an archive in the folder of downloads is unpacked."""
    return folder / "unpacked" / archive


def archives_of(sources: Sequence[Source]) -> list[list[str]]:
    """The archives among the files, those in several parts with all of them, the .zip last.

    >>> archives_of([Source("u", "a.z02"), Source("u", "a.zip"), Source("u", "a.z01")])
    [['a.z01', 'a.z02', 'a.zip']]
    """
    parts: dict[str, list[str]] = {}
    for source in sources:
        if re.search(r"\.(zip|tar\.gz|z\d\d)$", source.file):
            stem = re.sub(r"\.(zip|z\d\d)$", "", source.file)
            parts.setdefault(stem, []).append(source.file)
    return [
        sorted(files, key=lambda file: (file.endswith(".zip"), file)) for files in parts.values()
    ]


def unpack_all(sources: Sequence[Source]) -> Callable[[Path, Progress], None]:
    """Unpack every archive among the files, each to `unpacked`/its name."""

    def unpack_them(folder: Path, progress: Progress) -> None:
        for files in archives_of(sources):
            unpack([folder / file for file in files], unpacked(folder, files[-1]), progress)

    return unpack_them
