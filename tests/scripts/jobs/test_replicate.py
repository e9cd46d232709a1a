"""The replicated examples: physics of our modules alone, and torchsynth beside them."""

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from scripts.jobs.replicate import job as replicate_job
from scripts.jobs.replicate.compare import control_difference, decibel_picture, log_mel_distance
from scripts.jobs.replicate.examples import EXAMPLES, FIGURE_4
from scripts.jobs.replicate.job import Replicate
from scripts.jobs.replicate.ours import OurKit
from scripts.jobs.speed.libraries import installed
from scripts.runtime.errors import UserError
from synth.config import SynthConfig

RATE = 16000
SECONDS = 0.5


def render(name):
    example = EXAMPLES[name]
    config = SynthConfig(
        batch_size=len(example.labels), sample_rate=RATE, buffer_size_seconds=SECONDS
    )
    kit = OurKit(config)
    signal = example.wire(kit, np.random.default_rng(0))
    return kit.audio_array(signal) if example.kind == "audio" else kit.control_array(signal)


def spectrum(wave):
    """Amplitude at each frequency (Hz) of a sound, Hann window."""
    window = np.hanning(len(wave))
    return np.fft.rfftfreq(len(wave), 1 / RATE), np.abs(np.fft.rfft(wave * window))


def level_at(wave, hz):
    frequencies, amplitudes = spectrum(wave)
    return amplitudes[np.abs(frequencies - hz) < 6].max()


def test_the_sine_is_at_440_hz_and_nothing_else():
    (wave,) = render("sine")
    frequencies, amplitudes = spectrum(wave)
    assert frequencies[amplitudes.argmax()] == pytest.approx(440, abs=2)
    assert amplitudes[np.abs(frequencies - 440) > 20].max() < 1e-3 * amplitudes.max()


def test_the_envelope_lifts_the_sine_by_two_octaves_where_it_peaks():
    (wave,) = render("sine_with_envelope")
    at_peak = wave[int(0.095 * RATE) : int(0.105 * RATE)]
    crossings = np.flatnonzero(np.diff(np.signbit(at_peak))) / RATE
    hertz = 0.5 / np.diff(crossings).mean()
    assert hertz == pytest.approx(4 * 440 * 2 ** ((62 - 69) / 12), rel=0.06)


@pytest.mark.slow
def test_the_square_has_odd_harmonics_only_and_the_saw_all():
    square, halfway, saw = render("shapes")
    for harmonic in (2, 4, 6):
        assert level_at(square, 110 * harmonic) < 1e-3 * level_at(square, 110)
        assert level_at(saw, 110 * harmonic) > 0.05 * level_at(saw, 110)
        assert level_at(halfway, 110 * harmonic) > 0.02 * level_at(halfway, 110)
    for harmonic in (3, 5, 7):
        expected = level_at(square, 110) / harmonic
        assert level_at(square, 110 * harmonic) == pytest.approx(expected, rel=0.1)


def test_fm_puts_sidebands_at_the_distance_of_the_modulator():
    (wave,) = render("fm_with_envelope")
    held = wave[int(0.4 * RATE) :]
    frequencies, amplitudes = spectrum(held)
    strongest = frequencies[amplitudes.argmax()]
    top = amplitudes.max()
    assert level_at(held, strongest + 220) > 0.1 * top
    assert level_at(held, strongest + 440) > 0.02 * top
    assert level_at(held, strongest + 110) < 0.02 * top


@pytest.mark.slow
def test_the_mixer_limits_what_exceeds_one():
    quiet, limited = np.abs(render("mixer")).max(axis=1)
    assert quiet < 0.99
    assert limited == pytest.approx(1.0, abs=1e-6)


def test_envelopes_follow_their_settings():
    straight, steep, flat = render("adsr_set")
    rate = RATE / 100
    assert straight[round(0.1 * rate)] == pytest.approx(1.0, abs=1e-3)
    assert straight[round(0.05 * rate)] == pytest.approx(0.5, abs=1e-3)
    assert steep[round(0.05 * rate)] == pytest.approx(0.5**4, abs=1e-3)
    assert flat[round(0.15 * rate)] == pytest.approx(0.5**0.3, abs=2e-3)
    assert straight[-1] == pytest.approx(0.5, abs=1e-3)
    assert flat[-1] == pytest.approx(0.8, abs=1e-3)


def test_the_distance_is_in_decibels():
    noise = np.random.default_rng(0).uniform(-0.2, 0.2, RATE)
    assert log_mel_distance(noise, noise, RATE) == 0.0
    assert log_mel_distance(2 * noise, noise, RATE) == pytest.approx(20 * np.log10(2), abs=0.01)
    silent = np.zeros(RATE)
    assert np.isfinite(log_mel_distance(silent, silent, RATE))
    assert decibel_picture(silent).max() <= 0.0
    assert control_difference(np.array([0.0, 1.0, 5.0]), np.array([0.25, 1.0])) == 0.25


class FakeTracker:
    def __init__(self):
        self.sounds, self.figures = [], []

    def audio(self, name, wave, sample_rate, caption=""):
        assert np.abs(wave).max() <= 1
        self.sounds.append(name)

    def figure(self, name, figure):
        self.figures.append(name)


@pytest.fixture
def run(tmp_path):
    @contextlib.contextmanager
    def progress(total, description):
        yield SimpleNamespace(update=lambda n=1, **figures: None)

    def artifact(name):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    return SimpleNamespace(
        folder=tmp_path, seed=0, tracker=FakeTracker(), progress=progress, artifact=artifact
    )


@pytest.mark.slow
def test_without_torchsynth_ours_are_rendered_alone(run, monkeypatch):
    monkeypatch.setattr(replicate_job, "installed", lambda name: False)
    job = Replicate(["shapes", "adsr_set", "sine"], duration_s=SECONDS, sample_rate=RATE)
    assert job(run) == {"examples": 3.0}
    assert run.tracker.figures == ["figure_4", "adsr_set"]
    wave, rate = soundfile.read(run.folder / "audio" / "shapes_3_ours.wav")
    assert (len(wave), rate) == (RATE * SECONDS, RATE)
    html = (run.folder / "index.html").read_text()
    assert html.count("<audio") == 4
    assert "Square to saw" in html


def test_an_unknown_example_is_refused(run):
    with pytest.raises(UserError, match=r"job\.examples: sines given; allowed: sine, "):
        Replicate(["sines"])(run)


def test_the_first_four_are_the_papers():
    titles = [EXAMPLES[name].title for name in FIGURE_4]
    assert list(EXAMPLES)[:4] == list(FIGURE_4)
    for title, words in zip(titles, ("sine", "envelope", "square", "fm"), strict=True):
        assert words in title.lower()


@pytest.mark.bench
@pytest.mark.skipif(not installed("torchsynth"), reason="make setup-bench installs torchsynth")
@pytest.mark.filterwarnings("ignore")
def test_every_example_sounds_as_torchsynth_renders_it(run):
    metrics = Replicate(duration_s=1.0)(run)
    compared = {name: value for name, value in metrics.items() if "/" in name}
    assert len(compared) == len(EXAMPLES)
    too_far = {
        name: value
        for name, value in compared.items()
        if value > (0.5 if name.endswith("log_mel_db") else 1e-3)
    }
    assert not too_far
    assert metrics["log_mel_db_mean"] < 0.2
