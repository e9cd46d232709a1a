"""Twenty recordings matched by the voice, against the best of 5,000 random voice sounds each.

Ten of ESC-10 (the first of every class) and ten notes of as many instruments. The distance is the
mean absolute difference of 64-band log-mel spectra, computed here with librosa alone.
"""

import csv
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import librosa
import numpy as np
import pytest

from ctag.scorers.recording import RecordingScorer, log_mel_distance
from ctag.search import Search
from ctag.strategies.published import Learned
from synth.config import SynthConfig
from synth.synth import Voice

REALDATA = Path(__file__).resolve().parents[3] / "shared" / "realdata"
RATE = 16000.0
N_RANDOM = 5000
ENOUGH = 18

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not REALDATA.exists(), reason=f"the recordings are not there: {REALDATA}"),
]


def rows_of(folder: str) -> list[dict[str, str]]:
    with (REALDATA / folder / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def environmental_sounds() -> list[Path]:
    """The first recording of every class of ESC-10."""
    first: dict[str, str] = {}
    for row in rows_of("esc10"):
        first.setdefault(row["label"], row["file"])
    return [REALDATA / "esc10" / name for name in first.values()]


def notes() -> list[Path]:
    """Ten instruments of twenty-four: of each the note nearest to middle C at velocity 100."""
    rows = [row for row in rows_of("gm_notes") if row["velocity"] == "100"]
    rows.sort(key=lambda row: (abs(int(row["pitch"]) - 60), row["file"]))
    nearest: dict[str, str] = {}
    for row in rows:
        nearest.setdefault(row["label"], row["file"])
    labels = sorted(nearest)[::2][:10]
    return [REALDATA / "gm_notes" / nearest[label] for label in labels]


@cache
def voice(duration_s: float) -> Voice:
    return Voice(
        config=SynthConfig(sample_rate=RATE, buffer_size_seconds=duration_s, control_rate=160)
    )


def distances(target: np.ndarray, sounds: np.ndarray) -> np.ndarray:
    """Log-mel distance of sounds (n, n_samples) from a target in dB, by librosa."""

    def levels(wave):
        wave = wave / np.sqrt(np.mean(wave**2) + 1e-12)
        power = librosa.feature.melspectrogram(
            y=wave, sr=RATE, n_fft=1024, hop_length=256, n_mels=64, pad_mode="constant"
        )
        return 10 * np.log10(np.maximum(power, 1e-12))

    goal = levels(target)
    floor = goal.max() - 60
    goal = np.maximum(goal, floor)
    return np.array([np.abs(np.maximum(levels(s), floor) - goal).mean() for s in sounds])


def best_of_random(waves: np.ndarray, duration_s: float) -> np.ndarray:
    """The least distance of 5,000 random voice sounds from every target.

    All are measured in JAX; what decides, the nearest few of each target, again with librosa.
    """
    synth, waves = voice(duration_s), jnp.asarray(waves)
    every_sound = jax.vmap(log_mel_distance, in_axes=(None, 0, None))
    measure = jax.jit(jax.vmap(every_sound, in_axes=(0, None, None)), static_argnums=2)
    keys = jax.random.split(jax.random.PRNGKey(11), N_RANDOM // 100)
    thetas = [jax.random.uniform(key, (100, synth.n_params)) for key in keys]
    measured = np.concatenate(
        [np.asarray(measure(waves, synth.render(theta), RATE)) for theta in thetas], axis=1
    )
    theta = np.concatenate(thetas)
    nearest = np.argsort(measured, axis=1)[:, :5]
    sounds = [np.asarray(synth.render(jnp.asarray(theta[rows]))) for rows in nearest]
    return np.array([distances(w, s).min() for w, s in zip(np.asarray(waves), sounds, strict=True)])


def matched(paths: list[Path], duration_s: float) -> list[tuple[str, float, float]]:
    """Name, distance of the match and least distance of the random sounds, for every recording."""
    scorer = RecordingScorer(sample_rate=RATE, duration_s=duration_s)
    search = Search(voice(duration_s), Learned(), scorer, iterations=300, population=50)
    result = search.run(
        [str(path) for path in paths], jax.random.PRNGKey(0), names=[p.stem for p in paths]
    )
    waves = scorer.waves([str(path) for path in paths])
    found = [distances(w, s[None])[0] for w, s in zip(waves, result.audio, strict=True)]
    chance = best_of_random(waves, duration_s)
    return list(zip(result.prompts, map(float, found), map(float, chance), strict=True))


def test_the_distance_here_is_the_project_s_own():
    path = notes()[0]
    wave = RecordingScorer(sample_rate=RATE, duration_s=1.0).waves([str(path)])
    sounds = voice(1.0).render(jax.random.uniform(jax.random.PRNGKey(0), (5, 78)))
    ours = [log_mel_distance(jnp.asarray(wave[0]), sound, RATE) for sound in sounds]
    np.testing.assert_allclose(distances(wave[0], np.asarray(sounds)), ours, atol=0.1)


@pytest.mark.long
def test_eighteen_of_twenty_matches_beat_the_best_of_5000_random_sounds():
    rows = matched(environmental_sounds(), 5.0) + matched(notes(), 1.5)
    better = sum(found < chance for _, found, chance in rows)
    for name, found, chance in rows:
        print(f"{name:24s} match {found:5.2f} dB, best of {N_RANDOM} random {chance:5.2f} dB")
    print(f"{better} of {len(rows)} matches are nearer")
    assert len(rows) == 20
    assert better >= ENOUGH
