"""Descriptors against librosa and essentia, against signals of known values, and at the edges."""

import essentia.standard as essentia
import jax
import jax.numpy as jnp
import librosa
import numpy as np
import pytest

from ctag.scorers.acoustic import analysis, pitch, rhythm, spectral, temporal
from ctag.scorers.acoustic.descriptors import describe
from ctag.scorers.acoustic.table import DESCRIPTORS, INDEX, NAMES, positions
from ctag.scorers.spectra import power_spectrum

RATE = 16000
TIME = np.arange(2 * RATE) / RATE
N_FFT, HOP = 1024, 320
measure_all = jax.jit(describe, static_argnums=1)


def slow(*values):
    """Parameters for which everything would be compiled again."""
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


def measure(wave, sample_rate=RATE):
    values = measure_all(jnp.asarray(wave, jnp.float32), sample_rate)
    return dict(zip(NAMES, np.asarray(values).tolist(), strict=True))


def sine(frequency, time=TIME):
    return 0.5 * np.sin(2 * np.pi * frequency * time)


def noise(seed=0, n_samples=2 * RATE):
    return 0.1 * np.random.default_rng(seed).standard_normal(n_samples)


@pytest.fixture(scope="module")
def mixed():
    """A gliding saw-like tone in noise, as a wave and as magnitudes (n_frames, n_bins)."""
    phase = np.cumsum(200 * 2**TIME) / RATE
    wave = (0.4 * (phase % 1 - 0.5) * np.exp(-TIME) + 0.1 * noise()).astype(np.float32)
    magnitude = np.sqrt(np.asarray(power_spectrum(jnp.asarray(wave), N_FFT, HOP, center=False)))
    return wave, magnitude


FREQUENCIES = np.fft.rfftfreq(N_FFT, 1 / RATE).astype(np.float32)


def test_centroid_equals_librosa(mixed):
    theirs = librosa.feature.spectral_centroid(S=mixed[1].T, sr=RATE)[0]
    ours = spectral.centroid(jnp.asarray(mixed[1]), FREQUENCIES)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


def test_centroid_equals_essentia(mixed):
    theirs = [essentia.Centroid(range=RATE / 2)(frame) for frame in mixed[1]]
    ours = spectral.centroid(jnp.asarray(mixed[1]), FREQUENCIES)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)


def test_bandwidth_equals_librosa(mixed):
    theirs = librosa.feature.spectral_bandwidth(S=mixed[1].T, sr=RATE)[0]
    magnitude = jnp.asarray(mixed[1])
    centre = spectral.centroid(magnitude, FREQUENCIES)
    np.testing.assert_allclose(
        spectral.bandwidth(magnitude, FREQUENCIES, centre), theirs, rtol=1e-3
    )


def test_rolloff_is_within_a_bin_of_librosa_and_essentia(mixed):
    mean = mixed[1].mean(0)
    ours = spectral.rolloff(jnp.asarray(mean), FREQUENCIES)
    librosas = librosa.feature.spectral_rolloff(S=mean[:, None], sr=RATE, roll_percent=0.85)[0, 0]
    # essentia rolls off the energy, and takes the spectrum to end at half its sample rate.
    essentias = essentia.RollOff(cutoff=0.85, sampleRate=RATE)(np.sqrt(mean))
    bin_hz = RATE / N_FFT
    assert ours == pytest.approx(librosas, abs=1.01 * bin_hz)
    assert ours == pytest.approx(essentias, abs=1.51 * bin_hz)


def test_flatness_equals_librosa_and_essentia(mixed):
    power = jnp.asarray(mixed[1] ** 2)
    ours, _ = spectral.flatness_and_tonality(power, power.sum(-1))
    librosas = librosa.feature.spectral_flatness(S=mixed[1].T)[0]
    np.testing.assert_allclose(ours, 10 * np.log10(librosas), atol=0.02)
    essentias = [essentia.FlatnessDB()(frame**2) for frame in mixed[1]]
    np.testing.assert_allclose(ours / -60, np.asarray(essentias), atol=1e-3)


def test_flux_equals_essentia_on_spectra_of_unit_norm(mixed):
    unit = mixed[1] / np.linalg.norm(mixed[1], axis=1, keepdims=True)
    theirs = essentia.Flux(norm="L2")
    changes = [theirs(frame) for frame in unit.astype(np.float32)][1:]
    np.testing.assert_allclose(spectral.flux(jnp.asarray(mixed[1])), changes, atol=2e-3)


def test_onset_strength_equals_librosa(mixed):
    sizes = analysis.layout(RATE)
    mel_db = np.asarray(analysis.analyse(jnp.asarray(mixed[0]), sizes).mel_db)
    theirs = librosa.onset.onset_strength(S=mel_db.T, sr=RATE, hop_length=HOP, center=False)
    ours = rhythm.onset_strength(jnp.asarray(mel_db))
    np.testing.assert_allclose(ours[1:], theirs[1:], atol=1e-3)


def test_onsets_are_those_that_librosa_detects():
    clicks = np.where(np.arange(2 * RATE) % 4000 < 200, noise(), 1e-4 * noise(1))
    clicks = np.roll(clicks, 2000).astype(np.float32)
    theirs = librosa.onset.onset_detect(y=clicks, sr=RATE, hop_length=HOP)
    assert measure(clicks)["onset_rate"] * 2 == pytest.approx(len(theirs), abs=0.2)


def test_zero_crossings_equal_essentia_and_librosa(mixed):
    wave = mixed[0] - mixed[0].mean()
    ours = measure(wave)["zero_crossings"]
    essentias = essentia.ZeroCrossingRate()(wave) * RATE / 2
    librosas = librosa.zero_crossings(wave, pad=False).sum() / 2 / 2
    assert ours == pytest.approx(essentias, rel=2e-3)
    assert ours == pytest.approx(librosas, rel=2e-3)


def test_crest_equals_essentia(mixed):
    wave = mixed[0] - mixed[0].mean()
    peak_over_rms = np.abs(wave).max() / essentia.RMS()(wave)
    assert measure(wave)["crest"] == pytest.approx(20 * np.log10(peak_over_rms), abs=0.01)


def test_attack_equals_essentia():
    rise = np.minimum(TIME / 0.4, 1.0) * np.exp(-np.maximum(TIME - 0.4, 0))
    wave = (rise * sine(1000)).astype(np.float32)
    envelope = temporal.envelope(analysis.analyse(jnp.asarray(wave), analysis.layout(RATE)), 2)
    theirs, _, _ = essentia.LogAttackTime(sampleRate=250.0)(np.asarray(envelope))
    assert measure(wave)["attack"] == pytest.approx(10**theirs, abs=0.006)
    assert measure(wave)["attack"] == pytest.approx(0.28, abs=0.006)


@pytest.mark.parametrize("frequency", [55.0, 110.0, 261.6, 440.0, 1000.0, 1975.5, 3520.0])
def test_pitch_of_a_tone(frequency):
    values = measure(sine(frequency))
    assert values["pitch"] == pytest.approx(frequency, rel=0.01)
    assert values["pitchedness"] > 0.95
    assert values["peak"] == pytest.approx(frequency, rel=0.02)


@pytest.mark.parametrize("frequency", [70.0, 146.8, 440.0, 880.0])
def test_pitch_agrees_with_librosa_and_essentia(frequency):
    wave = sum(sine(frequency * k) / k for k in range(1, 8)) / 2 + 0.02 * noise()
    wave = wave.astype(np.float32)
    ours = measure(wave)["pitch"]
    librosas = np.median(librosa.yin(wave, fmin=50, fmax=2000, sr=RATE))
    essentias, confidence = essentia.PitchYin(sampleRate=RATE)(wave[:2048])
    assert ours == pytest.approx(librosas, rel=0.01)
    assert confidence > 0.8
    assert ours == pytest.approx(essentias, rel=0.01)


def test_pitchedness_is_the_harmonic_part_of_the_energy():
    """Boersma 1993: the height of the peak is the harmonic share of the power."""
    tone, hiss = sine(200), noise()
    for share in (0.25, 0.5, 0.75):
        wave = np.sqrt(share) * tone / tone.std() + np.sqrt(1 - share) * hiss / hiss.std()
        assert measure(0.1 * wave)["pitchedness"] == pytest.approx(share, abs=0.08)


@pytest.mark.parametrize("slope", [-2.0, -0.5, 0.5, 1.0])
def test_pitch_slope_of_a_glide(slope):
    phase = np.cumsum(600 * 2 ** (slope * (TIME - 1))) / RATE
    values = measure(0.5 * np.sin(2 * np.pi * phase))
    assert values["pitch_slope"] == pytest.approx(slope, rel=0.03)
    assert values["brightness_slope"] == pytest.approx(slope, rel=0.1)
    assert values["pitch_range"] == pytest.approx(abs(slope) * 2 / np.sqrt(12), rel=0.1)


@pytest.mark.parametrize(("rate", "depth"), [(1.0, 0.4), (5.0, 0.1), (8.0, 0.05)])
def test_vibrato(rate, depth):
    phase = np.cumsum(500 * 2 ** (depth * np.sin(2 * np.pi * rate * TIME))) / RATE
    values = measure(0.5 * np.sin(2 * np.pi * phase))
    assert values["vibrato_rate"] == pytest.approx(rate, rel=0.08)
    # A window of 64 ms averages over the movement: less is left of a fast one.
    assert 0.6 * depth < values["vibrato_depth"] < 1.1 * depth


@pytest.mark.parametrize(("rate", "depth"), [(3.0, 0.9), (6.0, 0.5), (12.0, 0.3)])
@pytest.mark.parametrize("carrier", ["sine", "noise"])
def test_tremolo(rate, depth, carrier):
    wave = sine(700) if carrier == "sine" else noise()
    values = measure((1 + depth * np.sin(2 * np.pi * rate * TIME)) / 2 * wave)
    assert values["pulse_rate"] == pytest.approx(rate, rel=0.05)
    assert values["pulse_depth"] == pytest.approx(depth, abs=0.1)
    assert values["regularity"] > 0.8


@pytest.mark.parametrize("rate", [30.0, 70.0, 110.0])
def test_roughness(rate):
    values = measure((1 + 0.8 * np.sin(2 * np.pi * rate * TIME)) / 2 * sine(2000))
    assert values["rough_rate"] == pytest.approx(rate, rel=0.05)
    assert values["roughness"] == pytest.approx(0.8, abs=0.15)
    assert measure(sine(2000))["roughness"] < 0.05


@pytest.mark.parametrize("decay_s", [0.1, 0.3, 0.8])
def test_decay_and_level(decay_s):
    wave = 10 ** (-TIME / decay_s) * sine(500)
    values = measure(wave)
    assert values["decay"] == pytest.approx(decay_s, abs=0.02)
    assert values["attack"] < 0.01
    assert values["level"] == pytest.approx(-9 - 0.5 * 20 * 0.02 / decay_s, abs=1.0)


def test_onset_rate_and_events():
    beeps = sine(1000) * (np.arange(len(TIME)) % 8000 < 1600)
    values = measure(beeps)
    assert values["onset_rate"] == pytest.approx(2, abs=0.1)
    assert values["event_time"] == pytest.approx(0.1, rel=0.25)
    assert values["activity"] == pytest.approx(0.2, abs=0.04)
    assert values["pulse_rate"] == pytest.approx(2, rel=0.05)


def test_noise_and_tone_are_told_apart():
    hiss, tone = measure(noise()), measure(sine(440))
    assert hiss["noisiness"] == pytest.approx(10 * np.log10(np.exp(-np.euler_gamma)), abs=0.6)
    assert hiss["tonality"] < 0.05 < 0.95 < tone["tonality"]
    assert hiss["pitchedness"] < 0.2
    assert hiss["vibrato_depth"] < 0.05
    assert sum(hiss[band] for band in ("low", "mid", "presence", "air")) == pytest.approx(1)
    assert hiss["mid"] == pytest.approx(1750 / 8000, abs=0.03)
    assert hiss["motion"] == pytest.approx(1.5, abs=0.4)
    assert tone["motion"] < 0.1


@pytest.mark.parametrize("sample_rate", [*slow(22050, 44100), 48000, *slow(96000)])
def test_sample_rates_agree(sample_rate):
    """The same sound, made for each rate, has the same descriptors within half a step."""

    def sound(rate):
        time = np.arange(2 * rate) / rate
        tones = sum(sine(300 * k * (1 + 0.003 * k), time) / k for k in range(1, 20))
        swell = np.minimum(time / 0.1, 1) * np.exp(-time)
        return tones * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time)) * swell / 4

    reference = np.asarray(positions(measure_all(jnp.asarray(sound(16000)), 16000)))
    ours = np.asarray(positions(measure_all(jnp.asarray(sound(sample_rate)), sample_rate)))
    differing = {n: d for n, d in zip(NAMES, np.abs(ours - reference), strict=True) if d > 0.5}
    # The rates of a roughness and a vibrato that are hardly there.
    assert set(differing) <= {"rough_rate", "vibrato_rate"}, differing


EDGES = {
    "silence": np.zeros(4000),
    "constant": np.full(4000, 0.7),
    "an impulse": np.eye(1, 4000, 2000)[0],
    "clipped": np.clip(100 * noise(n_samples=4000), -1, 1),
    "far beyond full scale": 1e6 * noise(n_samples=4000),
    "hardly anything": 1e-12 * noise(n_samples=4000),
    "Nyquist": np.resize([0.5, -0.5], 4000),
}
MINIMUM = np.array([descriptor.minimum for descriptor in DESCRIPTORS])
MAXIMUM = np.array([descriptor.maximum for descriptor in DESCRIPTORS])


@pytest.mark.parametrize("sample_rate", [*slow(2000, 22050), 48000])
def test_everything_is_finite_and_in_range(sample_rate):
    sounds = jnp.asarray(np.stack(list(EDGES.values())), jnp.float32)
    values = np.asarray(measure_all(sounds, sample_rate))
    inside = (values >= MINIMUM - 1e-4) & (values <= MAXIMUM + 1e-4)
    wrong = [(list(EDGES)[row], NAMES[column]) for row, column in np.argwhere(~inside)]
    assert not wrong


@pytest.mark.parametrize("n_samples", [1, *slow(2)])
def test_one_sample_is_a_sound(n_samples):
    values = np.asarray(measure_all(0.3 * jnp.arange(1.0, n_samples + 1), 48000))
    assert ((values >= MINIMUM - 1e-4) & (values <= MAXIMUM + 1e-4)).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_sound_that_is_not_finite_spoils_only_itself(bad):
    sounds = np.stack([noise(1, 4000), noise(2, 4000)]).astype(np.float32)
    sounds[0, 7] = bad
    values = np.asarray(measure_all(jnp.asarray(sounds), RATE))
    assert np.isnan(values[0]).all()
    assert np.isfinite(values[1]).all()


@pytest.mark.slow
def test_gradients_are_finite():
    def total(sounds):
        return positions(describe(sounds, RATE)).sum()

    sounds = jnp.asarray(np.stack(list(EDGES.values())), jnp.float32)
    gradient = jax.jit(jax.grad(total))(sounds)
    assert jnp.isfinite(gradient).all()
    assert jnp.abs(gradient[list(EDGES).index("clipped")]).max() > 0


def test_level_changes_nothing_but_the_level():
    wave = sine(300) * np.exp(-3 * TIME) + 0.2 * noise()
    loud, soft = measure(wave), measure(wave / 50)
    assert loud.pop("level") - soft.pop("level") == pytest.approx(20 * np.log10(50), abs=0.01)
    for name, value in soft.items():
        assert value == pytest.approx(loud[name], rel=1e-3, abs=1e-3), name


def test_too_low_a_rate_and_no_samples_are_refused():
    with pytest.raises(ValueError, match="at least 2000 Hz"):
        describe(jnp.zeros(100), 500)
    with pytest.raises(ValueError, match="at least one sample"):
        describe(jnp.zeros((3, 0)), RATE)


def test_the_table_is_whole():
    assert len(NAMES) == len(set(NAMES)) == len(INDEX)
    for descriptor in DESCRIPTORS:
        middle = (descriptor.minimum + descriptor.maximum) / 2
        assert descriptor.value(descriptor.position(middle)) == pytest.approx(middle, abs=1e-6)
        row = jnp.zeros(len(NAMES)).at[INDEX[descriptor.name]].set(middle)
        position = positions(row)[INDEX[descriptor.name]]
        assert position == pytest.approx(descriptor.position(middle), rel=1e-5)


def test_a_vibrato_that_is_not_there_has_no_depth():
    rate, depth = pitch.vibrato(jnp.zeros(100), jnp.ones(100), 50.0)
    assert jnp.isfinite(rate)
    assert depth < 1e-5
