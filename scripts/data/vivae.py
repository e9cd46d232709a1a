"""VIVAE: 1,085 vocalisations without words, six emotions, eleven speakers.

Holz et al., "The Variably Intense Vocalizations of Affect and Emotion (VIVAE) corpus prompts new
perspective on nonspeech perception", 2022; tested as ARCH does: each speaker once, with the next
one (after the last the first) for validation, clips of the full set at their own lengths. The
record on Zenodo is 4066235; its checksum is not known here: that of the first download counts.
"""

from __future__ import annotations

from pathlib import Path

from eval.tasks.hear_writing import HearClip
from scripts.data.data_set import DataSet, unpack_all, unpacked
from scripts.data.download import Source
from scripts.runtime.errors import UserError

__all__ = ["DATA_SET"]

SOURCES = (Source("https://zenodo.org/record/4066235/files/VIVAE.zip", "VIVAE.zip"),)


def clips(folder: Path) -> list[HearClip]:
    """The clips in `full_set`, such as S01_anger_peak_02.wav; speaker S01 is fold00."""
    root = unpacked(folder, "VIVAE.zip")
    paths = [
        path
        for path in sorted(root.rglob("full_set/*.wav"))
        if path.name[0] != "." and "__MACOSX" not in path.parts
    ]
    if not paths:
        raise UserError(f"{root} holds no full_set/*.wav: the archive is not the one known here")
    found = []
    for path in paths:
        speaker, emotion = path.stem.split("_")[:2]
        fold = f"fold{int(speaker.removeprefix('S')) - 1:02d}"
        found.append(HearClip(fold, path.name, (emotion,), path))
    return found


DATA_SET = DataSet(
    task="vivae",
    licence="a Creative Commons licence that forbids commercial use",
    licence_url="https://zenodo.org/record/4066235",
    must_accept=True,
    stages=(lambda folder: SOURCES,),
    clips=clips,
    unpack=unpack_all(SOURCES),
)
