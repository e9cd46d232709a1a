"""Vocal Imitation Set: 5,601 imitations by voice of 302 recorded sounds.

Kim et al., "Vocal Imitation Set: a dataset of vocally imitated sound events using the AudioSet
ontology", 2018; prepared as HEAR does: the imitations that are marked as included, the recording
that was imitated for a label, three folds drawn. The checksum is that of the record on Zenodo
(1340763), as HEAR lists it.
"""

from __future__ import annotations

import csv
from pathlib import Path

from eval.tasks.hear_writing import HearClip
from eval.tasks.published import PUBLISHED
from scripts.data.data_set import DataSet, unpack_all, unpacked
from scripts.data.download import Source
from scripts.data.hear_splits import new_folds

__all__ = ["DATA_SET"]

SOURCES = (
    Source(
        "https://zenodo.org/record/1340763/files/VocalImitationSet_v1.1.3.zip",
        "VocalImitationSet_v1.1.3.zip",
        md5="386e7b1487fe0800ade4916c344086bc",
    ),
)


def clips(folder: Path) -> list[HearClip]:
    """The included imitations; the label is the name of the file that was imitated."""
    root = unpacked(folder, "VocalImitationSet_v1.1.3.zip") / "VocalImitationSet"
    labels: dict[str, str] = {}
    with open(root / "vocal_imitations.txt", encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle, delimiter="\t"):
            if row["included"].strip().lower() in ("1", "1.0", "true"):
                labels[Path(row["imitation_filename"]).stem] = row["reference_filename"]
    folds = new_folds(labels, PUBLISHED["vocal_imitation"]["nfolds"])
    audio = root / "vocal_imitations" / "included"
    return [
        HearClip(folds[name], f"{name}.wav", (label,), audio / f"{name}.wav")
        for name, label in sorted(labels.items())
    ]


DATA_SET = DataSet(
    task="vocal_imitation",
    licence="CC BY 4.0",
    licence_url="https://zenodo.org/record/1340763",
    must_accept=False,
    stages=(lambda folder: SOURCES,),
    clips=clips,
    unpack=unpack_all(SOURCES),
)
