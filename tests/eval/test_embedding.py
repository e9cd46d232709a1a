"""Embedding a set of sounds: cached, resumable, independent of chunks, memory flat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

import eval.embedding as embedding
from eval.embedders.base import Embedder, FrameEmbedder
from eval.embedding import embed, embed_frames
from eval.sounds.arrays import ArraySounds


@dataclass
class Counting:
    """Mean, peak and length of every sound; frames are tenths of a second."""

    name = "counting"
    sample_rate = 1000.0
    dimension = 3
    licence = "none"
    frame_s = hop_s = 0.1
    identity = "counting 1"
    heard: int = 0
    fails_after: int = 10**9

    def embed(self, audio, sample_rate):
        self.heard += len(audio)
        if self.heard > self.fails_after:
            raise OSError("no space left on device")
        seconds = torch.full((len(audio),), audio.shape[1] / sample_rate)
        return torch.stack([audio.mean(1), audio.abs().amax(1), seconds], 1)

    def embed_frames(self, audio, sample_rate):
        frames = audio.unfold(1, int(0.1 * sample_rate), int(0.1 * sample_rate))
        return torch.stack([frames.mean(2), frames.amax(2), frames.amin(2)], 2)


def sounds(n=150, bad=()):
    rng = np.random.default_rng(0)
    waves = [
        rng.standard_normal(int(rng.integers(200, 1200))).astype(np.float32) for _ in range(n)
    ]
    for index in bad:
        waves[index][3] = np.nan
    return ArraySounds("noises", waves, 1000.0)


def test_the_stand_in_keeps_the_contract():
    assert isinstance(Counting(), Embedder)
    assert isinstance(Counting(), FrameEmbedder)


def test_row_i_is_sound_i():
    noises = sounds()
    found = embed(noises, Counting())
    assert found.vectors.shape == (150, 3)
    for wave, row in zip(noises.waves, found.vectors, strict=True):
        np.testing.assert_allclose(row, [wave.mean(), np.abs(wave).max(), wave.size / 1000], 1e-4)


def test_the_second_time_nothing_is_computed(tmp_path):
    embedder, seen = Counting(), []
    first = embed(sounds(), embedder, tmp_path)
    second = embed(sounds(), embedder, tmp_path, progress=seen.append)
    assert embedder.heard == 150
    assert seen == [150]
    np.testing.assert_array_equal(first.vectors, second.vectors)
    assert isinstance(second.vectors, np.memmap)


def test_another_length_of_clips_is_another_embedding(tmp_path):
    embedder = Counting()
    embed(sounds(), embedder, tmp_path)
    cut = embed(sounds(), embedder, tmp_path, clip_s=0.5)
    assert embedder.heard == 300
    np.testing.assert_allclose(cut.vectors[:, 2], 0.5)


def test_chunks_and_batches_change_nothing(monkeypatch):
    whole = embed(sounds(), Counting()).vectors
    monkeypatch.setattr(embedding, "CHUNK", 7)
    monkeypatch.setattr(embedding, "BATCH_SAMPLES", 1500)
    np.testing.assert_array_equal(embed(sounds(), Counting()).vectors, whole)


def test_an_interrupted_extraction_goes_on(tmp_path):
    with pytest.raises(OSError, match="no space left"):
        embed(sounds(), Counting(fails_after=100), tmp_path)
    rest = Counting()
    found = embed(sounds(), rest, tmp_path)
    assert 0 < rest.heard < 150
    np.testing.assert_array_equal(found.vectors, embed(sounds(), Counting()).vectors)
    assert not list(tmp_path.rglob("parts"))


def test_sounds_that_cannot_be_read_are_named_and_have_no_vector(tmp_path):
    found = embed(sounds(bad=(3, 70)), Counting(), tmp_path)
    assert [item.name for item in found.unreadable] == ["3", "70"]
    assert np.isnan(found.vectors[[3, 70]]).all()
    assert set(range(150)) - set(found.readable.tolist()) == {3, 70}
    assert np.isfinite(found.vectors[found.readable]).all()


def test_frames_follow_one_another(tmp_path):
    noises = sounds(n=70, bad=(5,))
    found = embed_frames(noises, Counting(), tmp_path)
    assert found.starts[0] == 0
    assert found.starts[-1] == len(found.vectors)
    assert found.starts[6] == found.starts[5]
    frames = noises.waves[9][:100]
    np.testing.assert_allclose(found.vectors[found.starts[9]][1], frames.max(), 1e-6)


def test_a_vector_that_is_not_finite_is_an_error_that_names_the_sound():
    class Broken(Counting):
        def embed(self, audio, sample_rate):
            return super().embed(audio, sample_rate) / 0.0

    with pytest.raises(ValueError, match="counting gives vectors that are not finite for 0"):
        embed(sounds(n=3), Broken())


def test_an_empty_set_is_an_error():
    with pytest.raises(ValueError, match="nothing to embed"):
        embed(ArraySounds("none", [], 1000.0), Counting())
