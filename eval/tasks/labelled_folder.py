"""A folder of recordings with a labels.csv as a task."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from eval.sounds.arrays import ArraySounds
from eval.sounds.folder import FileSounds
from eval.tasks.base import Fold, LabelKind, Task
from eval.tasks.hear_layout import folds_in_turn, sorted_labels

__all__ = ["LabelledFolder"]

_METRICS = {"multiclass": ("top1_acc",), "multilabel": ("mAP", "d_prime", "aucroc")}


@dataclass(frozen=True)
class LabelledFolder:
    """A folder with audio and a `labels.csv`, a row a clip.

    The columns are `file` (relative to the folder), the one with the labels, and `fold`, unless
    `folds` makes its own. What stands in `fold` decides how the task is split:

    - train, valid and test are one fold; a row that is "unlabelled" is left out;
    - train and test: a tenth of each label in train is drawn for validation;
    - any other values are k folds: each is tested on once, with the next one for validation.

    Attributes:
        folder: where labels.csv is.
        name: of the task; empty is the folder's name, and the column's where it is not "label".
        label: the column with the labels.
        kind: multiclass, a label a clip, or multilabel, any number of labels divided by ";".
        folds: None takes the column `fold`; a number makes so many folds of its own, stratified by
            label and drawn by `seed`.
        metrics: names of `eval.probe.scores`, the task's own first; None is top1_acc, and mAP,
            d_prime and aucroc for multilabel.
        max_epochs: that a probe trains for at most.
        clip_s: seconds that clips are cut or padded to; None leaves them.
        seed: of what is drawn here.
        assets: published reads `folder`; stand_in makes tones in memory, with other labels.
    """

    folder: Path
    name: str = ""
    label: str = "label"
    kind: LabelKind = "multiclass"
    folds: int | None = None
    metrics: tuple[str, ...] | None = None
    max_epochs: int = 500
    clip_s: float | None = None
    seed: int = 0
    assets: Literal["published", "stand_in"] = "published"

    def __post_init__(self) -> None:
        """Name the task after its folder and column where it has no name.

        Raises:
            ValueError: `folds` is less than 2.
        """
        if not self.name:
            column = "" if self.label == "label" else f"_{self.label}"
            object.__setattr__(self, "name", f"{Path(self.folder).name}{column}")
        if self.folds is not None and self.folds < 2:
            raise ValueError(f"folds is {self.folds}: null (those of the file), or 2 and more")

    def load(self) -> Task:
        """Read labels.csv; audio is read when it is asked for.

        Raises:
            FileNotFoundError: there is no labels.csv, or a file that it names.
            ValueError: a column is missing, a row is incomplete or there twice, or a label occurs
                in a test split only.
        """
        if self.assets == "stand_in":
            return self._stand_in()
        folder = Path(self.folder)
        rows = self._rows(folder)
        gone = [row["file"] for row in rows if not (folder / row["file"]).is_file()]
        if gone:
            raise FileNotFoundError(
                f"{len(gone)} of {len(rows)} files that {folder / 'labels.csv'} names are not "
                f"there: {', '.join(gone[:5])}{', ...' if len(gone) > 5 else ''}"
            )
        files = tuple(row["file"] for row in rows)
        return self._task(
            FileSounds(self.name, folder, files),
            [self._labels_of(row[self.label] or "") for row in rows],
            [row.get("fold", "") for row in rows],
            str(folder / "labels.csv"),
        )

    def _rows(self, folder: Path) -> list[dict[str, str]]:
        """The rows of labels.csv that are labelled, whole and named once."""
        path = folder / "labels.csv"
        if not path.is_file():
            raise FileNotFoundError(
                f"task {self.name}: no {path} (looked from {Path.cwd()}); a row a clip, with the "
                f"columns file, {self.label} and fold, is needed"
            )
        with open(path, encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            columns = list(reader.fieldnames or ())
            rows = list(reader)
        needed = ["file", self.label] + ([] if self.folds else ["fold"])
        missing = [column for column in needed if column not in columns]
        if missing:
            raise ValueError(
                f"{path} has no column {', '.join(missing)}; it has {', '.join(columns) or 'none'}"
            )
        if not self.folds:
            rows = [row for row in rows if row["fold"] != "unlabelled"]
        must = [column for column in needed if column != self.label or self.kind == "multiclass"]
        for line, row in enumerate(rows, start=2):
            empty = [column for column in must if not (row[column] or "").strip()]
            if empty:
                raise ValueError(f"{path}, row {line}: {', '.join(empty)} is empty")
        times = Counter(row["file"] for row in rows)
        twice = [file for file, count in times.items() if count > 1]
        if twice:
            raise ValueError(f"{path} names {len(twice)} files twice: {', '.join(twice[:5])}")
        if not rows:
            raise ValueError(f"{path} holds no labelled clip")
        return rows

    def _labels_of(self, text: str) -> tuple[str, ...]:
        if self.kind == "multiclass":
            return (text.strip(),)
        return tuple(dict.fromkeys(part.strip() for part in text.split(";") if part.strip()))

    def _task(
        self,
        sounds: FileSounds | ArraySounds,
        labels: Sequence[tuple[str, ...]],
        folds: Sequence[str],
        source: str,
    ) -> Task:
        vocabulary = sorted_labels(label for row in labels for label in row)
        numbers = {label: number for number, label in enumerate(vocabulary)}
        rows = tuple(tuple(numbers[label] for label in row) for row in labels)
        made = self._folds(folds, rows, source)
        for fold in made:
            known = {label for index in fold.train for label in rows[index]}
            alone = {label for index in fold.test for label in rows[index]} - known
            if alone:
                names = ", ".join(vocabulary[label] for label in sorted(alone)[:5])
                raise ValueError(
                    f"{source}: in {fold.name} of task {self.name} {len(alone)} values of "
                    f"{self.label} occur in test and not in train: {names}. A probe cannot know "
                    "them; choose another column, or let folds=5 make stratified folds"
                )
        return Task(
            name=self.name,
            sounds=sounds,
            labels=rows,
            vocabulary=tuple(vocabulary),
            kind=self.kind,
            metrics=self.metrics or _METRICS[self.kind],
            folds=made,
            max_epochs=self.max_epochs,
            clip_s=self.clip_s,
        )

    def _folds(
        self, folds: Sequence[str], rows: Sequence[tuple[int, ...]], source: str
    ) -> tuple[Fold, ...]:
        if self.folds:
            folds = [str(number + 1) for number in _stratified(rows, self.folds, self.seed)]
        members = {
            fold: tuple(index for index, other in enumerate(folds) if other == fold)
            for fold in sorted_labels(folds)
        }
        names = set(members)
        if names == {"train", "valid", "test"}:
            return (Fold("official", members["train"], members["valid"], members["test"]),)
        if names == {"train", "test"}:
            train, valid = _split_off(members["train"], rows, self.seed)
            return (Fold("official", train, valid, members["test"]),)
        if names & {"train", "valid", "test"} or len(names) < 2:
            raise ValueError(
                f"{source}: the column fold holds {', '.join(sorted(names))}; allowed are train "
                "and test, with valid or without, or two folds and more of other names"
            )
        named = {f"fold {fold.removeprefix('fold').strip()}": members[fold] for fold in members}
        if len(named) > 2:
            return folds_in_turn(named)
        made = []
        for test, rest in zip(named, reversed(named.values()), strict=True):
            train, valid = _split_off(rest, rows, self.seed)
            made.append(Fold(test, train, valid, named[test]))
        return tuple(made)

    def _stand_in(self) -> Task:
        """Three labels, a tone each, six folds of two clips a label."""
        pitched = self.metrics is not None and "pitch_acc" in self.metrics
        names = ("48", "60", "72") if pitched else ("a", "b", "c")
        rng = np.random.default_rng(self.seed)
        time_s = np.arange(8000) / 16000
        waves, labels, folds = [], [], []
        for number in range(36):
            frequency_hz = 130.8 * 2.0 ** (number % 3)
            tone = 0.3 * np.sin(2 * np.pi * (frequency_hz * time_s + rng.uniform()))
            waves.append((tone + 0.02 * rng.standard_normal(8000)).astype(np.float32))
            labels.append((names[number % 3],))
            folds.append(str(1 + number // 6))
        return self._task(ArraySounds(self.name, waves, 16000), labels, folds, "stand-in")


def _split_off(
    train: tuple[int, ...], rows: Sequence[tuple[int, ...]], seed: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Set a stratified tenth of `train` apart for validation; each label keeps clips there."""
    parts = _stratified([rows[index] for index in train], 10, seed)
    kept = {rows[index] for index, part in zip(train, parts, strict=True) if part}
    apart = {i for i, part in zip(train, parts, strict=True) if not part and rows[i] in kept}
    return tuple(i for i in train if i not in apart), tuple(i for i in train if i in apart)


def _stratified(rows: Sequence[tuple[int, ...]], parts: int, seed: int) -> list[int]:
    """Deal clips out to parts, those of the same labels evenly.

    Clips of a label are shuffled and dealt to the parts in turn, each label going on where the last
    one stopped, so that the parts differ by one clip at most, and so does each label in them.
    """
    rng = np.random.default_rng(seed)
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(row, []).append(index)
    dealt, turn = [0] * len(rows), 0
    for row in sorted(groups):
        for index in rng.permutation(groups[row]):
            dealt[index] = turn % parts
            turn += 1
    return dealt
