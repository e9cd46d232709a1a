"""What `render` promises for every synth: levels, independence of sounds, corners, permutations."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synth.config import SynthConfig
from synth.synth import ParametricSynth
from tests.synth.family import FAMILY, build, corner_theta, random_theta
from tests.synth.spectra import log_mel_distance

BATCH = 512
NOISY = [name for name in FAMILY if build(name).has_noise]


def keys(n, seed=0):
    return jax.random.split(jax.random.PRNGKey(seed), n)


@cache
def sounds(name):
    """512 random sounds, each with a noise key of its own."""
    synth = build(name)
    return np.asarray(synth.render(random_theta(synth, BATCH), keys(BATCH)))


def check_levels(audio):
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() <= 1


@pytest.mark.parametrize("name", FAMILY)
def test_no_sample_is_beyond_1(name):
    audio = sounds(name)
    assert audio.shape == (BATCH, 4000)
    assert audio.dtype == np.float32
    check_levels(audio)
    assert (np.abs(audio).max(1) > 1e-3).mean() > 0.5, "most random sounds can be heard"


@pytest.mark.parametrize("name", FAMILY)
def test_no_corner_is_undefined(name):
    synth = build(name)
    check_levels(np.asarray(synth.render(corner_theta(synth, BATCH), keys(BATCH))))


@pytest.mark.parametrize("name", FAMILY)
def test_permuting_the_batch_permutes_the_audio_bitwise(name):
    synth = build(name)
    order = np.random.default_rng(0).permutation(BATCH)
    theta = random_theta(synth, BATCH)[order]
    again = np.asarray(synth.render(theta, keys(BATCH)[order]))
    np.testing.assert_array_equal(again, sounds(name)[order])


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILY)
def test_no_sample_is_beyond_1_in_4096_sounds(name):
    synth = build(name)
    for seed in range(1, 9):
        audio = synth.render(random_theta(synth, BATCH, seed), keys(BATCH, seed))
        check_levels(np.asarray(audio))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILY)
def test_no_sample_is_beyond_1_in_4096_sounds_of_a_second(name):
    synth = build(name, seconds=1.0, sample_rate=44100)
    for seed in range(64):
        check_levels(np.asarray(synth.render(random_theta(synth, 64, seed), keys(64, seed))))


def check_alone(name, rows):
    synth = build(name)
    theta = random_theta(synth, BATCH)
    for row in rows:
        (alone,) = np.asarray(synth.render(theta[row : row + 1], keys(BATCH)[row : row + 1]))
        together = sounds(name)[row]
        close = np.abs(alone - together).max() <= 1e-5
        # Two compilations may round a pitch differently, which a sharp edge shows.
        rate = synth.config.sample_rate
        assert close or log_mel_distance(alone, together, rate) <= 0.05, row


@pytest.mark.parametrize("name", ["shapednoise", "nonoise", "voice"])
def test_a_sound_is_the_same_alone_and_among_512(name):
    check_alone(name, range(0, BATCH, 37))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILY)
def test_every_synths_sound_is_the_same_alone_and_among_512(name):
    check_alone(name, range(0, BATCH, 5))


@pytest.mark.parametrize("batch", [3, 17, 130, 300])
def test_any_batch_size_gives_the_same_sounds(batch):
    synth = build("oneosc")
    theta = random_theta(synth, BATCH)
    audio = np.asarray(synth.render(theta[:batch]))
    np.testing.assert_allclose(audio, np.asarray(synth.render(theta))[:batch], atol=2e-4)


def test_an_empty_batch_is_empty_audio():
    synth = build("oneosc")
    assert synth.render(jnp.zeros((0, synth.n_params))).shape == (0, 4000)


def noise_alone(name):
    """512 times one parameter vector that plays its noise at full level from start to end."""
    synth = build(name)
    row = np.zeros((1, synth.n_params), np.float32)
    for i, parameter in enumerate(synth.parameters):
        steady = (".duration", ".sustain", "->noise_amp", ".noise")
        row[:, i] = parameter.name.endswith(steady)
    return synth, jnp.asarray(np.repeat(row, BATCH, axis=0))


@pytest.mark.parametrize("name", NOISY)
def test_noise_is_independent_by_key(name):
    synth, theta = noise_alone(name)
    own = np.asarray(synth.render(theta, keys(BATCH)))
    assert np.abs(own).max() > 0.9
    assert len({sound.tobytes() for sound in own}) == BATCH
    between = np.corrcoef(own[:64]) - np.eye(64)
    assert np.abs(between).max() < 4.5 / np.sqrt(own.shape[1])
    np.testing.assert_array_equal(own, synth.render(theta, keys(BATCH)))


@pytest.mark.parametrize("name", ["shapednoise", "voice"])
def test_without_keys_noise_is_one_and_fixed(name):
    synth, theta = noise_alone(name)
    fixed = np.asarray(synth.render(theta[:20]))
    np.testing.assert_array_equal(fixed, np.repeat(fixed[:1], 20, axis=0))
    assert np.abs(fixed).max() > 0.9
    np.testing.assert_array_equal(fixed, synth.render(theta[:20]))


def test_the_noise_key_of_one_sound_is_no_other_sounds_business():
    synth = build("voice")
    theta = random_theta(synth, BATCH)
    changed = keys(BATCH).at[7].set(keys(1, seed=9)[0])
    again = np.asarray(synth.render(theta, changed))
    np.testing.assert_array_equal(np.delete(again, 7, 0), np.delete(sounds("voice"), 7, 0))


def test_no_peak_of_one_sound_touches_another():
    # SynthAX divides a batch by the first sound's peak: 34 of 64 random sounds exceed 1.
    synth = build("voice")
    theta = random_theta(synth, BATCH)
    swapped = theta.at[0].set(random_theta(synth, 1, seed=5)[0])
    again = np.asarray(synth.render(swapped, keys(BATCH)))
    np.testing.assert_array_equal(again[1:], sounds("voice")[1:])


@pytest.mark.parametrize(
    ("sample_rate", "seconds", "control_rate"),
    [
        (44100, 1 / 44100, None),
        (16000, 0.1, 480.0),
        (22050.5, 0.05, 137.7),
        (8000, 0.1, 16000.0),
        *(
            pytest.param(*rates, marks=pytest.mark.slow)
            for rates in (
                (44100, 2 / 44100, 441.0),
                (8000, 0.1, 8000.0),
                (8000, 0.1, 1.0),
                (48000, 0.1, 480.0),
                (44100, 0.0101, 440.5),
            )
        ),
    ],
)
def test_any_rates_and_any_duration(sample_rate, seconds, control_rate):
    config = SynthConfig(
        sample_rate=sample_rate, buffer_size_seconds=seconds, control_rate=control_rate
    )
    synth = ParametricSynth(config=config, sine=0, square_saw=1, fm_sine=1)
    audio = np.asarray(synth.render(corner_theta(synth, 8)))
    assert audio.shape == (8, max(1, round(sample_rate * seconds)))
    check_levels(audio)


def test_uneven_frames_change_nothing_but_the_controls():
    even, uneven = (build("oneosc", seconds=0.5, control_rate=rate) for rate in (500.0, 480.0))
    theta = random_theta(even, 8)
    found = [
        log_mel_distance(np.asarray(a), np.asarray(b), 16000)
        for a, b in zip(uneven.render(theta), even.render(theta), strict=True)
    ]
    assert np.median(found) < 0.2


def test_a_short_sound_is_the_beginning_of_a_long_one():
    short, long = build("oneosc", seconds=0.1), build("oneosc", seconds=0.25)
    theta = random_theta(short, 16)
    one, other = np.asarray(short.render(theta)), np.asarray(long.render(theta))[:, :1600]
    # Where the long sound's peak is not above 1 before or after, nothing is divided.
    quiet = np.abs(np.asarray(long.render(theta))).max(1) < 0.99
    np.testing.assert_allclose(one[quiet], other[quiet], atol=1e-3)


@pytest.mark.parametrize("wrong", [(2, 22), (2, 24), (23,), (1, 2, 23)])
def test_theta_of_another_shape_is_refused(wrong, unchecked):
    synth = build("oneosc")
    with pytest.raises(ValueError, match=r"OneOsc takes theta of shape \(batch, 23\), got \("):
        synth.render(jnp.zeros(wrong))


def test_theta_of_whole_numbers_is_refused(unchecked):
    synth = build("oneosc")
    with pytest.raises(ValueError, match=r"theta must be floating point in \[0, 1\], got int32"):
        synth.render(jnp.zeros((2, 23), jnp.int32))
