"""Tasks as HEAR itself prepared them: its folds to the clip, at 48 kHz, in its own layout.

The record on Zenodo is 6332517. For CREMA-D these folds cannot be drawn again otherwise. The
checksums are not known here: those of the first download count. NSynth's 5 hours are not taken from
there, and ARCH's two tasks are not in it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from eval.harness.files import read_json
from eval.tasks.hear_layout import read_metadata
from eval.tasks.hear_writing import HearClip
from scripts.data.data_set import DataSet, unpack_all, unpacked
from scripts.data.download import Source
from scripts.runtime.errors import UserError

__all__ = ["ARCHIVES", "as_hear_prepared"]

ARCHIVES = {
    "esc50": "hear2021-esc50-v2.0.0-full-48000.tar.gz",
    "fsd50k": "hear2021-fsd50k-v1.0-full-48000.tar.gz",
    "crema_d": "hear2021-tfds_crema_d-1.0.0-full-48000.tar.gz",
    "vocal_imitation": "hear2021-vocal_imitation-v1.1.3-full-48000.tar.gz",
    "libricount": "hear2021-libricount-v1.0.0-hear2021-full-48000.tar.gz",
}


def as_hear_prepared(data_set: DataSet) -> DataSet:
    """The same data set, taken from HEAR's archive of it.

    Raises:
        UserError: there is none.
    """
    if data_set.task not in ARCHIVES:
        raise UserError(
            f"HEAR's archive of {data_set.task} is not known here, only those of "
            f"{', '.join(ARCHIVES)}: leave --from-hear out"
        )
    file = ARCHIVES[data_set.task]
    sources = (Source(f"https://zenodo.org/records/6332517/files/{file}", file),)
    return replace(
        data_set,
        stages=(lambda folder: sources,),
        unpack=unpack_all(sources),
        clips=lambda folder: _clips(unpacked(folder, file)),
        source="hear",
    )


def _clips(root: Path) -> list[HearClip]:
    """The clips of the task in the archive, in its splits and their order."""
    found = sorted(root.rglob("task_metadata.json"))
    if len(found) != 1:
        raise ValueError(f"{root} holds {len(found)} tasks instead of one")
    task = found[0].parent
    clips = []
    for split in read_metadata(task)["splits"]:
        for file, labels in read_json(task / f"{split}.json").items():
            clips.append(HearClip(split, file, tuple(labels), task / "48000" / split / file))
    return clips
