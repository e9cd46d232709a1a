"""Any other system: a folder of sounds named by their prompts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ctag.prompts import PromptSet
from eval.sounds.folder import SUFFIXES, FileSounds
from scripts.runtime.errors import UserError
from scripts.systems.base import Prompted, counted, plain

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["PromptFolder"]


@dataclass(frozen=True)
class PromptFolder:
    """Sounds in files that are named by the label they were made for.

    `rain.wav`, `rain-1.wav` and `rain_02.wav`, `03-rain.wav` (numbers in front or behind, case and
    punctuation make no difference), or any file in a folder `rain/`. Files of other names are left
    out.

    Attributes:
        folder: where they lie.
        name: of the system.
    """

    folder: Path
    name: str = "folder"

    def sounds(self, run: Run, prompts: PromptSet, each: int) -> Prompted:
        """Return the first files of every label by name; errors as `System.sounds`."""
        folder = Path(self.folder)
        if not folder.is_dir():
            raise UserError(
                f"system.folder: there is no folder {folder} (looked from {Path.cwd()})"
            )
        labels = prompts.labels()
        by_name = {plain(label): label for label in labels}
        found: dict[str, list[str]] = {label: [] for label in labels}
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() not in SUFFIXES:
                continue
            file = path.relative_to(folder)
            parts = [file.stem, *file.parts[-2:-1]]
            names = [name for part in parts for name in (plain(part), _unnumbered(part))]
            label = next((by_name[name] for name in names if name in by_name), "")
            if label:
                found[label].append(file.as_posix())
        pairs = counted(
            found, labels, each, f"{folder}, files named like {next(iter(by_name))}-1.wav"
        )
        files = FileSounds(self.name, folder, tuple(file for _, file in pairs))
        return Prompted(files, tuple(label for label, _ in pairs))


def _unnumbered(stem: str) -> str:
    """A file's name without numbers in front and behind, plain.

    >>> _unnumbered("07-sea waves_3")
    'sea-waves'
    """
    return re.sub(r"^\d+-|-\d+$", "", re.sub(r"^\d+-", "", plain(stem)))
