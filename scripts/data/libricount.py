"""LibriCount: 5,720 clips of 5 s, 0 to 10 people speaking at once.

Stöter et al., "CountNet: Estimating the Number of Concurrent Speakers Using Supervised Learning",
2018; prepared as HEAR does: the number of speakers, with which a file's name begins, for a label,
five folds drawn. The checksum is that of the record on Zenodo (1216072), as HEAR lists it.
"""

from __future__ import annotations

from pathlib import Path

from eval.tasks.hear_writing import HearClip
from eval.tasks.published import PUBLISHED
from scripts.data.data_set import DataSet, unpack_all, unpacked
from scripts.data.download import Source
from scripts.data.hear_splits import new_folds
from scripts.runtime.errors import UserError

__all__ = ["DATA_SET"]

SOURCES = (
    Source(
        "https://zenodo.org/record/1216072/files/LibriCount10-0dB.zip",
        "LibriCount10-0dB.zip",
        md5="30c8f844dc59fa65d216d53db9dc37e2",
    ),
)


def clips(folder: Path) -> list[HearClip]:
    """The clips in the folder `test`, such as 3_118.wav with three speakers."""
    root = unpacked(folder, "LibriCount10-0dB.zip") / "test"
    found = {path.stem: path for path in sorted(root.rglob("*.wav")) if path.name[0] != "."}
    if not found:
        raise UserError(f"{root} holds no .wav: the archive is not the one that is known here")
    labels = {name: int(name.split("_")[0]) for name in found}
    folds = new_folds(labels, PUBLISHED["libricount"]["nfolds"])
    return [
        HearClip(folds[name], f"{name}.wav", (labels[name],), path) for name, path in found.items()
    ]


DATA_SET = DataSet(
    task="libricount",
    licence="CC BY 4.0",
    licence_url="https://zenodo.org/record/1216072",
    must_accept=False,
    stages=(lambda folder: SOURCES,),
    clips=clips,
    unpack=unpack_all(SOURCES),
)
