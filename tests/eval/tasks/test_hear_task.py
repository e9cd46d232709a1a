"""HEAR's layout read as a task: splits beside hear-eval-kit's, rates, errors, stand-ins."""

from __future__ import annotations

import gc
import json
import os
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from eval.harness import audio
from eval.sounds.base import Sounds, Unreadable
from eval.tasks.base import Task, TaskSource
from eval.tasks.hear import HearTask
from eval.tasks.hear_layout import hear_folds, read_metadata, write_labels
from eval.tasks.hear_stand_in import write_stand_in
from eval.tasks.hear_writing import HearClip, write_hear_task
from eval.tasks.published import PUBLISHED, published_metadata

RATE = 16000


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def esc50(tmp_path):
    write_stand_in(tmp_path / "esc50", "esc50")
    return tmp_path / "esc50"


def change(folder: Path, **keys) -> None:
    path = folder / "task_metadata.json"
    metadata = json.loads(path.read_text()) | keys
    path.write_text(json.dumps({k: v for k, v in metadata.items() if v != "gone"}))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(PUBLISHED))
def test_folds_are_those_of_hear_eval_kit(tmp_path, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports what warns
        predictions = pytest.importorskip("heareval.predictions.task_predictions")
    write_stand_in(tmp_path, name)
    metadata = read_metadata(tmp_path)
    task = HearTask(tmp_path).load()
    theirs = predictions.get_splits_from_metadata(metadata)
    assert len(task.folds) == len(theirs)
    for fold, split in zip(task.folds, theirs, strict=True):
        for part in ("train", "valid", "test"):
            if name == "us8k" and part != "test":
                continue  # ARCH's, tested beside scikit-learn
            files = [task.sounds.files[i] for i in getattr(fold, part)]
            expected = [
                f"{s}/{file}"
                for s in split[part]
                for file in json.loads((tmp_path / f"{s}.json").read_text())
            ]
            assert sorted(files) == sorted(expected)


def test_labels_metrics_and_vocabulary(esc50):
    task = HearTask(esc50).load()
    assert isinstance(task, Task)
    assert isinstance(task.sounds, Sounds)
    assert isinstance(HearTask(esc50, name="x"), TaskSource)
    assert (task.name, task.kind, task.clip_s, task.max_epochs) == ("esc50", "multiclass", 0.5, 500)
    assert task.vocabulary == ("dog", "rain", "siren")
    assert task.metrics == ("top1_acc", "mAP", "d_prime", "aucroc")
    labels = json.loads((esc50 / "fold02.json").read_text())
    for index in task.folds[2].test:
        file = task.sounds.files[index].removeprefix("fold02/")
        assert [task.vocabulary[label] for label in task.labels[index]] == labels[file]
    assert (task.targets(range(30)).sum(1) == 1).all()


def test_a_task_as_hear_distributes_it_without_our_files(esc50):
    """Their metadata list neither rates nor what was unreadable; labels may be whole numbers."""
    for name in ("checksums.txt", "unreadable.json"):
        (esc50 / name).unlink(missing_ok=True)
    change(esc50, splits="gone", sample_rates="gone")
    (esc50 / "labelvocabulary.csv").write_text("label,idx\n7,1\n5,0\n9,2\n")
    for fold in range(5):
        path = esc50 / f"fold{fold:02d}.json"
        files = json.loads(path.read_text())
        path.write_text(json.dumps({file: [5 + 2 * (i % 3)] for i, file in enumerate(files)}))
    shutil.copytree(esc50 / "16000", esc50 / "44100")
    task = HearTask(esc50).load()
    assert task.vocabulary == ("5", "7", "9")
    assert task.labels[:4] == ((0,), (1,), (2,), (0,))
    assert task.sounds.root == esc50 / "44100"
    assert HearTask(esc50, sample_rate=16000).load().sounds.root == esc50 / "16000"


def test_the_identity_is_known_from_the_checksums_and_notices_every_change(tmp_path, monkeypatch):
    sources = []
    for number in range(6):
        source = tmp_path / f"{number}.wav"
        audio.write(source, np.full(100, number / 10, np.float32), RATE)
        sources.append(HearClip(f"fold{number % 3:02d}", f"{number}.wav", (number % 2,), source))
    metadata = published_metadata("vocal_imitation") | {"sample_duration": None}
    write_hear_task(tmp_path / "task", metadata, sources, [RATE])
    identity = HearTask(tmp_path / "task").load().sounds.identity

    read = []
    import eval.tasks.hear_checksums as checksums

    true = checksums.sha256
    monkeypatch.setattr(checksums, "sha256", lambda path: (read.append(path), true(path))[1])
    assert HearTask(tmp_path / "task").load().sounds.identity == identity
    assert read == []
    file = tmp_path / "task" / str(RATE) / "fold00" / "3.wav"
    audio.write(file, np.full(100, 0.9, np.float32), RATE)  # the same size
    changed = HearTask(tmp_path / "task").load().sounds.identity
    assert changed != identity
    assert read == [file]
    (tmp_path / "task" / "checksums.txt").unlink()
    assert HearTask(tmp_path / "task").load().sounds.identity == changed
    file.unlink()
    assert HearTask(tmp_path / "task").load().sounds.identity not in (identity, changed)


def test_a_clip_that_was_unreadable_is_counted(tmp_path):
    write_stand_in(tmp_path, "vocal_imitation")
    metadata = read_metadata(tmp_path)
    splits = {s: json.loads((tmp_path / f"{s}.json").read_text()) for s in metadata["splits"]}
    bad = {"fold01": {"bad.wav": {"labels": ["002Rain.wav"], "reason": "not audio"}}}
    write_labels(tmp_path, metadata, splits, bad)
    task = HearTask(tmp_path).load()
    index = task.sounds.files.index("fold01/bad.wav")
    assert index in task.folds[1].test
    assert task.labels[index] == (1,)
    found = task.sounds.clips([0, index])
    assert isinstance(found[1], Unreadable)
    assert found[1].name == "fold01/bad.wav"


def test_errors_name_what_is_wrong(tmp_path, esc50):
    def refuses(kind, match, **settings):
        with pytest.raises(kind, match=match):
            HearTask(esc50, **settings).load()

    with pytest.raises(FileNotFoundError, match=r"esc50 is not at .*nothing.*`make data-esc50`"):
        HearTask(tmp_path / "no", "esc50", command="make data-esc50").load()
    refuses(ValueError, r"no audio at 44100 Hz .* there is \[16000\]", sample_rate=44100)
    change(esc50, embedding_type="event")
    refuses(ValueError, "embedding_type is 'event'")
    change(esc50, embedding_type="scene", split_mode="other")
    refuses(ValueError, "split_mode 'other' is not known")
    change(esc50, split_mode="presplit_kfold", evaluation="gone")
    refuses(ValueError, "lacks evaluation")
    change(esc50, evaluation=["top1_acc"], prediction_type="seld")
    refuses(ValueError, "prediction_type is 'seld'")
    change(esc50, prediction_type="multiclass")
    (esc50 / "labelvocabulary.csv").write_text("idx,label\n0,dog\n2,siren\n")
    refuses(ValueError, "idx must count")
    (esc50 / "labelvocabulary.csv").write_text("idx,label\n0,dog\n1,siren\n")
    refuses(ValueError, "has the label 'rain', which is not in labelvocabulary.csv")
    (esc50 / "fold03.json").unlink()
    (esc50 / "labelvocabulary.csv").write_text("idx,label\n0,dog\n1,rain\n2,siren\n")
    refuses(FileNotFoundError, "fold03.json")
    shutil.rmtree(esc50 / "16000")
    refuses(FileNotFoundError, "holds no audio")


def test_two_splits_are_too_few():
    with pytest.raises(ValueError, match="2 splits"):
        hear_folds({"split_mode": "presplit_kfold"}, {"fold00": 3, "fold01": 3})


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_stand_ins_have_the_published_metadata(tmp_path, name):
    task = HearTask(Path("no"), name, assets="stand_in", stand_ins=tmp_path).load()
    metadata = read_metadata(tmp_path / name)
    differs = {k for k, v in published_metadata(name).items() if metadata[k] != v}
    assert differs <= {"sample_duration"}
    assert task.name == name
    clips = task.sounds.clips(range(len(task.sounds)))
    assert all(0.0 < np.abs(clip.wave).max() < 1.0 for clip in clips)
    assert sum(clip.wave.size for clip in clips) < 40 * RATE
    if name == "fsd50k":
        assert {len(row) for row in task.labels} == {1, 2}
    again = HearTask(Path("no"), name, assets="stand_in", stand_ins=tmp_path / "b").load()
    assert again.sounds.identity == task.sounds.identity
    written = (tmp_path / name / "task_metadata.json").stat().st_mtime_ns
    HearTask(Path("no"), name, assets="stand_in", stand_ins=tmp_path).load()
    assert (tmp_path / name / "task_metadata.json").stat().st_mtime_ns == written


def test_a_stand_in_without_a_place_goes_with_its_sounds():
    task = HearTask(Path("no"), "libricount", assets="stand_in").load()
    root = task.sounds.root
    assert task.sounds.clips([0])[0].wave.size
    del task
    gc.collect()
    assert not root.exists()


def test_there_is_no_stand_in_for_an_unknown_task():
    with pytest.raises(ValueError, match="no stand-in for the task 'mine': there are esc50"):
        HearTask(Path("no"), "mine", assets="stand_in").load()
