"""The layout in which HEAR keeps a task on a disk.

    task_metadata.json      name, kind of labels, splits, scores, seconds of a clip
    labelvocabulary.csv     idx,label
    <split>.json            {"file.wav": [labels]}
    <rate>/<split>/file.wav audio at one sample rate or several

`unreadable.json` and `checksums.txt` are ours: clips that could not be read when the task was
prepared (hear-eval-kit would stop at them, so they are not in the splits), and the SHA-256 and size
of every audio file.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eval.harness.files import read_json, write_json, write_text
from eval.tasks.base import Fold

__all__ = [
    "folds_in_turn",
    "hear_folds",
    "read_metadata",
    "read_split",
    "read_unreadable",
    "read_vocabulary",
    "sample_rates",
    "sorted_labels",
    "write_labels",
]

Labels = Mapping[str, Sequence[str | int]]
"""File name -> its labels, of one split."""

_NEEDED = ("task_name", "prediction_type", "split_mode", "evaluation")


def read_metadata(folder: Path) -> dict[str, Any]:
    """Read task_metadata.json.

    Raises:
        FileNotFoundError: it is not there.
        ValueError: it is not JSON, lacks a key, or describes another kind of task than a scene's.
    """
    path = folder / "task_metadata.json"
    metadata = read_json(path)
    missing = [key for key in _NEEDED if key not in metadata]
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}: it is no task of HEAR's")
    if metadata.get("embedding_type", "scene") != "scene":
        raise ValueError(
            f"{path}: embedding_type is {metadata['embedding_type']!r}; one label or several a "
            "clip ('scene') is what can be evaluated"
        )
    if metadata["prediction_type"] not in ("multiclass", "multilabel"):
        raise ValueError(
            f"{path}: prediction_type is {metadata['prediction_type']!r}, "
            "allowed are multiclass and multilabel"
        )
    metadata.setdefault("splits", _usual_splits(metadata, path))
    return metadata


def _usual_splits(metadata: Mapping[str, Any], path: Path) -> list[str]:
    """The names of the splits where the file does not list them."""
    if metadata["split_mode"] == "trainvaltest":
        return ["train", "valid", "test"]
    if "nfolds" not in metadata:
        raise ValueError(f"{path} has neither splits nor nfolds")
    return [f"fold{fold:02d}" for fold in range(int(metadata["nfolds"]))]


def read_vocabulary(folder: Path) -> tuple[str, ...]:
    """Read labelvocabulary.csv: the labels as text, in the order of their numbers.

    Raises:
        FileNotFoundError: it is not there.
        ValueError: it has other columns than idx and label, or the numbers are not 0, 1, 2, ...
    """
    path = folder / "labelvocabulary.csv"
    with open(path, encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    if not rows or not {"idx", "label"} <= rows[0].keys():
        raise ValueError(f"{path} must have the columns idx and label, and a row a label")
    rows.sort(key=lambda row: int(row["idx"]))
    if [int(row["idx"]) for row in rows] != list(range(len(rows))):
        raise ValueError(f"{path}: idx must count 0, 1, 2, ... without a gap")
    return tuple(row["label"] for row in rows)


def read_split(folder: Path, split: str) -> dict[str, list[str]]:
    """Read `<split>.json`: the labels of each file as text, in the file's order.

    Raises:
        FileNotFoundError: it is not there.
    """
    found = read_json(folder / f"{split}.json")
    return {file: [str(label) for label in labels] for file, labels in found.items()}


def read_unreadable(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Read the labels of the clips of each split that were unreadable when it was prepared."""
    path = folder / "unreadable.json"
    found = read_json(path) if path.is_file() else {}
    return {
        split: {file: [str(label) for label in clip["labels"]] for file, clip in clips.items()}
        for split, clips in found.items()
    }


def sample_rates(folder: Path) -> list[int]:
    """The sample rates in Hz that the task is kept at, rising.

    Those that the metadata list, where they do: a rate that is being added to a task has its folder
    already.
    """
    listed = read_json(folder / "task_metadata.json").get("sample_rates")
    if listed is not None:
        return sorted(listed)
    return sorted(int(path.name) for path in folder.iterdir() if path.is_dir() and _is_rate(path))


def _is_rate(path: Path) -> bool:
    return path.name.isascii() and path.name.isdigit()


def hear_folds(metadata: Mapping[str, Any], sizes: Mapping[str, int]) -> tuple[Fold, ...]:
    """The folds of a task whose sounds are those of its splits, one split after the other.

    As hear-eval-kit makes them: of k sorted splits each is tested on once, with the next one (after
    the last the first) for validation and the others for training; train, valid and test are one
    fold. With the key `validation` ({"fraction", "random_state"}), ARCH's UrbanSound8K, no split is
    set apart for validation, but a fraction of the training clips, as scikit-learn's
    `train_test_split` draws it.

    Args:
        metadata: of the task.
        sizes: split -> clips in it, in the order of the sounds.

    Raises:
        ValueError: the mode of splitting is not known, or there are too few splits.
    """
    first = 0
    ranges: dict[str, tuple[int, ...]] = {}
    for split, size in sizes.items():
        ranges[split] = tuple(range(first, first + size))
        first += size
    mode = metadata["split_mode"]
    if mode == "trainvaltest":
        return (Fold("official", ranges["train"], ranges["valid"], ranges["test"]),)
    if mode not in ("presplit_kfold", "new_split_kfold"):
        raise ValueError(
            f"split_mode {mode!r} is not known: trainvaltest, presplit_kfold, new_split_kfold are"
        )
    if "validation" not in metadata:
        return folds_in_turn({split: ranges[split] for split in sorted(ranges)})
    fraction, state = metadata["validation"]["fraction"], metadata["validation"]["random_state"]
    folds = []
    for test in sorted(ranges):
        rest = [index for split in ranges if split != test for index in ranges[split]]
        train, valid = _drawn(rest, fraction, state)
        folds.append(Fold(test, train, valid, ranges[test]))
    return tuple(folds)


def folds_in_turn(splits: Mapping[str, tuple[int, ...]]) -> tuple[Fold, ...]:
    """Test on each split once, with the next one (after the last the first) for validation.

    Args:
        splits: name -> numbers of its sounds, in the order of the turns.

    Raises:
        ValueError: there are fewer than three.

    >>> folds_in_turn({"a": (0,), "b": (1,), "c": (2,)})[-1]
    Fold(name='c', train=(1,), valid=(0,), test=(2,))
    """
    names = list(splits)
    if len(names) < 3:
        raise ValueError(f"{len(names)} splits: one to train, one to choose and one to test on")
    folds = []
    for place, test in enumerate(names):
        valid = names[(place + 1) % len(names)]
        train = tuple(i for name in names if name not in (test, valid) for i in splits[name])
        folds.append(Fold(test, train, splits[valid], splits[test]))
    return tuple(folds)


def _drawn(
    rest: Sequence[int], fraction: float, random_state: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The training clips and the fraction of them for validation, as scikit-learn draws them."""
    order = np.random.RandomState(random_state).permutation(len(rest))
    n_valid = math.ceil(fraction * len(rest))
    valid, train = order[:n_valid], order[n_valid:]
    return tuple(rest[i] for i in train), tuple(rest[i] for i in valid)


def sorted_labels(labels: Iterable[str | int]) -> list[str]:
    """Different labels as text in the order of a vocabulary: whole numbers by value, else A to Z.

    >>> sorted_labels([10, 9, 9]), sorted_labels(["b", "a", "10"])
    (['9', '10'], ['10', 'a', 'b'])
    """
    names = {str(label) for label in labels}
    try:
        return sorted(names, key=int)
    except ValueError:
        return sorted(names)


def write_labels(
    folder: Path,
    metadata: Mapping[str, Any],
    splits: Mapping[str, Labels],
    unreadable: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
) -> None:
    """Write all of a task but its audio; task_metadata.json comes last and says that it is whole.

    Args:
        folder: of the task.
        metadata: with the keys of HEAR's task_metadata.json.
        splits: split -> file -> labels.
        unreadable: split -> file -> {"labels", "reason"}, for clips without audio.
    """
    unreadable = unreadable or {}
    rows = [row for clips in splits.values() for row in clips.values()]
    rows += [clip["labels"] for clips in unreadable.values() for clip in clips.values()]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["idx", "label"])
    writer.writerows(enumerate(sorted_labels(label for row in rows for label in row)))
    write_text(folder / "labelvocabulary.csv", table.getvalue())
    for split, clips in splits.items():
        write_json(folder / f"{split}.json", clips)
    write_json(folder / "unreadable.json", unreadable)
    write_json(folder / "task_metadata.json", metadata)
