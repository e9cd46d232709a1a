"""UrbanSound8K: 8,732 clips of up to 4 s, ten sounds of a city, the authors' ten folds.

Salamon et al., "A Dataset and Taxonomy for Urban Sound Research", 2014; tested as ARCH does: each
fold once, a fifth of the clips of the other nine drawn for validation (scikit-learn's
train_test_split with random_state 42 on the folds in the order in which the table names them),
clips at their own lengths. The checksum is that of the record on Zenodo (1203745).
"""

from __future__ import annotations

import csv
from pathlib import Path

from eval.tasks.hear_writing import HearClip
from scripts.data.data_set import DataSet, unpack_all, unpacked
from scripts.data.download import Source

__all__ = ["DATA_SET"]

SOURCES = (
    Source(
        "https://zenodo.org/record/1203745/files/UrbanSound8K.tar.gz",
        "UrbanSound8K.tar.gz",
        md5="9aa69802bbf37fb986f71ec1483a196e",
    ),
)


def clips(folder: Path) -> list[HearClip]:
    """The clips in the order of UrbanSound8K.csv, on which ARCH's draw hangs; fold 1 is fold00."""
    root = unpacked(folder, "UrbanSound8K.tar.gz") / "UrbanSound8K"
    with open(root / "metadata" / "UrbanSound8K.csv", encoding="utf-8", newline="") as handle:
        return [
            HearClip(
                split=f"fold{int(row['fold']) - 1:02d}",
                file=row["slice_file_name"],
                labels=(row["class"],),
                source=root / "audio" / f"fold{row['fold']}" / row["slice_file_name"],
            )
            for row in csv.DictReader(handle)
        ]


DATA_SET = DataSet(
    task="us8k",
    licence="CC BY-NC",
    licence_url="https://urbansounddataset.weebly.com/urbansound8k.html",
    must_accept=True,
    stages=(lambda folder: SOURCES,),
    clips=clips,
    unpack=unpack_all(SOURCES),
)
