"""Folders with a labels.csv: folds of every kind, labels of every kind, and what is wrong."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from eval.harness import audio
from eval.sounds.base import Unreadable
from eval.tasks.base import TaskSource
from eval.tasks.labelled_folder import LabelledFolder

REALDATA = Path(os.environ.get("REALDATA", "../shared/realdata"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Writes rows as labels.csv, with a short file for each."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def make(header: str, *rows: str, files: bool = True) -> Path:
        text = "\n".join([header, *rows]) + "\n"
        (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
        for row in rows if files else ():
            if name := row.split(",")[0]:
                audio.write(tmp_path / name, np.full(10, 0.1, np.float32), 8000)
        return tmp_path

    return make


def twenty(folds):
    return [f"{i}.wav,{'ab'[i % 2]},{folds[i % len(folds)]}" for i in range(60)]


def files_of(task, indices):
    return [task.sounds.files[index] for index in indices]


def test_train_valid_and_test_are_taken_as_they_are(folder):
    rows = ["a.wav,x,train", "d/b.wav,y,train", "c.wav,x,valid", "e.wav,y,test"]
    task = LabelledFolder(folder("file,label,fold", *rows)).load()
    assert isinstance(LabelledFolder(Path("x")), TaskSource)
    (fold,) = task.folds
    assert files_of(task, fold.train) == ["a.wav", "d/b.wav"]
    assert (files_of(task, fold.valid), files_of(task, fold.test)) == (["c.wav"], ["e.wav"])
    assert (task.vocabulary, task.labels) == (("x", "y"), ((0,), (1,), (0,), (1,)))
    assert (task.metrics, task.kind, task.max_epochs) == (("top1_acc",), "multiclass", 500)


def test_validation_is_drawn_from_train_where_there_is_none(folder):
    made = folder("file,label,fold", *twenty(["train", "train", "test"]))
    task = LabelledFolder(made).load()
    (fold,) = task.folds
    assert (len(fold.train), len(fold.valid), len(fold.test)) == (36, 4, 20)
    assert Counter(task.labels[i] for i in fold.valid) == {(0,): 2, (1,): 2}
    assert LabelledFolder(made).load().folds == task.folds
    assert LabelledFolder(made, seed=1).load().folds != task.folds
    assert LabelledFolder(made, seed=1).load().folds[0].test == fold.test


def test_a_label_of_one_clip_stays_in_train(folder):
    rows = [f"{i}.wav,{label},train" for i, label in enumerate("abcdefghijkl")]
    task = LabelledFolder(folder("file,label,fold", *rows, "t.wav,a,test")).load()
    assert len(task.folds[0].train) == 12


def test_folds_take_turns_with_the_next_for_validation(folder):
    rows = [f"{i}.wav,{'ab'[i // 4 % 2]},{[10, 9, 1, 2][i % 4]}" for i in range(60)]
    task = LabelledFolder(folder("file,label,fold", *rows)).load()
    assert [fold.name for fold in task.folds] == ["fold 1", "fold 2", "fold 9", "fold 10"]
    members = {n: {f"{i}.wav" for i in range(k, 60, 4)} for k, n in enumerate([10, 9, 1, 2])}
    for fold, (test, valid) in zip(task.folds, [(1, 2), (2, 9), (9, 10), (10, 1)], strict=True):
        assert set(files_of(task, fold.test)) == members[test]
        assert set(files_of(task, fold.valid)) == members[valid]
        assert len(fold.train) == 30


def test_two_folds_draw_their_validation(folder):
    task = LabelledFolder(folder("file,label,fold", *twenty(["a", "a", "b", "b"]))).load()
    assert [(f.name, len(f.train), len(f.valid), len(f.test)) for f in task.folds] == [
        ("fold a", 27, 3, 30),
        ("fold b", 27, 3, 30),
    ]


def test_own_folds_are_stratified_and_need_no_column(folder):
    rows = [f"{i}.wav,{'abc'[(i > 10) + (i > 30)]}" for i in range(61)]
    made = folder("file,kind", *rows)
    task = LabelledFolder(made, label="kind", folds=5).load()
    assert task.name == f"{made.name}_kind"
    assert sorted(i for fold in task.folds for i in fold.test) == list(range(61))
    for fold in task.folds:
        counts = Counter(task.labels[i][0] for i in fold.test)
        assert all(abs(counts[k] - n / 5) < 1 for k, n in enumerate([11, 20, 30]))
    assert LabelledFolder(made, label="kind", folds=5, seed=1).load().folds != task.folds


def test_numbers_are_sorted_as_numbers(folder):
    rows = ["a.wav,9,train", "b.wav,60,train", "c.wav,100,train", "d.wav,60,test"]
    made = folder("file,pitch,fold", *rows)
    task = LabelledFolder(made, label="pitch", metrics=("pitch_acc", "chroma_acc")).load()
    assert task.vocabulary == ("9", "60", "100")
    assert task.metrics == ("pitch_acc", "chroma_acc")


def test_several_labels_a_clip(folder):
    rows = ["a.wav,dog; rain,train", "b.wav,,train", "c.wav,rain;rain;cat,train", "d.wav,cat,test"]
    task = LabelledFolder(folder("file,label,fold", *rows), kind="multilabel").load()
    assert task.vocabulary == ("cat", "dog", "rain")
    assert task.labels == ((1, 2), (), (2, 0), (0,))
    assert task.metrics == ("mAP", "d_prime", "aucroc")


def test_unreadable_files_are_named(folder):
    made = folder("file,label,fold", "a.wav,x,train", "b.wav,x,test")
    (made / "b.wav").write_bytes(b"no audio")
    clip = LabelledFolder(made).load().sounds.clips([1])[0]
    assert isinstance(clip, Unreadable)
    assert clip.name == "b.wav"


def test_what_is_wrong_is_said(folder, tmp_path):
    def refuses(match, made, kind=ValueError, **settings):
        with pytest.raises(kind, match=match):
            LabelledFolder(made, **settings).load()

    refuses(r"no .*labels\.csv .*columns file, label and fold", tmp_path / "no", FileNotFoundError)
    header = "file,label,fold"
    refuses("has no column family; it has file, label", folder(header, "a.wav,x,1"), label="family")
    refuses("has no column fold", folder("file,label", "a.wav,x"))
    refuses("row 3: label is empty", folder(header, "a.wav,x,1", "b.wav,,2"))
    refuses("row 2: file, fold is empty", folder(header, ",x,"))
    refuses(r"names 1 files twice: a\.wav", folder(header, "a.wav,x,train", "a.wav,x,test"))
    gone = folder(header, "q.wav,x,train", "r.wav,x,test", files=False)
    refuses(r"2 of 2 files .* not there: q\.wav, r\.wav", gone, FileNotFoundError)
    alone = folder(header, "a.wav,x,train", "b.wav,y,test", "c.wav,z,test")
    refuses("2 values of label occur in test and not in train: y, z", alone)
    refuses("holds all; allowed are train", folder(header, "a.wav,x,all", "b.wav,x,all"))
    refuses("holds test, train, x", folder(header, "a.wav,x,train", "b.wav,x,x", "c.wav,x,test"))
    refuses("holds no labelled clip", folder(header, "a.wav,x,unlabelled"))
    with pytest.raises(ValueError, match="folds is 1"):
        LabelledFolder(tmp_path, folds=1)


@pytest.mark.parametrize("metrics", [None, ("pitch_acc", "chroma_acc")])
def test_the_stand_in_needs_no_folder(metrics):
    task = LabelledFolder(Path("no/such"), metrics=metrics, assets="stand_in").load()
    assert len(task.sounds) == 36
    assert len(task.folds) == 6
    again = LabelledFolder(Path("no/such"), metrics=metrics, assets="stand_in").load()
    assert task.sounds.identity == again.sounds.identity
    if metrics:
        assert [int(name) for name in task.vocabulary] == [48, 60, 72]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("settings", "sizes"),
    [
        ({"folder": "esc10"}, [(240, 80, 80)] * 5),
        ({"folder": "fsdd"}, [(810, 90, 300)]),
        ({"folder": "gm_notes", "label": "pitch"}, [(1305, 340, 341)]),
    ],
)
def test_the_recordings_beside_the_repository(settings, sizes):
    if not REALDATA.is_dir():
        pytest.skip(f"no recordings at {REALDATA}")
    task = LabelledFolder(**settings | {"folder": REALDATA / settings["folder"]}).load()
    assert [(len(f.train), len(f.valid), len(f.test)) for f in task.folds] == sizes
    clips = task.sounds.clips(range(0, len(task.sounds), 50))
    assert not any(isinstance(clip, Unreadable) for clip in clips)


@pytest.mark.shared
def test_families_of_instruments_cannot_be_tested_on_other_instruments():
    if not REALDATA.is_dir():
        pytest.skip(f"no recordings at {REALDATA}")
    with pytest.raises(ValueError, match="occur in test and not in train: flute, guitar, vocal"):
        LabelledFolder(REALDATA / "gm_notes", label="family").load()
    assert len(LabelledFolder(REALDATA / "gm_notes", folds=5).load().vocabulary) == 24
