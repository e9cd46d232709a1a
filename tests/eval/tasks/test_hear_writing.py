"""Audio written in HEAR's layout, and what is refused before it is."""

from __future__ import annotations

import csv
import hashlib
import os

import numpy as np
import pytest

from eval.harness import audio
from eval.tasks.hear_writing import HearClip, write_hear_task
from eval.tasks.published import published_metadata


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def clips(tmp_path):
    made = []
    for number in range(6):
        path = tmp_path / "source" / f"{number}.flac"
        wave = np.random.default_rng(number).uniform(-0.9, 0.9, 800 + 700 * number)
        audio.write(path, wave, 8000)
        made.append(HearClip(f"fold{number % 3:02d}", f"{number}.wav", (10 - number % 2,), path))
    return made


METADATA = published_metadata("vocal_imitation") | {"sample_duration": 0.25}


def test_workers_write_the_same_files(tmp_path, clips):
    done = []
    for workers, folder in ((1, "a"), (2, "b")):
        assert not write_hear_task(tmp_path / folder, METADATA, clips, [8000], workers, done.append)
    assert sum(done) == 12
    names = [p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file()]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    with open(tmp_path / "a" / "labelvocabulary.csv") as handle:
        assert [row["label"] for row in csv.DictReader(handle)] == ["9", "10"]
    for line in (tmp_path / "a" / "checksums.txt").read_text().splitlines():
        digest, size, file = line.split()
        data = (tmp_path / "a" / file).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (digest, int(size))


def test_samples_are_cut_and_padded_but_not_changed(tmp_path, clips):
    write_hear_task(tmp_path / "a", METADATA, clips, [8000])
    for clip in clips:
        source, _ = audio.read(clip.source)
        found, rate = audio.read(tmp_path / "a" / "8000" / clip.split / clip.file)
        assert (rate, found.size) == (8000.0, 2000)
        kept = min(source.size, 2000)
        assert np.array_equal(found[:kept], source[:kept])
        assert not found[kept:].any()


def test_what_is_refused(tmp_path, clips):
    def refuses(match, given=clips, metadata=METADATA, rates=(8000,), kind=ValueError):
        with pytest.raises(kind, match=match):
            write_hear_task(tmp_path / "a", metadata, given, rates)

    refuses(r"two clips are called fold00/0\.wav", [*clips, clips[0]])
    refuses("not of the metadata's", [HearClip("train", "a.wav", (1,), tmp_path)])
    refuses(r"ends in \.wav", [HearClip("fold00", "b/a.wav", (1,), tmp_path)])
    refuses("there is no clip", [])
    refuses("sample rates", rates=())
    refuses("not one of 1 clips can be read", [HearClip("fold00", "a.wav", (1,), tmp_path / "x")])
    (tmp_path / "a").mkdir(exist_ok=True)
    write_hear_task(tmp_path / "a", METADATA, clips, [8000])
    refuses("delete that folder", metadata=METADATA | {"sample_duration": 0.5})


def test_a_disk_that_is_too_small_is_told_before(tmp_path, clips, monkeypatch):
    import shutil

    usage = shutil.disk_usage(tmp_path)
    needed = 6 * 0.25 * 8000 * 4
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=needed - 1))
    with pytest.raises(OSError, match=r"needs 0\.0 GB and its disk has 0\.0 GB left"):
        write_hear_task(tmp_path / "a", METADATA, clips, [8000])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=needed))
    assert not write_hear_task(tmp_path / "a", METADATA, clips, [8000])
