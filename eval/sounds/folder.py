"""Sounds in files: a list of them, or a whole folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from eval.harness import audio
from eval.harness.files import sha256
from eval.sounds.base import Clip, Unreadable, check_numbers

__all__ = ["SUFFIXES", "FileSounds", "FolderSounds"]

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".opus")

# Decoding and hashing leave Python's lock, so that threads are enough to use the cores.
_THREADS = min(8, os.cpu_count() or 1)


@dataclass(frozen=True)
class FileSounds:
    """Audio files as a set of sounds, mono, each at its own rate.

    Attributes:
        name: of the set.
        root: the folder that the files' names are relative to.
        files: names relative to `root`, in the order of the sounds.
    """

    name: str
    root: Path
    files: tuple[str, ...]

    @property
    def identity(self) -> str:
        """A checksum of the files' names and contents; a file that is not there counts as such."""
        return self._identity

    @cached_property
    def _identity(self) -> str:
        def described(file: str) -> str:
            path = self.root / file
            return f"{file}\0{sha256(path) if path.is_file() else 'missing'}\0"

        digest = hashlib.sha256()
        with ThreadPoolExecutor(_THREADS) as pool:
            for text in pool.map(described, self.files):
                digest.update(text.encode())
        return f"files {digest.hexdigest()}"

    def __len__(self) -> int:
        """How many files."""
        return len(self.files)

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        """Return the sounds of those numbers; a file that cannot be read says why.

        Raises:
            IndexError: a number is not in [0, len).
        """
        check_numbers(indices, len(self), self.name)
        with ThreadPoolExecutor(_THREADS) as pool:
            return list(pool.map(self._clip, indices))

    def _clip(self, index: int) -> Clip | Unreadable:
        file = self.files[index]
        try:
            wave, rate = audio.read(self.root / file)
        except (OSError, ValueError) as error:
            return Unreadable(file, str(error))
        return Clip(file, wave, rate)


@dataclass(frozen=True)
class FolderSounds:
    """Every audio file in a folder and the folders in it, in the order of their names.

    Attributes:
        folder: where to look; hidden files and folders are passed over.
        name: of the set; None is the folder's own.
        limit: take only so many, drawn by `seed`; None takes all.
        seed: of that draw.
    """

    folder: Path
    name: str = ""
    limit: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Name the set after its folder where it has no name."""
        if not self.name:
            object.__setattr__(self, "name", Path(self.folder).name)

    @cached_property
    def _files(self) -> FileSounds:
        folder = Path(self.folder)
        if not folder.is_dir():
            raise FileNotFoundError(f"no folder of sounds at {folder} (looked from {Path.cwd()})")
        found = sorted(
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.suffix.lower() in SUFFIXES
            and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        )
        if not found:
            raise FileNotFoundError(
                f"no audio in {folder}: files that end in {', '.join(SUFFIXES)} are looked for"
            )
        if self.limit is not None and self.limit < len(found):
            # A file's place in the draw hangs on its name alone: one more file moves no other.
            found = sorted(sorted(found, key=self._place)[: self.limit])
        return FileSounds(self.name, folder, tuple(found))

    def _place(self, file: str) -> bytes:
        return hashlib.sha256(f"{self.seed}\0{file}".encode()).digest()

    @property
    def identity(self) -> str:
        """That of the files chosen.

        Raises:
            FileNotFoundError: there is no such folder, or no audio in it.
        """
        return self._files.identity

    def __len__(self) -> int:
        """How many files are chosen."""
        return len(self._files)

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        """Return the sounds of those numbers; a file that cannot be read says why."""
        return self._files.clips(indices)
