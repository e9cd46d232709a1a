"""Tables of descriptors: workers, the cache, interruptions, sounds that cannot be read."""

import numpy as np
import pytest

from eval.descriptors.chunks import CHUNK, chosen
from eval.descriptors.compression import compression_ratio
from eval.descriptors.extract import extractor
from eval.descriptors.settings import DESCRIPTORS, DescriptorSettings
from eval.descriptors.table import describe
from eval.sounds.arrays import ArraySounds
from eval.sounds.base import Clip, Unreadable
from tests.eval.descriptors.signals import noise, tone

RATE = 16000.0


class Counted:
    """A set that counts how often a sound is asked for, and can stop in the middle."""

    def __init__(self, n_sounds, stop_at=None, bad=()):
        self.name, self.n_sounds, self.stop_at, self.bad = "counted", n_sounds, stop_at, bad
        self.asked = []

    identity = "counted 1"

    def __len__(self):
        return self.n_sounds

    def clips(self, indices):
        self.asked += indices
        if self.stop_at is not None and len(self.asked) > self.stop_at:
            raise KeyboardInterrupt
        return [
            Unreadable(f"{i}.wav", "cut short")
            if i in self.bad
            else Clip(f"{i}.wav", noise(0.05, RATE, seed=i), RATE)
            for i in indices
        ]


def test_a_row_is_what_the_extractor_and_the_encoder_give():
    waves = [tone(300.0, [0.3, 0.2], rate=RATE, seconds=0.3), noise(0.2, RATE)]
    table = describe(ArraySounds("two", waves, RATE, ["tone", "noise"]))
    assert table.names == ("tone", "noise")
    assert table.values.shape == (2, len(DESCRIPTORS))
    for row, wave in zip(table.values, waves, strict=True):
        expected = extractor(DescriptorSettings()).describe(wave, RATE)
        np.testing.assert_array_equal(row[:-1], expected)
        assert row[-1] == compression_ratio(wave, RATE)
    np.testing.assert_array_equal(table.column("flux"), table.values[:, DESCRIPTORS.index("flux")])
    with pytest.raises(KeyError, match="'loudness' is no descriptor"):
        table.column("loudness")


def test_workers_change_nothing():
    sounds = Counted(2 * CHUNK + 5)
    alone, together = (describe(sounds, workers=workers) for workers in (1, 2))
    np.testing.assert_array_equal(alone.values, together.values)
    assert alone.names == together.names


def test_what_was_computed_is_not_computed_again(tmp_path):
    first, again = Counted(CHUNK + 3), Counted(CHUNK + 3)
    table = describe(first, cache=tmp_path)
    same = describe(again, cache=tmp_path)
    assert not again.asked
    np.testing.assert_array_equal(table.values, same.values)
    assert table.names == same.names
    other = Counted(CHUNK + 3)
    describe(other, DescriptorSettings(hop_size=512), cache=tmp_path)
    assert len(other.asked) == CHUNK + 3


def test_an_interrupted_call_goes_on_where_it_was(tmp_path):
    stopped = Counted(3 * CHUNK, stop_at=2 * CHUNK)
    with pytest.raises(KeyboardInterrupt):
        describe(stopped, cache=tmp_path)
    resumed = Counted(3 * CHUNK)
    done = []
    table = describe(resumed, cache=tmp_path, progress=done.append)
    assert len(resumed.asked) == CHUNK
    assert done == [CHUNK, 2 * CHUNK, 3 * CHUNK]
    np.testing.assert_array_equal(table.values, describe(Counted(3 * CHUNK)).values)


def test_a_damaged_file_of_the_cache_is_computed_again(tmp_path):
    table = describe(Counted(4), cache=tmp_path)
    (path,) = tmp_path.rglob("*.npz")
    path.write_bytes(path.read_bytes()[:100])
    again = Counted(4)
    np.testing.assert_array_equal(describe(again, cache=tmp_path).values, table.values)
    assert len(again.asked) == 4


def test_sounds_that_cannot_be_read_are_named_and_counted(tmp_path):
    for _ in range(2):  # computed, then from the cache
        table = describe(Counted(5, bad=(1, 3)), cache=tmp_path)
        assert [item.name for item in table.unreadable] == ["1.wav", "3.wav"]
        assert table.unreadable[0].reason == "cut short"
        assert np.isnan(table.values[[1, 3]]).all()
        assert np.isfinite(table.column("centroid")[[0, 2, 4]]).all()
        assert table.undefined("centroid") == 0
    only_bad = describe(Counted(2, bad=(0, 1)))
    assert np.isnan(only_bad.values).all()
    assert only_bad.undefined("flux") == 0


def test_samples_that_are_not_finite_and_silence():
    class Wild(Counted):
        def clips(self, indices):
            waves = [np.full(4000, np.nan), np.zeros(4000), noise(0.25, RATE)]
            return [Clip(str(i), np.float32(waves[i]), RATE) for i in indices]

    table = describe(Wild(3))
    assert [item.name for item in table.unreadable] == ["0"]
    assert "not finite" in table.unreadable[0].reason
    assert table.undefined("centroid") == 1
    assert table.column("compression_ratio")[1] > 15


def test_an_empty_set_is_refused():
    with pytest.raises(ValueError, match="counted holds no sounds"):
        describe(Counted(0))


def test_a_choice_is_random_without_repetition_and_the_same_for_a_seed():
    some = chosen(1000, 100, seed=3)
    assert len(set(some)) == 100
    assert some == chosen(1000, 100, seed=3) != chosen(1000, 100, seed=4)
    assert chosen(1000, 300, seed=3)[:100] == some
    assert abs(np.mean(chosen(10_000, 1000, seed=0)) - 5000) < 500
    table = describe(Counted(40), n_sounds=3, seed=1)
    assert table.numbers == tuple(chosen(40, 3, seed=1))
    assert table.names == tuple(f"{i}.wav" for i in table.numbers)
