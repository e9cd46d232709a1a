"""CREMA-D: 7,438 sentences spoken by 91 actors in six emotions.

Cao et al., "CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset", 2014; prepared as HEAR
does, which takes it from TensorFlow Datasets: the files that the authors' table lists but four, the
emotion that the actor meant, five folds. HEAR draws its folds by names that TensorFlow Datasets
gives the files in its own order; here the same draw is made with the authors' names, so these
folds are of the same kind and size, not the same ones (`--from-hear` takes HEAR's). As in HEAR an
actor is in several folds.

Each file is checked by the list of SHA-256 that TensorFlow Datasets publishes; the table's checksum
is the one of the first download.
"""

from __future__ import annotations

import csv
from pathlib import Path

from eval.tasks.hear_writing import HearClip
from eval.tasks.published import PUBLISHED
from scripts.data.data_set import DataSet, Progress
from scripts.data.download import Source
from scripts.data.hear_splits import new_folds

__all__ = ["DATA_SET"]

_REPOSITORY = "CheyneyComputerScience/CREMA-D/master"
_WAVES = f"https://media.githubusercontent.com/media/{_REPOSITORY}/AudioWAV"
LISTS = (
    Source(
        "https://storage.googleapis.com/tfds-data/manual_checksums/crema_d.txt",
        "crema_d.txt",
        sha256="66b5d959dcee997321baf9080c80022a6937279419446db3a9d4827d839b0abb",
    ),
    Source(
        f"https://raw.githubusercontent.com/{_REPOSITORY}/processedResults/summaryTable.csv",
        "summaryTable.csv",
    ),
)
# The table lists them and the authors' repository lacks them.
_NOT_THERE = frozenset({"1040_ITH_SAD_XX", "1006_TIE_NEU_XX", "1013_WSI_DIS_XX", "1017_IWW_FEA_XX"})


def _names(folder: Path) -> list[str]:
    """Names of the recordings, without suffix."""
    with open(folder / "summaryTable.csv", encoding="utf-8", newline="") as handle:
        names = [row["FileName"] for row in csv.DictReader(handle)]
    return sorted({name for name in names if name and name not in _NOT_THERE})


def waves(folder: Path) -> list[Source]:
    """The recordings that the table lists, with the checksums of the list."""
    known = {}
    for line in (folder / "crema_d.txt").read_text(encoding="utf-8").splitlines():
        parts = line.split()  # URL, bytes, SHA-256
        if len(parts) >= 3:
            known[parts[0].rsplit("/", 1)[-1]] = parts[2]
    return [
        Source(f"{_WAVES}/{name}.wav", f"AudioWAV/{name}.wav", sha256=known.get(f"{name}.wav"))
        for name in _names(folder)
    ]


def clips(folder: Path) -> list[HearClip]:
    """The recordings; in 1001_DFA_ANG_XX the third part is the emotion."""
    labels = {name: name.split("_")[2] for name in _names(folder)}
    folds = new_folds(labels, PUBLISHED["crema_d"]["nfolds"])
    return [
        HearClip(folds[name], f"{name}.wav", (label,), folder / "AudioWAV" / f"{name}.wav")
        for name, label in labels.items()
    ]


def unpack(folder: Path, progress: Progress) -> None:
    """Nothing is packed."""


DATA_SET = DataSet(
    task="crema_d",
    licence="ODbL 1.0",
    licence_url="https://github.com/CheyneyComputerScience/CREMA-D",
    must_accept=False,
    stages=(lambda folder: LISTS, waves),
    clips=clips,
    unpack=unpack,
)
