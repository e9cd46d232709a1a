"""A thinned task keeps the splits and the labels of the whole one."""

import numpy as np
import pytest

from eval.embedding import embed
from eval.sounds.arrays import ArraySounds
from eval.tasks.base import Fold, Task
from eval.tasks.thinned import thinned


def a_task(n=60, n_labels=3, n_folds=3):
    waves = [np.full(4, i / n, np.float32) for i in range(n)]
    everything = range(n)
    folds = tuple(
        Fold(
            f"fold {place}",
            tuple(i for i in everything if i % n_folds != place),
            (),
            tuple(i for i in everything if i % n_folds == place),
        )
        for place in range(n_folds)
    )
    labels = tuple((i // n_folds % n_labels,) for i in everything)
    sounds = ArraySounds("steps", waves, 16000.0)
    return Task("steps", sounds, labels, ("a", "b", "c"), "multiclass", ("top1_acc",), folds)


def test_every_part_keeps_as_many_sounds_spread_over_the_labels():
    whole = a_task()
    task = thinned(whole, 6)
    assert len(task.sounds) == 18
    for fold in task.folds:
        assert (len(fold.train), len(fold.test)) == (12, 6)
        assert sorted(task.labels[i][0] for i in fold.test) == [0, 0, 1, 1, 2, 2]
    for place, clip in enumerate(task.sounds.clips(range(18))):
        original = int(clip.name)
        assert whole.labels[original] == task.labels[place]
        in_test = [original in fold.test for fold in whole.folds]
        assert in_test == [place in fold.test for fold in task.folds]


def test_a_seed_draws_and_the_identity_says_which():
    whole = a_task()
    assert thinned(whole, 6).sounds.identity == thinned(whole, 6).sounds.identity
    assert thinned(whole, 6).sounds.identity != thinned(whole, 6, seed=1).sounds.identity
    assert thinned(whole, None) is whole
    assert len(thinned(whole, 1000).sounds) == 60
    with pytest.raises(ValueError, match="at least 1 sound"):
        thinned(whole, 0)
    with pytest.raises(IndexError):
        thinned(whole, 6).sounds.clips([18])


def test_a_thinned_task_is_embedded_like_any():
    class Level:
        name, sample_rate, dimension, licence, identity = "level", 16000.0, 1, "none", "level"

        def embed(self, audio, sample_rate):
            return audio.mean(dim=1, keepdim=True)

    task = thinned(a_task(), 4)
    vectors = embed(task.sounds, Level()).vectors
    expected = [clip.wave.mean() for clip in task.sounds.clips(range(len(task.sounds)))]
    np.testing.assert_allclose(vectors[:, 0], expected, rtol=1e-6)
