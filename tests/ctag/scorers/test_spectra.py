"""Spectra against librosa, and at the edges."""

import jax
import jax.numpy as jnp
import librosa
import numpy as np
import pytest

from ctag.scorers import spectra

RATES = [8000, 16000, 22050, 44100, 48000]


@pytest.fixture
def noise():
    return 0.3 * np.random.default_rng(0).standard_normal((2, 12001)).astype(np.float32)


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize(("n_fft", "hop"), [(512, 160), (1024, 1024), (1408, 441)])
def test_power_spectrum_equals_librosa(noise, n_fft, hop, center):
    ours = spectra.power_spectrum(jnp.asarray(noise), n_fft, hop, center)
    theirs = np.abs(librosa.stft(noise, n_fft=n_fft, hop_length=hop, center=center)) ** 2
    np.testing.assert_allclose(ours, theirs.swapaxes(-1, -2), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("sample_rate", RATES)
def test_mel_filters_equal_librosa(sample_rate):
    ours = spectra.mel_filterbank(sample_rate, 1024, 40)
    theirs = librosa.filters.mel(sr=sample_rate, n_fft=1024, n_mels=40)
    np.testing.assert_allclose(ours, theirs.T, rtol=1e-4, atol=1e-8)


def test_mel_filters_in_a_range_equal_librosa():
    ours = spectra.mel_filterbank(16000, 1024, 64, 125.0, 7500.0)
    theirs = librosa.filters.mel(sr=16000, n_fft=1024, n_mels=64, fmin=125, fmax=7500)
    np.testing.assert_allclose(ours, theirs.T, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("sample_rate", RATES)
def test_log_mel_equals_librosa(noise, sample_rate):
    ours = spectra.log_mel_spectrogram(jnp.asarray(noise), sample_rate, 1024, 256, 40)
    power = librosa.feature.melspectrogram(
        y=noise, sr=sample_rate, n_fft=1024, hop_length=256, n_mels=40
    )
    theirs = librosa.power_to_db(power, amin=1e-10, top_db=None)
    np.testing.assert_allclose(ours, theirs.swapaxes(-1, -2), atol=1e-3)


@pytest.mark.parametrize("n_samples", [1, 2, 1023, 1024, 1025])
@pytest.mark.parametrize("center", [True, False])
def test_short_sounds_have_a_frame(n_samples, center):
    power = spectra.power_spectrum(jnp.ones(n_samples), 1024, 256, center)
    assert power.shape[0] >= 1
    assert jnp.isfinite(power).all()


def test_jit_and_gradient_are_finite_in_silence():
    def loudness(audio):
        return spectra.log_mel_spectrogram(audio, 16000, 512, 160, 40).mean()

    value, gradient = jax.jit(jax.value_and_grad(loudness))(jnp.zeros(4000))
    assert value == pytest.approx(-100)
    assert jnp.isfinite(gradient).all()


@pytest.mark.parametrize(("minimum_hz", "maximum_hz"), [(0, 9000), (500, 400), (-1, 4000)])
def test_an_impossible_range_is_refused(minimum_hz, maximum_hz):
    with pytest.raises(ValueError, match="8000 Hz"):
        spectra.mel_filterbank(16000, 512, 40, minimum_hz, maximum_hz)
