"""The recording scorer: a sound is nearest to itself, and the nearer the more alike."""

import jax
import jax.numpy as jnp
import librosa
import numpy as np
import pytest

from ctag.scorers.protocol import Scorer
from ctag.scorers.recording import RecordingScorer, log_mel_distance
from eval.harness import audio as audio_files

RATE = 16000
TIME = np.arange(RATE) / RATE


def pluck(midi=69.0, decay_s=0.3, brightness=0.6):
    f0 = 440 * 2 ** ((midi - 69) / 12)
    partials = sum(brightness**k * np.sin(2 * np.pi * f0 * (k + 1) * TIME) for k in range(8))
    return (0.3 * partials * 10 ** (-TIME / decay_s)).astype(np.float32)


def hiss():
    return 0.1 * np.random.default_rng(0).standard_normal(len(TIME)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    audio_files.write(folder / "pluck.wav", pluck(), RATE)
    audio_files.write(folder / "hiss.wav", hiss(), RATE)
    audio_files.write(folder / "short.wav", pluck()[:4000], RATE)
    audio_files.write(folder / "silent.wav", np.zeros(4000, np.float32), RATE)
    return folder


@pytest.fixture(scope="module")
def scorer():
    return RecordingScorer(sample_rate=RATE, duration_s=1.0)


@pytest.fixture(scope="module")
def target(scorer, folder):
    return scorer.target([str(folder / "pluck.wav"), str(folder / "hiss.wav")])


def scored(scorer, target, *waves):
    """Scores (prompts, waves) of up to four waves against every target."""
    filled = [*waves, *waves[:1] * (4 - len(waves))]  # one shape, one program
    audio = jnp.broadcast_to(jnp.asarray(np.stack(filled))[None], (2, 4, len(TIME)))
    return np.asarray(scorer.score(target, audio, RATE))[:, : len(waves)]


def test_it_is_a_scorer(scorer):
    assert isinstance(scorer, Scorer)
    assert scorer.sample_rate == RATE


def test_a_recording_matches_itself_at_any_level(scorer, target):
    scores = scored(scorer, target, pluck(), 0.01 * pluck(), hiss(), 3 * hiss())
    np.testing.assert_allclose(scores[0, :2], 0, atol=0.02)
    np.testing.assert_allclose(scores[1, 2:], 0, atol=0.02)
    assert scores[0, 2:].max() < -10
    assert scores[1, :2].max() < -10


@pytest.mark.parametrize(
    "waves",
    [
        [pluck(), pluck(midi=69.5), pluck(midi=76), hiss()],
        [pluck(), pluck(decay_s=0.4), pluck(decay_s=1.0), hiss()],
        [pluck(), pluck(brightness=0.5), pluck(brightness=0.1), hiss()],
    ],
    ids=["pitch", "decay", "brightness"],
)
def test_the_more_alike_the_higher(scorer, target, waves):
    scores = scored(scorer, target, *waves)[0]
    assert (np.diff(scores) < 0).all(), scores


def test_what_is_not_finite_scores_lowest_and_silence_low(scorer, target):
    broken = pluck()
    broken[5] = np.nan
    scores = scored(scorer, target, broken, np.zeros_like(broken), pluck(midi=60))
    assert (scores[:, 0] == -np.inf).all()
    assert np.isfinite(scores[:, 1:]).all()
    assert scores[0, 1] < scores[0, 2]


def test_the_parts_add_up(scorer, target):
    audio = jnp.asarray(np.stack([hiss(), pluck()]))[:, None].repeat(4, axis=1)
    parts = scorer.parts(target, audio, RATE)
    total = parts.spectrum_db + 0.5 * parts.envelope_db + 2.0 * parts.descriptors
    np.testing.assert_allclose(scorer.score(target, audio, RATE), -total, rtol=1e-5)


@pytest.mark.slow
def test_the_gradient_is_finite(scorer, target):
    def score(audio):
        return scorer.score(target, audio, RATE).sum()

    audio = jnp.asarray(np.stack([np.zeros_like(hiss()), hiss()]))[:, None]
    assert jnp.isfinite(jax.jit(jax.grad(score))(audio)).all()


def test_recordings_are_resampled_cut_and_padded(folder):
    waves = RecordingScorer(sample_rate=8000, duration_s=0.5).waves(
        [str(folder / "pluck.wav"), str(folder / "short.wav")]
    )
    assert waves.shape == (2, 4000)
    theirs = librosa.resample(pluck(), orig_sr=RATE, target_sr=8000, res_type="soxr_hq")[:4000]
    np.testing.assert_allclose(waves[0], theirs, atol=2e-3)
    assert not waves[1, 2100:].any()
    later = RecordingScorer(sample_rate=RATE, duration_s=0.1, start_s=0.25)
    np.testing.assert_allclose(later.waves([str(folder / "pluck.wav")])[0], pluck()[4000:5600])


def test_their_own_length_is_taken_where_it_is_the_same(folder):
    scorer = RecordingScorer(sample_rate=RATE)
    assert scorer.waves([str(folder / "pluck.wav"), str(folder / "hiss.wav")]).shape == (2, RATE)
    with pytest.raises(ValueError, match=r"last 0\.250, 1\.000 s: set duration_s"):
        scorer.waves([str(folder / "pluck.wav"), str(folder / "short.wav")])


def test_errors_say_what_is_wrong(scorer, target, folder):
    with pytest.raises(FileNotFoundError, match=r"none\.wav"):
        scorer.target([str(folder / "none.wav")])
    with pytest.raises(ValueError, match=r"silent\.wav is silent from 0 s on"):
        scorer.target([str(folder / "silent.wav")])
    with pytest.raises(TypeError, match="list of paths"):
        scorer.target("pluck.wav")
    with pytest.raises(ValueError, match=r"prepared for 1 s at 16000 Hz, the sounds last 0\.5 s"):
        scorer.score(target, jnp.zeros((2, 1, 8000)), RATE)


def test_the_plain_distance_equals_librosa():
    def log_mel(wave):
        wave = wave / np.sqrt(np.mean(wave**2))
        power = librosa.feature.melspectrogram(
            y=wave, sr=RATE, n_fft=1024, hop_length=256, n_mels=64
        )
        return librosa.power_to_db(power, amin=1e-12, top_db=None)

    target, sound = log_mel(pluck()), log_mel(hiss())
    floor = target.max() - 60
    theirs = np.abs(np.maximum(sound, floor) - np.maximum(target, floor)).mean()
    ours = log_mel_distance(jnp.asarray(pluck()), jnp.asarray(hiss()), RATE)
    assert float(ours) == pytest.approx(theirs, abs=1e-3)


def test_the_plain_distance_broadcasts():
    population = jnp.asarray(np.stack([pluck(), pluck(midi=60), hiss()]))
    distances = log_mel_distance(jnp.asarray(pluck())[None], population, RATE)
    assert distances.shape == (3,)
    assert distances[0] == pytest.approx(0, abs=1e-4)
    assert distances[0] < distances[1] < distances[2]
