"""Every descriptor against sounds whose value is known, essentia's own extractor and librosa."""

from pathlib import Path

import librosa
import numpy as np
import pytest

from eval.descriptors.extract import Extractor, extractor
from eval.descriptors.settings import SPECTRAL, DescriptorSettings
from tests.conftest import ROOT
from tests.eval.descriptors.signals import RATE, named, noise, tone

HALVES = [0.3 / k for k in range(1, 11)]


def described(wave, rate=RATE, **settings):
    return named(extractor(DescriptorSettings(**settings)).describe(np.float32(wave), rate))


def magnitudes(wave, size=2048, hop=1024):
    """Spectra in float64, a sine of amplitude 1 at 1 (scipy's symmetric Hann window)."""
    window = np.hanning(size)
    frames = np.lib.stride_tricks.sliding_window_view(np.float64(wave), size)[::hop]
    return np.abs(np.fft.rfft(frames * window)) * 2 / window.sum()


def test_a_harmonic_tone_has_no_inharmonicity():
    assert described(tone(220.0, HALVES))["inharmonicity"] < 0.008
    assert described(tone(1000.0, [0.5]))["inharmonicity"] < 1e-9


@pytest.mark.parametrize("stretch", [0.001, 0.003])
def test_stretched_partials_have_the_inharmonicity_of_their_frequencies(stretch):
    amplitudes = [0.2, 0.15, 0.15, 0.1, 0.1, 0.1]
    k = np.arange(1, 7)
    partials = k * np.sqrt((1 + stretch * k**2) / (1 + stretch))
    energy = np.square(amplitudes)
    expected = (np.abs(partials - np.round(partials)) * energy).sum() / energy.sum()
    found = described(tone(440.0, amplitudes, stretch))["inharmonicity"]
    assert found == pytest.approx(expected, abs=0.005)
    assert expected > 0.019


def test_odd_to_even_is_the_ratio_of_the_energies_in_db():
    odd_only = [0.3 if k % 2 else 0.0 for k in range(1, 10)]
    assert described(tone(330.0, odd_only))["odd_to_even_db"] == pytest.approx(30)
    odd, even = 0.1, 0.2
    amplitudes = [odd if k % 2 else even for k in range(1, 9)]
    expected = 20 * np.log10(odd / even)
    assert described(tone(330.0, amplitudes))["odd_to_even_db"] == pytest.approx(expected, abs=0.3)


def test_noise_has_the_flatness_and_salience_of_independent_bins():
    """Magnitudes of noise are Rayleigh distributed: both have closed forms."""
    values = described(noise(seconds=4.0))
    expected = 2 / np.sqrt(np.pi) * np.exp(-np.euler_gamma / 2)
    assert values["flatness"] == pytest.approx(expected, abs=0.005)
    assert values["pitch_salience"] == pytest.approx(np.pi / 4, abs=0.02)


def test_an_impulse_is_flat_and_a_sine_is_not():
    impulse = np.zeros(2048)
    impulse[1024] = 1.0
    assert described(impulse)["flatness"] == pytest.approx(1, abs=1e-3)
    assert described(tone(1000.0, [0.5]))["flatness"] < 1e-3


def test_salience_is_the_highest_peak_of_the_autocorrelated_spectrum():
    """Between two harmonics of equal height at lag f0, half of the energy meets itself."""
    values = described(tone(1000.0, [0.3, 0.3]))
    spectrum = magnitudes(tone(1000.0, [0.3, 0.3])[:2048])[0]
    lags = np.correlate(spectrum, spectrum, "full")[spectrum.size - 1 :]
    low, high = (round(hz * 2048 / RATE) for hz in (100, 5000))
    assert values["pitch_salience"] == pytest.approx(lags[low : high + 1].max() / lags[0], abs=0.02)


def test_flux_is_the_distance_of_successive_spectra():
    assert described(tone(1000.0, [0.5]))["flux"] < 1e-3
    wave = noise(level=0.3)
    changes = np.linalg.norm(np.diff(magnitudes(wave), axis=0), axis=1)
    assert described(wave)["flux"] == pytest.approx(changes.mean(), rel=1e-4)


def test_flux_of_a_step_in_level_counts_the_step_once():
    """From half to full amplitude at a frame's border: the change is half the spectrum's norm."""
    size = 2048
    wave = tone(1000.0, [1.0], seconds=0.5)[: 8 * size]
    wave[: 4 * size] *= 0.5
    values = extractor(DescriptorSettings(hop_size=size)).frames(wave, RATE)
    flux = values[:, SPECTRAL.index("flux")]
    assert np.isnan(flux[0])
    norms = np.linalg.norm(magnitudes(wave, hop=size), axis=1)
    assert flux[4] == pytest.approx(norms[4] / 2, rel=0.05)
    assert flux[[1, 2, 3, 5, 6, 7]].max() < 0.05


def test_a_sound_after_another_is_described_as_if_it_came_first():
    once, again = Extractor(DescriptorSettings()), Extractor(DescriptorSettings())
    again.describe(noise(seed=5), RATE)
    wave = tone(300.0, HALVES)
    np.testing.assert_array_equal(once.describe(wave, RATE), again.describe(wave, RATE))


@pytest.mark.parametrize("partials", [1, 4, 10])
def test_complexity_counts_the_partials(partials):
    assert described(tone(400.0, [0.09] * partials))["complexity"] == partials


def test_complexity_leaves_out_what_is_quiet_or_above_5_khz():
    assert described(tone(400.0, [0.3, 0.004, 0.3]))["complexity"] == 2
    assert described(tone(3000.0, [0.3, 0.3, 0.3]))["complexity"] == 1


def test_hfc_and_rolloff_and_centroid_are_those_of_float64_spectra():
    wave = tone(500.0, HALVES) + noise(level=0.01)
    spectra = magnitudes(wave)
    hz = np.arange(1025) * RATE / 2048
    values = described(wave)
    assert values["hfc"] == pytest.approx((spectra**2 @ hz).mean(), rel=1e-4)
    centroids = (spectra @ hz) / spectra.sum(axis=1)
    assert values["centroid"] == pytest.approx(centroids.mean(), rel=1e-4)
    share = np.cumsum(spectra**2, axis=1) / (spectra**2).sum(axis=1, keepdims=True)
    rolloffs = hz[(share < 0.85).sum(axis=1)]
    assert values["rolloff"] == pytest.approx(rolloffs.mean(), abs=RATE / 2048)


@pytest.mark.parametrize("rate", [44100.0, 16000.0])
def test_the_centroid_of_a_sine_is_its_frequency(rate):
    values = described(tone(1000.0, [0.5], rate=rate), rate)
    assert values["centroid"] == pytest.approx(1000, rel=0.01)
    assert values["rolloff"] == pytest.approx(1000, abs=1.5 * RATE / 2048)


def test_rolloff_of_white_noise_is_at_85_percent_of_the_band():
    assert described(noise(seconds=4.0))["rolloff"] == pytest.approx(0.85 * RATE / 2, rel=0.01)


def test_librosa_agrees_where_its_definitions_are_the_same():
    wave = tone(300.0, HALVES) + noise(level=0.02)
    window = np.hanning(2048)
    options = {"y": wave, "sr": RATE, "n_fft": 2048, "hop_length": 1024, "center": False}
    options["window"] = window
    values = described(wave)
    centroid = librosa.feature.spectral_centroid(**options).mean()
    assert values["centroid"] == pytest.approx(centroid, rel=1e-3)
    # librosa sums magnitudes, essentia energy: the rolloff of squared magnitudes is the same.
    power = np.abs(librosa.stft(wave, n_fft=2048, hop_length=1024, center=False, window=window))
    rolloff = librosa.feature.spectral_rolloff(S=power**2, sr=RATE, roll_percent=0.85).mean()
    assert values["rolloff"] == pytest.approx(rolloff, abs=RATE / 2048)
    del options["sr"]
    flatness = librosa.feature.spectral_flatness(**options, power=1.0).mean()
    assert values["flatness"] == pytest.approx(flatness, rel=1e-3)


def test_the_frames_are_those_of_essentias_own_extractor():
    """LowLevelSpectralExtractor pads the start by half a frame: ours begins at its second frame."""
    from essentia import standard

    wave = tone(220.0, HALVES, stretch=0.001) + noise(level=0.01)
    names = {"hfc": 4, "pitch_salience": 8, "complexity": 12, "flux": 21, "rolloff": 23}
    names["inharmonicity"] = 26
    theirs = standard.LowLevelSpectralExtractor(frameSize=2048, hopSize=1024)(wave)
    ours = extractor(DescriptorSettings(window="blackmanharris62")).frames(wave, RATE)
    for name, place in names.items():
        column = ours[1:, SPECTRAL.index(name)]
        np.testing.assert_allclose(column, theirs[place][2 : 2 + len(column)], rtol=1e-4)
    inverse = -10 * np.log10(theirs[28][2 : 1 + len(ours)])
    np.testing.assert_allclose(ours[1:, SPECTRAL.index("odd_to_even_db")], inverse, atol=1e-3)


def test_silence_has_no_values_and_silent_frames_do_not_count():
    assert np.isnan(list(described(np.zeros(44100)).values())).all()
    wave = tone(440.0, HALVES, seconds=0.5)
    whole, alone = described(np.concatenate([wave, np.zeros(44100)])), described(wave)
    for name in ("centroid", "complexity", "hfc", "pitch_salience"):
        assert whole[name] == pytest.approx(alone[name], rel=0.1), name
    assert whole["flux"] > 0.01  # the end of the tone is a change


@pytest.mark.parametrize("n_samples", [1, 2, 500, 2047, 2048, 2049])
def test_short_sounds_have_values(n_samples):
    values = described(noise()[:n_samples])
    assert np.isfinite(values["centroid"])
    assert 0 <= values["flatness"] <= 1
    assert np.isnan(values["flux"])  # one frame: nothing changes


def test_noise_without_a_pitch_and_peaks_at_0_hz_are_no_error():
    for wave in (np.full(44100, 0.5), np.linspace(-1, 1, 44100), noise() + 0.5):
        values = described(wave)
        assert np.isfinite(values["hfc"])


def test_a_level_makes_a_sound_as_loud_as_another():
    wave = tone(300.0, HALVES) + noise(level=0.02)
    loud, quiet = (described(gain * wave, level_db=-20.0) for gain in (1.0, 0.01))
    for name in SPECTRAL:
        assert loud[name] == pytest.approx(quiet[name], rel=1e-3), name
    assert described(0.01 * wave)["flux"] < 0.1 * loud["flux"]
    assert np.isnan(described(np.zeros(4000), level_db=-20.0)["hfc"])


def test_a_sound_is_described_alike_at_any_rate_that_holds_it():
    reference = described(tone(300.0, HALVES))
    for rate in (22050.0, 48000.0, 30000.5):
        values = described(tone(300.0, HALVES, rate=rate), rate)
        for name in ("centroid", "rolloff", "complexity", "hfc", "odd_to_even_db"):
            assert values[name] == pytest.approx(reference[name], rel=0.02), (rate, name)


def test_16_khz_is_a_setting_too():
    values = described(
        tone(300.0, HALVES, rate=16000), 16000.0, sample_rate=16000.0, frame_size=1024, hop_size=512
    )
    assert values["complexity"] == 10
    assert values["inharmonicity"] < 0.008


def test_settings_that_cannot_be_computed_are_refused():
    for wrong in ({"sample_rate": 8000.0}, {"frame_size": 33}, {"hop_size": 0}, {"hop_size": 4096}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            DescriptorSettings(**wrong)


def test_one_file_of_the_project_imports_essentia():
    importing = [
        path.relative_to(ROOT)
        for package in ("synth", "eval", "ctag", "doppel", "scripts")
        for path in (ROOT / package).rglob("*.py")
        if any(
            line.strip().startswith(("import essentia", "from essentia"))
            for line in path.read_text().splitlines()
        )
    ]
    assert importing == [Path("eval/descriptors/extract.py")]
