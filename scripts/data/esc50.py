"""ESC-50: 2,000 clips of 5 s, 50 environmental sounds, the authors' five folds.

Piczak, "ESC: Dataset for Environmental Sound Classification", 2015; prepared as HEAR does. The
checksum is the one in HEAR's settings; the host makes the archive anew now and then, so that it may
differ one day although the content does not.
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
        "https://github.com/karoldvl/ESC-50/archive/master.zip",
        "ESC-50-master.zip",
        md5="7771e4b9d86d0945acce719c7a59305a",
    ),
)


def clips(folder: Path) -> list[HearClip]:
    """The clips that meta/esc50.csv lists; fold 1 is fold00."""
    root = unpacked(folder, "ESC-50-master.zip") / "ESC-50-master"
    with open(root / "meta" / "esc50.csv", encoding="utf-8", newline="") as handle:
        return [
            HearClip(
                split=f"fold{int(row['fold']) - 1:02d}",
                file=row["filename"],
                labels=(row["category"],),
                source=root / "audio" / row["filename"],
            )
            for row in csv.DictReader(handle)
        ]


DATA_SET = DataSet(
    task="esc50",
    licence="CC BY-NC 3.0",
    licence_url="https://github.com/karolpiczak/ESC-50",
    must_accept=True,
    stages=(lambda folder: SOURCES,),
    clips=clips,
    unpack=unpack_all(SOURCES),
)
