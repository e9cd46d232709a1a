"""Effects beside torch-audiomentations itself, scipy, torchaudio, and what becomes of tones."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
import scipy.signal
import torch

from doppel.augmentation import operations

RATE = 16000.0


@pytest.fixture(scope="module")
def package():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch_audiomentations

        return torch_audiomentations


def noise(n_sounds, n_samples=4000):
    return 0.3 * torch.randn(n_sounds, n_samples, generator=torch.Generator().manual_seed(0))


def tone(frequency, n_samples=16000):
    return torch.sin(2 * torch.pi * frequency * torch.arange(n_samples, dtype=torch.float64) / RATE)


def applied(transform, sounds, **parameters):
    """What the package makes of sounds with these numbers."""
    transform.transform_parameters = parameters
    return transform.apply_transform(sounds[:, None].clone(), int(RATE)).samples[:, 0]


@pytest.mark.parametrize("kind", ["low", "high"])
def test_filters_are_the_packages(package, kind):
    made = (package.LowPassFilter if kind == "low" else package.HighPassFilter)(output_type="dict")
    ours = operations.low_pass if kind == "low" else operations.high_pass
    cutoffs = [20.0, 333.3, 1200.0, 4000.0, 7999.0]
    expected = applied(made, noise(5), cutoff_freq=torch.tensor(cutoffs))
    torch.testing.assert_close(ours(noise(5), RATE, cutoffs), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cutoff", [400.0, 1200.0])
def test_tones_are_weakened_as_scipy_says(cutoff):
    """A sinc of eight zero crossings under Hann's window, as scipy designs it."""
    half = int(8 / (cutoff / RATE) / 2)
    taps = scipy.signal.firwin(2 * half + 1, cutoff, window="hann", fs=RATE)
    for frequency in (0.5 * cutoff, cutoff, 1.2 * cutoff, 2.0 * cutoff):
        _, response = scipy.signal.freqz(taps, worN=[frequency], fs=RATE)
        sound = tone(frequency).float()[None]
        for filtered, gain in (
            (operations.low_pass(sound, RATE, [cutoff]), np.abs(response[0])),
            (operations.high_pass(sound, RATE, [cutoff]), 1.0 - np.abs(response[0])),
        ):
            middle = filtered[0, 4000:12000].double()
            assert float(middle.std() * np.sqrt(2)) == pytest.approx(gain, abs=2e-3)


@pytest.mark.parametrize("cutoff", [8000.0, 8000.01, 1e5])
def test_a_low_pass_at_half_the_rate_and_above_takes_next_to_nothing(cutoff):
    """The package raises an error there, and half the rate is in the published range."""
    sound = tone(3000).float()[None]
    torch.testing.assert_close(operations.low_pass(sound, RATE, [cutoff]), sound, atol=2e-3, rtol=0)


def frequency_of(sound):
    """Of the strongest tone: the spectrum's peak with a parabola through its logarithm."""
    middle = sound[3000:13000].double().numpy()
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 2**17))
    peak = int(spectrum.argmax())
    low, top, high = np.log(spectrum[peak - 1 : peak + 2])
    return (peak + 0.5 * (low - high) / (low - 2 * top + high)) * RATE / 2**17


@pytest.mark.parametrize("vocoder", ["package", "fast"])
@pytest.mark.parametrize("ratio", [Fraction(125, 128), Fraction(128, 125), Fraction(100, 111)])
def test_a_tone_moves_by_the_interval(vocoder, ratio):
    sounds = torch.stack([tone(440), tone(1234.5)]).float()
    moved = operations.shift(sounds, RATE, [ratio, ratio], vocoder)
    assert moved.shape == sounds.shape
    for before, after in zip(sounds, moved, strict=True):
        cents = 1200 * np.log2(frequency_of(after) / frequency_of(before) / ratio)
        assert abs(cents) < 3.0
        level = after[3000:13000].std() / before.std()
        assert (0.7 if vocoder == "package" else 0.97) < level < 1.01


def test_pitch_shift_is_the_packages(package):
    made = package.PitchShift(-2, 2, sample_rate=16000, output_type="dict")
    ratios = [Fraction(125, 128), Fraction(128, 125), Fraction(125, 128)]
    expected = applied(made, noise(3), transpositions=ratios)
    torch.testing.assert_close(
        operations.shift(noise(3), RATE, ratios), expected, rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
def test_fast_ratios_are_the_packages(package, rate):
    theirs = package.PitchShift(-2, 2, sample_rate=rate, output_type="dict")._fast_shifts
    assert operations.fast_ratios(float(rate), -2, 2) == tuple(sorted(theirs))


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_even_ratios_are_even(rate):
    semitones = 12 * np.log2([float(r) for r in operations.even_ratios(float(rate), -2, 2)])
    gaps = np.diff(semitones)
    assert -2.0 <= semitones.min() < -1.7
    assert 1.7 < semitones.max() <= 2.0
    assert (gaps < 0.42).all()  # twice a step around 1, which is left out
    assert all(rate % ratio.numerator == 0 for ratio in operations.even_ratios(float(rate), -2, 2))


def test_without_fast_ratios_one_error_says_so():
    for ratios in (operations.fast_ratios, operations.even_ratios):
        with pytest.raises(ValueError, match=r"at 16001\.0 Hz there is no fast ratio between -2"):
            ratios(16001.0, -2, 2)


def test_rotation_is_a_roll(package):
    moves = [0, 1, -7, 1999, -4000]
    ours = operations.rotate(noise(5), moves)
    for row, sound, move in zip(ours, noise(5), moves, strict=True):
        assert np.array_equal(row.numpy(), np.roll(sound.numpy(), move))


def test_reverberation_is_convolution(package):
    """scipy's, torchaudio's, and the package's own transform, whose reading of files fails here."""
    import torchaudio

    rooms = noise(3, 9000) * torch.exp(-torch.arange(9000) / 700.0)
    ours = operations.reverberate(noise(3), rooms)
    theirs = torchaudio.functional.fftconvolve(noise(3), rooms)[:, :4000]
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    made = package.ApplyImpulseResponse(["none.wav"], sample_rate=16000, output_type="dict")
    expected = applied(made, noise(3), ir=rooms[:, None])
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)
    direct = scipy.signal.fftconvolve(noise(3)[1].double(), rooms[1].double())[:4000]
    np.testing.assert_allclose(ours[1], direct, atol=1e-5)


@pytest.mark.parametrize("n_samples", [1, 2, 249, 251])
def test_short_sounds(n_samples):
    sounds = noise(2, n_samples)
    for result in (
        operations.low_pass(sounds, RATE, [50.0, 5000.0]),
        operations.shift(sounds, RATE, [Fraction(125, 128)] * 2),
        operations.rotate(sounds, [1, -1]),
        operations.reverberate(sounds, noise(2, 100)),
    ):
        assert result.shape == sounds.shape
        assert result.isfinite().all()
