"""Random patches and pairs as sets of sounds."""

import jax
import numpy as np
import pytest
from scipy import stats

from doppel.pairs import FixedPairs
from doppel.perturbations.scaled import Only
from eval.harness import audio
from eval.sounds.base import Sounds
from scripts.sounds.pairs import PairSounds
from scripts.sounds.patches import SynthSounds, uniform
from synth.config import SynthConfig
from synth.synth import OneOsc, ShapedNoise

CONFIG = SynthConfig(sample_rate=8000, buffer_size_seconds=0.1)
NOISE = ShapedNoise(CONFIG)


def waves(sounds, indices):
    return np.stack([clip.wave for clip in sounds.clips(indices)])


@pytest.mark.parametrize(
    "sounds",
    [SynthSounds(NOISE, 150, seed=3), PairSounds(NOISE, 75, side="both"), PairSounds(NOISE, 150)],
    ids=["patches", "both views", "first views"],
)
def test_a_sound_depends_on_its_number_alone(sounds):
    assert isinstance(sounds, Sounds)
    assert len(sounds) == 150
    every = waves(sounds, range(150))
    assert every.shape == (150, 800)
    assert every.dtype == np.float32
    chosen = [149, 3, 64, 3]
    np.testing.assert_array_equal(waves(sounds, chosen), every[chosen])
    assert [clip.name for clip in sounds.clips(chosen)] == ["149", "3", "64", "3"]
    assert sounds.clips([]) == []
    for wrong in (-1, 150):
        with pytest.raises(IndexError, match=f"sound {wrong} of 150"):
            sounds.clips([0, wrong])


def test_more_sounds_change_none_and_another_seed_changes_all():
    few, many = SynthSounds(NOISE, 10), SynthSounds(NOISE, 100)
    np.testing.assert_array_equal(waves(few, range(10)), waves(many, range(10)))
    other = waves(SynthSounds(NOISE, 10, seed=1), range(10))
    assert not (waves(few, range(10)) == other).all(1).any()
    identities = {
        SynthSounds(NOISE, 10).identity,
        SynthSounds(NOISE, 10, seed=1).identity,
        SynthSounds(NOISE, 10, sample_rate=4000).identity,
        SynthSounds(OneOsc(CONFIG), 10).identity,
        SynthSounds(NOISE.clone(settings={"adsr.attack": 0.1}), 10).identity,
        PairSounds(NOISE, 10).identity,
        PairSounds(NOISE, 10, delta=0.1).identity,
        PairSounds(NOISE, 10, side="second").identity,
    }
    assert len(identities) == 8


def test_patches_are_uniform_and_their_noise_their_own():
    theta, keys = uniform(6, 0, "patches")(np.arange(1000, dtype=np.int32))
    for column in np.asarray(theta, np.float64).T:
        assert stats.kstest(column, "uniform").pvalue > 1e-4
    assert len(np.unique(np.asarray(jax.random.key_data(keys)), axis=0)) == 1000
    for other in (uniform(6, 0, "task a"), uniform(6, 1, "patches")):
        apart = np.asarray(other(np.arange(1000, dtype=np.int32))[0])
        assert np.abs(np.corrcoef(apart.T, theta.T)[:6, 6:]).max() < 0.15


def test_a_set_may_be_rendered_at_one_rate_and_given_at_another():
    settings = {"n": 64, "seed": 1}
    full, clips = (
        SynthSounds(OneOsc(CONFIG), sample_rate=rate, **settings).clips(range(64))
        for rate in (None, 6000)
    )
    for clip, whole in zip(clips, full, strict=True):
        assert clip.sample_rate == 6000
        assert clip.wave.size == 600
        np.testing.assert_array_equal(clip.wave, audio.resample(whole.wave, 8000, 6000))


def test_the_views_are_those_of_the_fixed_pairs():
    pairs = FixedPairs(NOISE, seed=2, delta=0.1, n=64).pairs(range(64))
    first = PairSounds(NOISE, 64, 0.1, "first", seed=2)
    second = PairSounds(NOISE, 64, 0.1, "second", seed=2)
    both = PairSounds(NOISE, 64, 0.1, "both", seed=2)
    np.testing.assert_array_equal(waves(first, range(64)), pairs.first)
    np.testing.assert_array_equal(waves(second, range(64)), pairs.second)
    np.testing.assert_array_equal(waves(both, range(0, 128, 2)), pairs.first)
    np.testing.assert_array_equal(waves(both, range(1, 128, 2)), pairs.second)
    assert first.name == "shapednoise pairs at 0.1, first"


def test_without_distance_and_with_one_noise_both_views_are_one_sound():
    sounds = PairSounds(NOISE, 64, delta=0.0, side="both", noise="fixed")
    both = waves(sounds, range(128))
    np.testing.assert_array_equal(both[0::2], both[1::2])


def test_a_perturbation_may_speak_of_parameters_by_name():
    moved = PairSounds(NOISE, 64, perturbation=Only(("keyboard.midi_f0",)), noise="fixed")
    theta = np.asarray(moved._pairs.parameters(range(64)).theta)
    spread = np.ptp(np.asarray(moved._pairs.parameters(range(64)).first) - theta, axis=0)
    assert [p.name for p, s in zip(NOISE.parameters, spread, strict=True) if s] == [
        "keyboard.midi_f0"
    ]
    assert moved.identity != PairSounds(NOISE, 64, noise="fixed").identity


def test_what_cannot_be_a_set_is_refused():
    with pytest.raises(ValueError, match="at least 1 sound, got n = 0"):
        SynthSounds(NOISE, 0)
    with pytest.raises(ValueError, match="sample_rate must be positive, got 0"):
        SynthSounds(NOISE, 1, sample_rate=0)
    with pytest.raises(ValueError, match=r"delta must be 0 or more, got -1"):
        PairSounds(NOISE, 1, delta=-1.0)
    published = ShapedNoise(
        SynthConfig(sample_rate=8000, buffer_size_seconds=0.1, compat="synthax")
    )
    with pytest.raises(ValueError, match="a set has no sounds of their own: leave compat out"):
        SynthSounds(published, 4).clips([0])
