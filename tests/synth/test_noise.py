"""Noise: uniform, white, one stream a key, the same in any batch and at any control rate."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal, stats

from synth.config import SynthConfig
from synth.modules.base import SynthModule
from synth.modules.mixer import AudioMixer
from synth.modules.noise import Noise
from synth.parameter import Range
from synth.synth import ShapedNoise, Synth
from tests.synth.family import random_theta, theta_of

RATE = 16000


class OnlyNoise(Synth):
    """Two noise generators and no parameters but their levels."""

    first: int = 0
    second: int = 1

    def modules(self) -> dict[str, SynthModule]:
        c = self.config
        return {
            "one": Noise(c, seed=self.first),
            "two": Noise(c, seed=self.second),
            "mixer": AudioMixer(c, inputs=("one", "two"), levels={"two": Range(-1.0, 1.0)}),
        }

    def wire(self, modules):
        return modules["mixer"](modules["one"](), modules["two"]())


def noise(keys=None, batch=1, levels=(1.0, 0.5), seconds=1.0, control_rate=None, **seeds):
    """The two generators, mixed with levels in [0, 1] (1/2 is silence for the second)."""
    config = SynthConfig(sample_rate=RATE, buffer_size_seconds=seconds, control_rate=control_rate)
    theta = jnp.broadcast_to(jnp.array(levels, jnp.float32), (batch, 2))
    return np.asarray(OnlyNoise(config=config, **seeds).render(theta, keys), np.float64)


def keys(n, seed=0):
    return jax.random.split(jax.random.PRNGKey(seed), n)


@pytest.fixture(scope="module")
def sounds():
    """64 seconds of noise, one key each."""
    return noise(keys(64), 64)


def test_it_is_uniform(sounds):
    assert sounds.min() >= -1
    assert sounds.max() <= 1
    # The mixer divides nothing: no sample is beyond 1. A million samples: 1.95/sqrt(n) is 0.1 %.
    distance = stats.kstest(sounds.ravel(), stats.uniform(-1, 2).cdf).statistic
    assert distance < 1.95 / np.sqrt(sounds.size)
    assert sounds.mean() == pytest.approx(0, abs=4 / np.sqrt(3 * sounds.size))
    assert sounds.var() == pytest.approx(1 / 3, rel=5e-3)


def test_it_is_white(sounds):
    _, power = signal.welch(sounds.ravel(), nperseg=512, detrend=False)
    inner = power[1:-1]
    # About 4,000 averages: a standard error of 1.6-2 %.
    np.testing.assert_allclose(inner / inner.mean(), 1, atol=0.09)
    flat = sounds.ravel()
    lags = np.array([flat[:-lag] @ flat[lag:] for lag in (1, 2, 3, 16, 100, 160, 1000)])
    assert np.abs(lags / (flat @ flat)).max() < 4.5 / np.sqrt(flat.size)


def test_each_key_has_its_own(sounds):
    between = np.corrcoef(sounds) - np.eye(64)
    assert np.abs(between).max() < 4.5 / np.sqrt(RATE)


def test_neighbouring_keys_are_independent():
    raw = jnp.stack([jnp.zeros(64, jnp.uint32), jnp.arange(64, dtype=jnp.uint32)], axis=1)
    for words in (raw, raw[:, ::-1]):
        made = noise(words, 64)
        assert np.abs(np.corrcoef(made) - np.eye(64)).max() < 4.5 / np.sqrt(RATE)
        # Nor is one another's, shifted.
        spectra = np.fft.rfft(made, 2 * RATE)
        shifted = np.fft.irfft(spectra[0].conj() * spectra[1:9])
        assert np.abs(shifted).max() / (RATE / 3) < 6 / np.sqrt(RATE)


def test_a_sound_has_the_same_noise_in_any_batch(sounds):
    np.testing.assert_array_equal(noise(keys(64)[7:8], 1)[0], sounds[7])
    np.testing.assert_array_equal(noise(keys(64)[5:8], 3)[2], sounds[7])


def test_a_longer_sound_begins_like_a_short_one(sounds):
    short = noise(keys(64)[:2], 2, seconds=0.1)
    np.testing.assert_array_equal(short, sounds[:2, : RATE // 10])


@pytest.mark.parametrize("control_rate", [480.0, 137.7])
def test_it_does_not_depend_on_the_control_rate(sounds, control_rate):
    np.testing.assert_array_equal(noise(keys(64)[:2], 2, control_rate=control_rate), sounds[:2])


def test_typed_and_raw_keys_are_the_same():
    typed = jax.random.split(jax.random.key(3), 2)
    np.testing.assert_array_equal(noise(typed, 2), noise(jax.random.key_data(typed), 2))


def test_without_keys_all_sounds_share_one_fixed_noise():
    made = noise(None, 3)
    np.testing.assert_array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[0], made[2])
    np.testing.assert_array_equal(made, noise(None, 3))
    assert np.var(made[0]) == pytest.approx(1 / 3, rel=0.05)


@pytest.mark.parametrize("keyed", [True, False])
def test_generators_with_other_seeds_make_other_noise(keyed):
    k = keys(1) if keyed else None
    one, two = noise(k, levels=(1, 0.5))[0], noise(k, levels=(0, 1))[0]
    assert abs(np.corrcoef(one, two)[0, 1]) < 4.5 / np.sqrt(RATE)
    same = noise(k, levels=(0.5, 0.25), first=4, second=4)
    np.testing.assert_allclose(same, 0, atol=1e-7)


def test_the_level_follows_envelope_and_mixer():
    synth = ShapedNoise(config=SynthConfig(sample_rate=RATE, buffer_size_seconds=0.5))
    steady = {
        "keyboard__duration": 4.0,
        "adsr__alpha": 1.0,
        "adsr__sustain": 1.0,
        "mod_matrix__adsr_to_noise_amp": 0.5,
        "mixer__noise": 0.5,
    }
    (made,) = np.asarray(synth.render(theta_of(synth, **steady)))
    assert np.abs(made).max() == pytest.approx(0.25, rel=1e-2)
    (silent,) = np.asarray(synth.render(theta_of(synth, **{**steady, "mixer__noise": 0.0})))
    np.testing.assert_array_equal(silent, 0)


def test_keys_must_be_one_a_sound(unchecked):
    synth = ShapedNoise(config=SynthConfig(sample_rate=RATE, buffer_size_seconds=0.01))
    theta = random_theta(synth, 3)
    for wrong in (keys(2), jax.random.PRNGKey(0), jax.random.key(0), jnp.zeros((3, 1), jnp.uint32)):
        with pytest.raises(ValueError, match="noise_keys must be one key a sound"):
            synth.render(theta, wrong)
