"""The match job: what it writes, how far the match is away, and the recordings that it refuses."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import librosa
import numpy as np
import pytest

from ctag.strategies.published import Learned
from eval.harness import audio
from scripts.jobs.match import Match, at_level_of, lasting
from scripts.runtime.errors import UserError
from synth.config import SynthConfig
from synth.patch import load_patch
from synth.synth import OneOsc
from tests.scripts.jobs.search_run import a_run

RATE = 8000
SYNTH = OneOsc(SynthConfig(sample_rate=RATE, buffer_size_seconds=1.0, control_rate=100))


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Minus the distance of magnitude spectra, from recordings named by their paths."""

    sample_rate: float = 0.0
    duration_s: float = 0.0

    def target(self, prompts):
        waves = np.stack([audio.read(path)[0] for path in prompts])
        return {"spectrum": jnp.abs(jnp.fft.rfft(jnp.asarray(waves), axis=-1))}

    def score(self, target, sounds, sample_rate):
        spectrum = jnp.abs(jnp.fft.rfft(sounds, axis=-1))
        return -jnp.mean(jnp.abs(spectrum - target["spectrum"][:, None]), axis=-1)


def a_job(target, **settings):
    settings = {"iterations": 20, "population": 12} | settings
    return Match(Path(target), SYNTH, Learned(), Spectrum(), **settings)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A sound of the synth of 0.3 s at another rate, as a recording of it would be."""
    theta = jax.random.uniform(jax.random.PRNGKey(4), (20, SYNTH.n_params))
    waves = np.asarray(lasting(SYNTH, round(0.3 * RATE)).render(theta))
    wave = waves[np.argmax((waves**2).mean(axis=1))]
    path = tmp_path_factory.mktemp("recording") / "a tone.flac"
    audio.write(path, audio.resample(wave, RATE, 22050), 22050)
    return path


@pytest.fixture(scope="module")
def finished(recording, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run = a_run(folder)
    return SimpleNamespace(run=run, folder=folder, metrics=a_job(recording)(run))


def test_the_match_has_the_length_and_rate_of_the_recording(finished):
    match, rate = audio.read(finished.folder / "sounds" / "match.wav")
    target, target_rate = audio.read(finished.folder / "target.wav")
    assert rate == target_rate == RATE
    assert match.size == target.size == round(0.3 * RATE)
    patch = load_patch(finished.folder / "patches" / "match.yaml")
    assert patch.synth().n_samples == match.size
    assert patch.name == "a tone"
    np.testing.assert_allclose(patch.render(), match, atol=1e-5)


def test_the_match_is_closer_than_the_closest_of_as_many_random_sounds(finished):
    target, _ = audio.read(finished.folder / "target.wav")
    theta = jax.random.uniform(jax.random.PRNGKey(9), (240, SYNTH.n_params))
    sounds = np.asarray(lasting(SYNTH, target.size).render(theta))
    scorer = Spectrum()
    by_chance = scorer.score(
        scorer.target([finished.folder / "target.wav"]), jnp.asarray(sounds)[None], RATE
    )
    assert finished.metrics["score"] > float(by_chance.max())


def test_the_distance_is_the_one_of_librosa(finished):
    waves = [audio.read(finished.folder / name)[0] for name in ("target.wav", "sounds/match.wav")]
    levels = []
    for wave in waves:
        power = librosa.feature.melspectrogram(
            y=wave / np.sqrt(np.mean(wave**2)),
            sr=RATE,
            n_fft=512,
            hop_length=128,
            n_mels=64,
            pad_mode="constant",
        )
        levels.append(10 * np.log10(np.maximum(power, 1e-12)))
    floor = levels[0].max() - 60
    distance = np.abs(np.maximum(levels[0], floor) - np.maximum(levels[1], floor)).mean()
    assert finished.metrics["log_mel_distance_db"] == pytest.approx(distance, abs=0.02)


def test_the_two_are_played_equally_loud_and_never_beyond_full_scale():
    quiet, loud = np.float32([0.1, -0.1]), np.float32([0.8, -0.8])
    np.testing.assert_allclose(at_level_of(quiet, loud), loud, rtol=1e-6)
    np.testing.assert_allclose(at_level_of(loud, quiet), quiet, rtol=1e-6)
    peaky = np.float32([0.9, 0.0, 0.0, 0.0])
    assert np.abs(at_level_of(peaky, np.float32([0.8] * 4))).max() == pytest.approx(1)


def test_the_page_has_both_players_and_the_figures(finished):
    text = (finished.folder / "index.html").read_text(encoding="utf-8")
    assert text.count("<audio") == 2
    assert "A: the recording" in text
    assert "B: the match" in text
    assert f"{finished.metrics['log_mel_distance_db']:.2f} dB" in text
    assert "a tone.yaml" in text


def test_an_interrupted_match_ends_with_the_same_numbers(finished, recording, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        a_job(recording)(a_run(tmp_path, interrupt_at=10))
    assert a_job(recording)(a_run(tmp_path)) == finished.metrics


@pytest.mark.slow
def test_the_stand_in_is_a_sound_that_is_heard(tmp_path):
    for seed in range(3):
        a_job("stand_in", iterations=1)(a_run(tmp_path / str(seed), seed=seed))
        wave, _ = audio.read(tmp_path / str(seed) / "target.wav")
        assert wave.size == RATE // 2
        assert np.abs(wave).max() > 0.01


def test_a_sound_is_given_another_length_and_nothing_else():
    synth = lasting(SYNTH, 1234)
    assert synth.n_samples == 1234
    assert synth.parameters == SYNTH.parameters
    changed = dataclasses.replace(synth.config, buffer_size_seconds=1.0)
    assert changed == SYNTH.config


def refused(path, **settings):
    with pytest.raises(UserError) as error:
        a_job(path, **settings)(a_run(path.parent))
    return str(error.value)


def test_recordings_that_cannot_be_matched_are_refused(tmp_path):
    path = tmp_path / "target.wav"
    assert f"audio file {path} does not exist" in refused(path)
    path.write_bytes(b"RIFF nothing")
    assert "cannot be read as audio" in refused(path)
    audio.write(path, np.full(10, 0.5), RATE)
    assert "is 1.2 ms long: at least 20 ms" in refused(path)
    audio.write(path, np.zeros(RATE), RATE)
    assert "is silent" in refused(path)
    audio.write(path, np.full(3 * RATE, 0.5), RATE)
    message = refused(path, longest_s=2.0)
    assert "is 3.0 s long, at most 2 s are matched: cut it, or set job.longest_s" in message
