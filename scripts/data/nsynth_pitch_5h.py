"""NSynth Pitch, 5 hours: 5,000 notes of 4 s, MIDI 21 to 108.

Engel et al., "Neural Audio Synthesis of Musical Notes with WaveNet Autoencoders", 2017; prepared as
HEAR does: of the authors' training, validation and test notes in the range of a piano 4,000, 500
and 500 are drawn, and only those are unpacked. Checksums as HEAR lists them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eval.harness.files import read_json
from eval.tasks.hear_writing import HearClip
from eval.tasks.published import PUBLISHED
from scripts.data.data_set import DataSet, Progress, unpacked
from scripts.data.download import Source
from scripts.data.hear_splits import hear_subset
from scripts.data.unpack import unpack_some

__all__ = ["DATA_SET"]

_MD5 = {
    "train": "fde6665a93865503ba598b9fac388660",
    "valid": "87e94a00a19b6dbc99cf6d4c0c0cae87",
    "test": "5e6f8719bf7e16ad0a00d518b78af77d",
}
_AT = "http://download.magenta.tensorflow.org/datasets/nsynth"
SOURCES = tuple(
    Source(f"{_AT}/nsynth-{split}.jsonwav.tar.gz", f"nsynth-{split}.jsonwav.tar.gz", md5=md5)
    for split, md5 in _MD5.items()
)


def unpack(folder: Path, progress: Progress) -> None:
    """Unpack the list of notes of each split, and then the notes that are drawn."""
    for split in _MD5:
        archive = folder / f"nsynth-{split}.jsonwav.tar.gz"
        goal = unpacked(folder, archive.name)
        part = goal.with_name(f"{goal.name}.part")
        if goal.is_dir():
            continue
        part.mkdir(parents=True, exist_ok=True)
        table = f"nsynth-{split}/examples.json"
        unpack_some(archive, part, lambda name, table=table: name == table)
        names = {f"nsynth-{split}/audio/{note}.wav" for note in _drawn(part, split)}
        unpack_some(archive, part, names.__contains__, progress)
        part.replace(goal)


def _notes(root: Path, split: str) -> dict[str, Any]:
    return read_json(root / f"nsynth-{split}" / "examples.json")


def _drawn(root: Path, split: str) -> list[str]:
    """The names of the notes of a split that the task has."""
    metadata = PUBLISHED["nsynth_pitch_5h"]
    low, high = metadata["pitch_range_min"], metadata["pitch_range_max"]
    seconds = metadata["max_task_duration_by_split"][split]
    notes = _notes(root, split)
    allowed = [note for note, facts in notes.items() if low <= facts["pitch"] <= high]
    return hear_subset(allowed, split, int(seconds / metadata["sample_duration"]))


def clips(folder: Path) -> list[HearClip]:
    """The notes that are drawn; the label is the MIDI number."""
    found = []
    for split in _MD5:
        root = unpacked(folder, f"nsynth-{split}.jsonwav.tar.gz")
        notes = _notes(root, split)
        for note in _drawn(root, split):
            source = root / f"nsynth-{split}" / "audio" / f"{note}.wav"
            found.append(HearClip(split, f"{note}.wav", (int(notes[note]["pitch"]),), source))
    return found


DATA_SET = DataSet(
    task="nsynth_pitch_5h",
    licence="CC BY 4.0",
    licence_url="https://magenta.tensorflow.org/datasets/nsynth",
    must_accept=False,
    stages=(lambda folder: SOURCES,),
    clips=clips,
    unpack=unpack,
)
