"""Folders and lists of files as sets of sounds."""

from __future__ import annotations

import numpy as np
import pytest

from eval.harness import audio
from eval.sounds.arrays import ArraySounds
from eval.sounds.base import Clip, Sounds, Unreadable
from eval.sounds.folder import FolderSounds


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(6):
        wave = rng.uniform(-0.5, 0.5, 200 + number).astype(np.float32)
        place = tmp_path / ("low" if number % 2 else "high")
        place.mkdir(exist_ok=True)
        audio.write(place / f"{number}.wav", wave, 8000 + number)
    (tmp_path / "notes.txt").write_text("no sound")
    (tmp_path / ".hidden").mkdir()
    audio.write(tmp_path / ".hidden" / "x.wav", np.zeros(5, np.float32), 8000)
    return tmp_path


def test_files_come_in_the_order_of_their_names_at_their_own_rate(folder):
    sounds = FolderSounds(folder)
    assert isinstance(sounds, Sounds)
    assert len(sounds) == 6
    clips = sounds.clips(range(6))
    assert [clip.name for clip in clips] == [
        "high/0.wav", "high/2.wav", "high/4.wav", "low/1.wav", "low/3.wav", "low/5.wav",
    ]  # fmt: skip
    assert all(isinstance(clip, Clip) for clip in clips)
    assert isinstance(clips[0], Clip)
    assert clips[0].sample_rate == 8000


def test_a_damaged_file_is_named_and_the_others_are_read(folder):
    (folder / "low" / "1.wav").write_bytes(b"RIFF")
    clips = FolderSounds(folder).clips([2, 3, 4])
    assert isinstance(clips[1], Unreadable)
    assert clips[1].name == "low/1.wav"
    assert "cannot be read" in clips[1].reason
    assert isinstance(clips[0], Clip)
    assert isinstance(clips[2], Clip)


def test_identity_follows_names_and_content(folder):
    before = FolderSounds(folder).identity
    assert FolderSounds(folder, name="other").identity == before
    audio.write(folder / "low" / "1.wav", np.ones(201, np.float32) / 2, 8001)
    assert FolderSounds(folder).identity != before


def test_a_draw_is_seeded_and_one_more_file_moves_no_other(folder):
    def names(seed):
        return {clip.name for clip in FolderSounds(folder, limit=3, seed=seed).clips(range(3))}

    assert names(0) == names(0)
    assert any(names(seed) != names(0) for seed in range(1, 6))
    before = names(0)
    audio.write(folder / "more.wav", np.ones(9, np.float32) / 2, 8000)
    assert len(before - names(0)) <= 1


@pytest.mark.parametrize("number", [-1, 6])
def test_a_number_outside_is_an_error(folder, number):
    with pytest.raises(IndexError, match="of 6"):
        FolderSounds(folder).clips([number])
    with pytest.raises(IndexError, match="of 1"):
        ArraySounds("one", [np.ones(3, np.float32)], 8000.0).clips([number])


def test_a_folder_that_is_not_there_or_holds_no_sound_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder of sounds"):
        len(FolderSounds(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match="no audio"):
        len(FolderSounds(tmp_path))
