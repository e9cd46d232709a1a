"""Each data set from a server on this machine to a task that is read back."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
import os
import shutil

import numpy as np
import pytest
import soundfile
from sklearn.model_selection import train_test_split

from eval.sounds.base import Unreadable
from eval.tasks.hear import HearTask
from eval.tasks.published import PUBLISHED
from scripts.data import __main__ as command
from tests.scripts.data.archives import MAKERS, table, wave, zipped
from tests.scripts.data.serving import serving

ACCEPTED = {name: name in ("esc50", "fsd50k", "us8k", "vivae") for name in PUBLISHED}


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    """Makes a data set's files, serves them with their own checksums and gives the command."""

    def run(task: str, *arguments: str, change=lambda made, served: None):
        made, served = tmp_path / "made" / task, tmp_path / "served" / task
        if not served.is_dir():
            made.mkdir(parents=True)
            served.mkdir(parents=True)
            run.expected = MAKERS[task](made, served)
            change(made, served)
        module = importlib.import_module(f"scripts.data.{task}")
        monkeypatch.setattr(module, "DATA_SET", _with_checksums(module.DATA_SET, served))
        with serving(served) as (url, behaviour):
            status = command.main(
                [task, "--data", str(tmp_path / "data"), "--mirror", url, "--workers", "1"]
                + ["--rates", "16000", *arguments]
                + (["--accept-licence"] if ACCEPTED[task] else [])
            )
            run.asked = behaviour.asked
        return status

    return run


def _with_checksums(data_set, served):
    """The published checksums are of the real archives: those of the tiny ones in their place."""

    def swapped(stage):
        def with_own(folder):
            sources = []
            for source in stage(folder):
                path = served / source.file.rsplit("/", 1)[-1]
                md5 = hashlib.md5(path.read_bytes()).hexdigest() if path.is_file() else None
                if source.md5:
                    source = dataclasses.replace(source, md5=md5)
                elif source.sha256 and source.file == "crema_d.txt":
                    source = dataclasses.replace(source, sha256=None)
                sources.append(source)
            return sources

        return with_own

    return dataclasses.replace(data_set, stages=tuple(swapped(s) for s in data_set.stages))


def labels_of(task, indices):
    return {
        task.sounds.files[i].split("/")[1]: ",".join(task.vocabulary[k] for k in task.labels[i])
        for i in indices
    }


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_from_the_server_to_the_task(prepared, tmp_path, name):
    if name == "fsd50k" and shutil.which("zip") is None:
        pytest.skip("Info-ZIP's zip, which writes archives in parts, is not installed")
    assert prepared(name) == 0
    task = HearTask(tmp_path / "data" / name, name=name).load()
    expected = prepared.expected
    everything = {file: label for part in expected.values() for file, label in part.items()}
    found = labels_of(task, range(len(task.sounds)))
    assert {file: set(label.split(",")) for file, label in found.items()} == {
        file: set(label.split(",")) for file, label in everything.items()
    }
    assert task.metrics == tuple(PUBLISHED[name]["evaluation"])
    assert task.kind == PUBLISHED[name]["prediction_type"]
    assert len(task.folds) == PUBLISHED[name].get("nfolds", 1)
    if "" not in expected:
        tests = {fold.name: labels_of(task, fold.test).keys() for fold in task.folds}
        if name in ("fsd50k", "nsynth_pitch_5h"):
            assert tests == {"official": expected["test"].keys()}
            assert labels_of(task, task.folds[0].valid).keys() == expected["valid"].keys()
        else:
            assert tests == {split: files.keys() for split, files in expected.items()}
    seconds = PUBLISHED[name]["sample_duration"]
    for clip in task.sounds.clips(range(0, len(task.sounds), 7)):
        assert clip.sample_rate == 16000
        if seconds is not None:
            assert clip.wave.size == round(16000 * seconds)
    asked = len(prepared.asked)
    assert asked >= 1
    assert prepared(name) == 0
    assert prepared.asked == []


def test_archs_validation_clips_are_scikit_learns(prepared, tmp_path):
    """ARCH: folds in the order in which the table names them, a fifth by train_test_split."""
    assert prepared("us8k") == 0
    task = HearTask(tmp_path / "data" / "us8k").load()
    folds = list(dict.fromkeys(1 + number * 7 % 10 for number in range(60)))
    assert folds != sorted(folds)
    for number, fold in enumerate(task.folds, start=1):
        rest = [
            f"{100000 + i // 2}-{i % 3}-0-{i}.wav"
            for other in folds
            if other != number
            for i in range(60)
            if 1 + i * 7 % 10 == other
        ]
        train, valid = train_test_split(rest, test_size=0.2, random_state=42)
        assert list(labels_of(task, fold.train)) == train
        assert list(labels_of(task, fold.valid)) == valid
    assert task.max_epochs == 100


def test_audio_is_averaged_cut_padded_and_resampled(prepared, tmp_path):
    """Beside scipy's resampling of the same file, away from the ends of the sound."""
    from scipy.signal import resample_poly

    def change(made, served):
        root = made / "ESC-50-master" / "audio"
        time_s = np.arange(6 * 44100) / 44100
        tone = 0.4 * np.sin(2 * np.pi * 440 * time_s)
        soundfile.write(root / "1-1000-A-0.wav", np.stack([tone, 0 * tone], 1), 44100, "FLOAT")
        zipped(made, served / "ESC-50-master.zip")

    assert prepared("esc50", "48000", change=change) == 0
    folder = tmp_path / "data" / "esc50"
    for rate, (up, down) in {16000: (160, 441), 48000: (160, 147)}.items():
        found, _ = soundfile.read(folder / str(rate) / "fold00" / "1-1000-A-0.wav")
        time_s = np.arange(5 * 44100) / 44100
        expected = resample_poly(0.2 * np.sin(2 * np.pi * 440 * time_s), up, down)
        assert found.size == 5 * rate
        inner = slice(rate // 10, -rate // 10)
        assert np.abs(found[inner] - expected[inner]).max() < 2e-4
        short, _ = soundfile.read(folder / str(rate) / "fold00" / "1-1001-A-1.wav")
        assert short.size == 5 * rate
        assert np.abs(short[round(0.25 * rate) :]).max() < 1e-3
    assert json.loads((folder / "task_metadata.json").read_text())["sample_rates"] == [16000, 48000]


def test_unreadable_clips_are_named_counted_and_stay_in_the_task(prepared, tmp_path, caplog):
    def change(made, served):
        root = made / "ESC-50-master" / "audio"
        (root / "1-1000-A-0.wav").write_bytes(b"not audio")
        (root / "3-1001-A-1.wav").unlink()
        zipped(made, served / "ESC-50-master.zip")

    assert prepared("esc50", change=change) == 0
    assert "cannot be read: fold00/1-1000-A-0.wav" in caplog.text
    assert "30 clips (fold00 6, fold01 6" in caplog.text
    assert "2 of them unreadable" in caplog.text
    folder = tmp_path / "data" / "esc50"
    assert len(json.loads((folder / "fold00.json").read_text())) == 5
    task = HearTask(folder).load()
    assert len(task.sounds) == 30
    bad = [c for c in task.sounds.clips(range(30)) if isinstance(c, Unreadable)]
    assert [clip.name for clip in bad] == ["fold00/1-1000-A-0.wav", "fold02/3-1001-A-1.wav"]


def test_an_interrupted_preparation_goes_on(prepared, tmp_path, monkeypatch):
    from eval.tasks import hear_writing

    write, written = hear_writing._write_wave, []

    def stops(path, *arguments):
        if len(written) == 7:
            raise KeyboardInterrupt
        written.append(path)
        write(path, *arguments)

    monkeypatch.setattr(hear_writing, "_write_wave", stops)
    assert prepared("esc50") == 130
    folder = tmp_path / "data" / "esc50"
    with pytest.raises(FileNotFoundError, match=r"only half of it.*make data-esc50"):
        HearTask(folder, command="make data-esc50").load()
    first = {path: path.stat().st_mtime_ns for path in written}
    monkeypatch.setattr(hear_writing, "_write_wave", lambda *a: (written.append(a[0]), write(*a)))
    assert prepared("esc50") == 0
    assert prepared.asked == []
    assert len(written) == 30
    assert {path: path.stat().st_mtime_ns for path in first} == first
    assert len(HearTask(folder).load().sounds) == 30


def test_a_rate_is_added_and_the_others_stay(prepared, tmp_path):
    assert prepared("esc50") == 0
    folder = tmp_path / "data" / "esc50"
    before = HearTask(folder).load().sounds.identity
    assert prepared("esc50", "24000") == 0
    assert HearTask(folder, sample_rate=16000).load().sounds.identity == before
    assert HearTask(folder).load().sounds.clips([0])[0].sample_rate == 24000


def test_the_licence_comes_first(tmp_path, capsys):
    assert command.main(["us8k", "--data", str(tmp_path), "--mirror", "http://x.invalid"]) == 1
    said = capsys.readouterr().err
    assert "error: us8k is under CC BY-NC: https://" in said
    assert "--accept-licence" in said
    assert said.count("\n") == 1


def test_without_a_network_one_line_says_what_to_do(tmp_path, capsys):
    arguments = ["libricount", "--data", str(tmp_path), "--mirror", "http://no-such-host.invalid"]
    assert command.main(arguments) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("error: no-such-host.invalid cannot be reached")
    assert f"{tmp_path}/downloads/libricount/LibriCount10-0dB.zip yourself" in said


def test_an_archive_of_another_layout_is_one_line(prepared, capsys):
    def change(made, served):
        (made / "ESC-50-master" / "meta" / "esc50.csv").unlink()
        zipped(made, served / "ESC-50-master.zip")

    assert prepared("esc50", change=change) == 1
    assert "is not laid out as its authors' archive was" in capsys.readouterr().err


def test_downloads_are_deleted_when_asked(prepared, tmp_path):
    assert prepared("vivae", "--delete-downloads") == 0
    assert not (tmp_path / "data" / "downloads" / "vivae").exists()
    assert len(HearTask(tmp_path / "data" / "vivae").load().sounds) == 66


def test_hears_own_archive_keeps_its_folds(tmp_path):
    """An archive as hear-preprocess packs it: hear-<version>/tasks/<task>/..., at 48 kHz."""
    task = tmp_path / "made" / "hear-2021.0.6" / "tasks" / "tfds_crema_d-1.0.0-full"
    served = tmp_path / "served"
    served.mkdir()
    expected: dict[str, dict[str, list[str]]] = {}
    for number in range(30):
        split, file = f"fold{number * 3 % 5:02d}", f"tfds_id_crema-d-train-tfrecord-{number}.wav"
        wave(task / "48000" / split / file, 5.0 if number == 7 else 0.2, 48000)
        expected.setdefault(split, {})[file] = [["ANG", "HAP", "SAD"][number % 3]]
    for split, clips in expected.items():
        (task / f"{split}.json").write_text(json.dumps(clips))
    table(task / "labelvocabulary.csv", "idx label", [(0, "ANG"), (1, "HAP"), (2, "SAD")])
    theirs = PUBLISHED["crema_d"] | {"task_name": "tfds_crema_d", "splits": sorted(expected)}
    (task / "task_metadata.json").write_text(json.dumps(theirs | {"mode": "full"}))
    name = "hear2021-tfds_crema_d-1.0.0-full-48000"
    shutil.make_archive(str(served / name), "gztar", tmp_path / "made", "hear-2021.0.6")
    with serving(served) as (url, _):
        arguments = ["crema_d", "--data", str(tmp_path / "data"), "--mirror", url, "--from-hear"]
        assert command.main([*arguments, "--rates", "16000", "48000", "--workers", "1"]) == 0
    folder = tmp_path / "data" / "crema_d"
    assert {s: json.loads((folder / f"{s}.json").read_text()) for s in expected} == expected
    loaded = HearTask(folder).load()
    assert len(loaded.folds) == 5
    assert loaded.sounds.clips([0])[0].sample_rate == 48000
    assert command.main(["crema_d", "--data", str(tmp_path / "data")]) == 1


def test_hear_has_no_archive_of_archs_tasks(tmp_path, capsys):
    assert command.main(["us8k", "--data", str(tmp_path), "--from-hear"]) == 1
    assert "only those of esc50, fsd50k, crema_d" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_every_data_set_has_sources_a_licence_and_checksums(name):
    data_set = importlib.import_module(f"scripts.data.{name}").DATA_SET
    assert data_set.task == name
    assert data_set.licence
    assert data_set.licence_url.startswith("https://")
    for source in data_set.stages[0](None):
        assert source.url.endswith(source.file.replace("ESC-50-master", "master"))
        if source.file not in ("VIVAE.zip", "summaryTable.csv"):
            assert len(source.md5 or source.sha256) in (32, 64)
