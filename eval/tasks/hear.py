"""Tasks in HEAR's layout on a disk, as a configuration names them."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from eval.sounds.folder import FileSounds
from eval.tasks.base import Task
from eval.tasks.hear_checksums import checksums
from eval.tasks.hear_layout import (
    hear_folds,
    read_metadata,
    read_split,
    read_unreadable,
    read_vocabulary,
    sample_rates,
)
from eval.tasks.hear_stand_in import write_stand_in

__all__ = ["HearTask"]

Unhashed = Annotated[Path, "output"]
"""A folder whose gigabytes are not read to name a run: `checksums` stands for them."""

_EPOCHS = 500  # what hear-eval-kit trains for at most, where a task says nothing else


@dataclass(frozen=True)
class HearTask:
    """A task in HEAR's layout.

    Attributes:
        folder: where task_metadata.json is.
        name: of the task; empty is the one in its metadata.
        sample_rate: of the audio to take, in Hz; None takes the highest that is there.
        checksums: the file `checksums.txt` in `folder`, where our preparation wrote one: it decides
            the sounds, so that a run can be named without reading them all.
        assets: published reads `folder`; stand_in makes a few seconds of sound in the same layout,
            with the published metadata of the task called `name`, and reads those.
        stand_ins: where stand-ins are written; None is a folder that goes with the sounds.
        command: what gets the data, for the message where they are missing.
    """

    folder: Unhashed
    name: str = ""
    sample_rate: int | None = None
    checksums: Path | None = None
    assets: Literal["published", "stand_in"] = "published"
    stand_ins: Unhashed | None = None
    command: str = ""

    def load(self) -> Task:
        """Read the labels and splits; audio is read when it is asked for.

        Raises:
            FileNotFoundError: there is no task in the folder, or a file of it is missing.
            ValueError: the sample rate is not there, or the files contradict each other.
        """
        if self.assets == "stand_in":
            return self._stand_in()
        folder = Path(self.folder)
        if not (folder / "task_metadata.json").is_file():
            half = "only half of it, an interrupted preparation" if folder.is_dir() else "nothing"
            how = f"give `{self.command}`" if self.command else "prepare it, or correct the folder"
            raise FileNotFoundError(
                f"the task {self.name or folder.name} is not at {folder} (looked from "
                f"{Path.cwd()}; {half} is there): {how}"
            )
        return _read(folder, self.name, self.sample_rate)

    def _stand_in(self) -> Task:
        if self.stand_ins is not None:
            folder = Path(self.stand_ins) / self.name
            write_stand_in(folder, self.name)
            return _read(folder, self.name, None)
        folder = Path(tempfile.mkdtemp(prefix=f"stand-in-{self.name}-"))
        write_stand_in(folder, self.name)
        task = _read(folder, self.name, None)
        weakref.finalize(task.sounds, shutil.rmtree, folder, ignore_errors=True)
        return task


@dataclass(frozen=True)
class HearSounds(FileSounds):
    """The audio of a task at one rate, known by the task's `checksums.txt` where that holds."""

    @cached_property
    def _identity(self) -> str:
        names = (f"{self.root.name}/{file}" for file in self.files)
        digest = hashlib.sha256()
        for (_, content), file in zip(checksums(self.root.parent, names), self.files, strict=True):
            digest.update(f"{file}\0{content}\0".encode())
        return f"files {digest.hexdigest()}"


def _read(folder: Path, name: str, sample_rate: int | None) -> Task:
    metadata = read_metadata(folder)
    name = name or str(metadata["task_name"])
    rates = sample_rates(folder)
    if sample_rate is None and not rates:
        raise FileNotFoundError(f"{folder} holds no audio: a folder named after a rate is missing")
    rate = rates[-1] if sample_rate is None else sample_rate
    if rate not in rates:
        raise ValueError(
            f"task {name}: no audio at {rate} Hz in {folder}; there is {rates or 'none'}. "
            "Prepare that rate too, or take null for the highest there"
        )
    vocabulary = read_vocabulary(folder)
    numbers = {label: number for number, label in enumerate(vocabulary)}
    unreadable = read_unreadable(folder)
    files: list[str] = []
    labels: list[tuple[int, ...]] = []
    sizes: dict[str, int] = {}
    for split in metadata["splits"]:
        clips = read_split(folder, split) | unreadable.get(split, {})
        sizes[split] = len(clips)
        for file, row in clips.items():
            unknown = [label for label in row if label not in numbers]
            if unknown:
                raise ValueError(
                    f"{folder / split}.json: {file} has the label {unknown[0]!r}, "
                    "which is not in labelvocabulary.csv"
                )
            files.append(f"{split}/{file}")
            labels.append(tuple(numbers[label] for label in row))
    sounds = HearSounds(name, folder / str(rate), tuple(files))
    return Task(
        name=name,
        sounds=sounds,
        labels=tuple(labels),
        vocabulary=vocabulary,
        kind=metadata["prediction_type"],
        metrics=tuple(metadata["evaluation"]),
        folds=hear_folds(metadata, sizes),
        max_epochs=_max_epochs(metadata),
        clip_s=metadata.get("sample_duration"),
    )


def _max_epochs(metadata: Mapping[str, Any]) -> int:
    """The most epochs of the grid that a task may bring along, as in hear-eval-kit."""
    grid = metadata.get("evaluation_params", {}).get("task_specific_param_grid", {})
    return max(grid.get("max_epochs", [_EPOCHS]))
