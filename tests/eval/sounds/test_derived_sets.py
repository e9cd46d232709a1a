"""Subsets, segments and dense mixtures of sets of sounds."""

import numpy as np
import pytest
from scipy import stats

from eval.sounds.arrays import ArraySounds
from eval.sounds.base import Clip, Sounds, Unreadable
from eval.sounds.mixtures import Mixtures, mix
from eval.sounds.segments import Segments
from eval.sounds.subset import Subset

RATE = 100


def ramps(n=40, seconds=10.0):
    """Sounds whose samples say where they are from: number of the sound + time / 1000."""
    waves = [
        (index + np.arange(round(seconds * RATE)) / 1e3).astype(np.float32) / n
        for index in range(n)
    ]
    return ArraySounds("ramps", waves, RATE)


def broken():
    """A set whose second sound cannot be read."""
    good = np.ones(50, np.float32)
    return ArraySounds("broken", [good, np.full(9, np.nan, np.float32), good], RATE)


SETS = {
    "subset": lambda seed: Subset(ramps(), 30, seed),
    "segments": lambda seed: Segments(ramps(), 1.0, seed),
    "mixtures": lambda seed: Mixtures(ramps(), 5.0, seed=seed),
}


@pytest.mark.parametrize("kind", SETS)
def test_a_sound_depends_on_its_number_and_the_seed_alone(kind):
    sounds = SETS[kind](0)
    assert isinstance(sounds, Sounds)
    every = sounds.clips(range(len(sounds)))
    for index in (7, 0, 29):
        clip = sounds.clips([3, index])[1]
        assert clip.name == every[index].name
        np.testing.assert_array_equal(clip.wave, every[index].wave)
    other = SETS[kind](1)
    assert other.identity != sounds.identity
    same = [np.array_equal(a.wave, b.wave) for a, b in zip(every, other.clips(range(30)))]  # noqa: B905
    assert np.mean(same) < 0.5


@pytest.mark.parametrize("kind", SETS)
def test_identities_follow_the_sounds_and_the_settings(kind):
    made = type(SETS[kind](0))
    settings = {"n": 5} if made is Subset else {"seconds": 2.0}
    plain = made(ramps())
    assert made(ramps(seconds=4.0)).identity != plain.identity
    assert made(ramps(), **settings).identity != plain.identity
    assert made(ramps(), seed=0).identity == plain.identity


def test_a_subset_has_each_sound_once_and_all_where_more_are_asked_for():
    names = [clip.name for clip in Subset(ramps(), 30).clips(range(30))]
    assert len(set(names)) == 30
    assert names == sorted(names, key=int)
    for n in (None, 40, 1000):
        assert len(Subset(ramps(), n)) == 40
    with pytest.raises(IndexError, match="sound 30 of 30 in ramps"):
        Subset(ramps(), 30).clips([30])
    counts = np.zeros(40)
    for seed in range(200):
        counts[Subset(ramps(), 10, seed)._chosen] += 1
    assert stats.chisquare(counts).pvalue > 1e-4


def test_unreadable_sounds_stay_so():
    for sounds in (Subset(broken(), 3), Segments(broken()), Mixtures(broken())):
        kinds = [type(clip) for clip in sounds.clips([0, 1, 2])]
        assert kinds[1] is Unreadable
        assert kinds.count(Unreadable) == 1


def test_a_segment_is_a_stretch_of_its_sound_from_anywhere_in_it():
    sounds = Segments(ramps(200), 1.0)
    starts = []
    for index, clip in enumerate(sounds.clips(range(200))):
        whole = ramps(200).clips([index])[0].wave
        assert clip.wave.size == RATE
        start = int(np.argmin(np.abs(whole - clip.wave[0])))
        np.testing.assert_array_equal(clip.wave, whole[start : start + RATE])
        starts.append(start)
    assert stats.kstest(starts, stats.randint(0, 901).cdf).pvalue > 1e-3


def test_a_sound_that_is_too_short_is_followed_by_silence():
    wave = np.float32([0.1, 0.2, 0.3])
    sounds = ArraySounds("short", [wave, wave[:1], np.ones(RATE, np.float32)], RATE)
    for clip, source in zip(Segments(sounds).clips([0, 1, 2]), sounds.waves, strict=True):
        np.testing.assert_array_equal(clip.wave, np.pad(source, (0, RATE - source.size)))
    mixed = Mixtures(sounds, 5.0).clips([0])[0]
    np.testing.assert_array_equal(mixed.wave, np.pad(wave, (0, RATE - 3)))


def test_lengths_follow_rates_that_are_not_whole():
    sounds = ArraySounds("odd", [np.zeros(500, np.float32)], 44.1)
    assert Segments(sounds, 1.5).clips([0])[0].wave.size == round(1.5 * 44.1)
    assert Mixtures(sounds, 5.0).clips([0])[0].wave.size == 44


def test_a_mixture_of_all_of_a_sound_is_the_sum_of_its_seconds():
    """Each sample is the sum of the samples that lie whole seconds apart."""
    wave = np.random.default_rng(0).uniform(-0.05, 0.05, 10 * RATE).astype(np.float32)
    mixed = mix(wave, 10, RATE, np.random.default_rng(0))
    expected = [sum(float(wave[k * RATE + i]) for k in range(10)) for i in range(RATE)]
    np.testing.assert_allclose(mixed, expected, atol=1e-7)


def test_five_of_ten_seconds_are_neighbours_from_anywhere():
    starts = set()
    wave = np.zeros(10 * RATE, np.float32)
    wave[:] = np.arange(wave.size) * 1e-5
    for seed in range(40):
        mixed = mix(wave, 5, RATE, np.random.default_rng(seed))
        start = round(float((mixed[0] / 1e-5 - RATE * 10) / 5))
        starts.add(start)
        np.testing.assert_allclose(mixed, (5 * (start + np.arange(RATE)) + 1000) * 1e-5, rtol=1e-4)
    assert min(starts) < 100
    assert max(starts) > 400
    assert max(starts) <= 500


def test_a_mixture_never_passes_full_scale_and_keeps_its_proportions():
    loud = np.tile(np.linspace(-0.8, 0.9, RATE, dtype=np.float32), 10)
    mixed = mix(loud, 10, RATE, np.random.default_rng(0))
    assert np.abs(mixed).max() == 1.0
    np.testing.assert_allclose(mixed, loud[:RATE] / 0.9, atol=1e-6)


def test_power_keeps_the_level_of_independent_segments():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=10 * 16000).astype(np.float32) * 0.05
    mixed = mix(noise, 10, 16000, rng, level="power")
    assert mixed.std() == pytest.approx(noise.std(), rel=0.02)
    assert mix(noise, 10, 16000, rng).std() == pytest.approx(np.sqrt(10) * noise.std(), rel=0.02)
    # Silence behind a sound of two seconds is not counted.
    short = mix(noise[:32000], 10, 16000, rng, level="power")
    assert short.std() == pytest.approx(noise.std(), rel=0.02)


def test_other_sounds_follow_a_short_one_where_that_is_asked_for():
    """Sounds that hold their own number: what a mixture is of can be read off its sum."""
    waves = [np.full(60 + 10 * n, 2.0**-n, np.float32) for n in range(1, 5)]
    waves.append(np.full(200, 2.0**-5, np.float32))
    sounds = ArraySounds("numbers", waves, 100.0)
    mixed = Mixtures(sounds, seconds=2.0, segment_s=1.0, fill="others").clips(range(5))
    silent = Mixtures(sounds, seconds=2.0, segment_s=1.0).clips(range(5))
    for number, (clip, other) in enumerate(zip(mixed, silent, strict=True)):
        assert isinstance(clip, Clip)
        assert isinstance(other, Clip)
        # The first sample is the sound's own, with what lies a second later.
        others = {2.0**-n for n in range(1, 6)} - {float(waves[number][0])}
        assert float(clip.wave[0] - waves[number][0]) in (others if number < 4 else {2.0**-5})
        assert (clip.wave != other.wave).any() == (number < 4)


def test_wrong_settings_are_refused():
    for made, message in (
        (lambda: Subset(ramps(), 0), "at least 1 sound, got n = 0"),
        (lambda: Segments(ramps(), 0.0), r"longer than nothing, got 0\.0 s"),
        (lambda: Mixtures(ramps(), 0.2), r"0\.2 s in segments of 1\.0 s has none"),
        (lambda: Mixtures(ramps(), 5.0, 0.0), r"in segments of 0\.0 s has none"),
    ):
        with pytest.raises(ValueError, match=message):
            made()
    with pytest.raises(ValueError, match="got 0 of 10"):
        mix(np.zeros(5, np.float32), 0, 10, np.random.default_rng(0))
