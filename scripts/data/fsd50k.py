"""FSD50K: 51,197 clips of 0.3 to 30 s, 200 labels of AudioSet's ontology, any number a clip.

Fonseca et al., "FSD50K: An Open Dataset of Human-Labeled Sound Events", 2021; prepared as HEAR
does: the authors' training, validation and evaluation clips at their own lengths, without twelve
training clips that are longer than 30 s. Checksums are those of the record on Zenodo (4060432), as
HEAR lists them. HEAR also downloads the clips' uploaders, by which it would split them if the
authors had not.
"""

from __future__ import annotations

import csv
from pathlib import Path

from eval.tasks.hear_writing import HearClip
from scripts.data.data_set import DataSet, unpack_all, unpacked
from scripts.data.download import Source

__all__ = ["DATA_SET"]

_MD5 = {
    "FSD50K.dev_audio.z01": "faa7cf4cc076fc34a44a479a5ed862a3",
    "FSD50K.dev_audio.z02": "8f9b66153e68571164fb1315d00bc7bc",
    "FSD50K.dev_audio.z03": "1196ef47d267a993d30fa98af54b7159",
    "FSD50K.dev_audio.z04": "d088ac4e11ba53daf9f7574c11cccac9",
    "FSD50K.dev_audio.z05": "81356521aa159accd3c35de22da28c7f",
    "FSD50K.dev_audio.zip": "c480d119b8f7a7e32fdb58f3ea4d6c5a",
    "FSD50K.eval_audio.z01": "3090670eaeecc013ca1ff84fe4442aeb",
    "FSD50K.eval_audio.zip": "6fa47636c3a3ad5c7dfeba99f2637982",
    "FSD50K.ground_truth.zip": "ca27382c195e37d2269c4c866dd73485",
}
SOURCES = tuple(
    Source(f"https://zenodo.org/record/4060432/files/{file}", file, md5=md5)
    for file, md5 in _MD5.items()
)
_SPLITS = {"train": "train", "val": "valid"}
# Longer than 30 s through wrong metadata of Freesound; the authors told HEAR to leave them out.
_TOO_LONG = frozenset(
    [83298, 83299, 121351, 121426, 121471, 121472, 124796, 124797, 124800, 124834, 124858, 397150]
)


def clips(folder: Path) -> list[HearClip]:
    """The clips that dev.csv and eval.csv list; `val` is valid, the evaluation set is test."""
    truth = unpacked(folder, "FSD50K.ground_truth.zip") / "FSD50K.ground_truth"
    found = []
    for part in ("dev", "eval"):
        audio = unpacked(folder, f"FSD50K.{part}_audio.zip") / f"FSD50K.{part}_audio"
        with open(truth / f"{part}.csv", encoding="utf-8", newline="") as handle:
            for row in csv.DictReader(handle):
                if part == "dev" and int(row["fname"]) in _TOO_LONG:
                    continue
                split = "test" if part == "eval" else _SPLITS[row["split"]]
                file = f"{row['fname']}.wav"
                labels = tuple(row["labels"].split(","))
                found.append(HearClip(split, file, labels, audio / file))
    return found


DATA_SET = DataSet(
    task="fsd50k",
    licence="CC BY 4.0 as a whole; clips are CC0, CC BY, CC BY-NC and CC Sampling+",
    licence_url="https://zenodo.org/record/4060432",
    must_accept=True,
    stages=(lambda folder: SOURCES,),
    clips=clips,
    unpack=unpack_all(SOURCES),
)
