"""The recover job: what moves and what is held, what is measured, and that it recovers patches."""

import csv
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from eval.harness import audio
from eval.harness.checkpoints import Checkpoints
from scripts.jobs.recover.blocks import BLOCK, analysis_of, in_blocks, parts_of, sounds_of
from scripts.jobs.recover.descent import Descent, _compiled, in_groups
from scripts.jobs.recover.job import Recover
from scripts.jobs.recover.loss import level_db
from scripts.jobs.recover.measures import heard, measures_of, summary, within
from scripts.jobs.recover.signals import controls_of, pitch_weight
from scripts.jobs.recover.targets import (
    columns_of,
    displaced,
    is_heard,
    random_targets,
    scales_of,
)
from scripts.runtime.errors import UserError
from scripts.runtime.run import Run
from scripts.runtime.tracker import NoTracker
from synth.config import SynthConfig
from synth.parameter import Parameter
from synth.patch import load_patch
from synth.synth import NoLFO, OneOsc, ParametricSynth, ShapedNoise, Voice

RATE = 8000
CONFIG = SynthConfig(sample_rate=RATE, buffer_size_seconds=0.5, control_rate=80)
SYNTH = OneOsc(CONFIG)
PARAMETERS = ("*.midi_f0", "*.tuning", "adsr*")


class Tone:
    """A decaying sine, as far as a descent knows it: compiled in a second."""

    config = CONFIG
    n_params = 3
    parameters = (
        Parameter(0.0, 127.0, unit="MIDI", name="keyboard.midi_f0"),
        Parameter(1.0, 20.0, name="adsr.rate"),
        Parameter(0.0, 1.0, name="mixer.vco"),
    )

    def render(self, theta, noise_keys=None):
        midi, rate, level = (p.to_human(theta[:, i : i + 1]) for i, p in enumerate(self.parameters))
        seconds = jnp.arange(CONFIG.n_samples) / RATE
        hertz = 440.0 * 2.0 ** ((midi - 69.0) / 12.0)
        return level * jnp.exp(-rate * seconds) * jnp.sin(2 * jnp.pi * hertz * seconds)


class Interrupting(NoTracker):
    """Stops the work when so many steps were logged."""

    def __init__(self, at=None):
        self.at, self.losses = at, []

    def log(self, metrics, step=None):
        self.losses.append(metrics["recover/loss"])
        if step == self.at:
            raise KeyboardInterrupt


def a_run(folder, seed=3, interrupt_at=None):
    folder.mkdir(exist_ok=True)
    return Run(
        "synth/recover",
        "0123456789ab",
        folder,
        seed,
        {"scale": "smoke"},
        Interrupting(interrupt_at),
        Checkpoints(folder / "checkpoints"),
    )


def a_job(**settings):
    settings = {"synth": SYNTH, "patches": 3, "steps": 7, "shown": 1, "chunk_steps": 3} | settings
    return Recover(**settings)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run = a_run(folder)
    return SimpleNamespace(run=run, folder=folder, metrics=a_job()(run))


def table(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def set_to(synth, **human):
    """Middle values, but for those given in human units by `module__parameter`."""
    theta = np.full((1, synth.n_params), 0.5, np.float32)
    names = [p.name for p in synth.parameters]
    for name, value in human.items():
        column = names.index(name.replace("__", "."))
        theta[0, column] = synth.parameters[column].to_unit(value)
    return theta


def test_the_patterns_name_pitch_and_envelope():
    names = [SYNTH.parameters[i].name for i in columns_of(SYNTH, PARAMETERS)]
    envelope = [f"adsr.{name}" for name in ("attack", "decay", "sustain", "release", "alpha")]
    assert names == [*envelope, "keyboard.midi_f0", "vco.tuning"]
    in_voice = [Voice(CONFIG).parameters[i].name for i in columns_of(Voice(CONFIG), PARAMETERS)]
    assert {name.split(".")[0] for name in in_voice} == {
        "adsr_1", "adsr_2", "keyboard", "vco_1", "vco_2",
    }  # fmt: skip


def test_a_pattern_that_matches_nothing_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"'vca\.\*' matches no parameter of OneOsc; it has adsr"):
        a_job(parameters=("adsr*", "vca.*"))(a_run(tmp_path))
    with pytest.raises(UserError, match=r"job\.parameters is empty"):
        a_job(parameters=())(a_run(tmp_path))


@pytest.mark.parametrize(
    ("setting", "value"),
    [("patches", 0), ("steps", 0), ("learning_rate", 0.0), ("offset", 0.6), ("smoothing", -1.0)],
)
def test_settings_that_mean_nothing_are_refused(setting, value, tmp_path):
    with pytest.raises(UserError, match=rf"job\.{setting}: {value} given"):
        a_job(**{setting: value})(a_run(tmp_path))


def test_the_start_is_near_and_in_the_box():
    columns = columns_of(SYNTH, PARAMETERS)
    scales = scales_of(SYNTH, columns, offset=0.05, semitones=2.0)
    assert scales == (0.05,) * 5 + (2 / 127, 2 / 48)
    values = jax.random.uniform(jax.random.PRNGKey(0), (500, len(columns)))
    values = values.at[:50].set(0.0).at[50:100].set(1.0)
    moved = np.asarray(displaced(values, scales, jax.random.PRNGKey(1)))
    assert ((moved >= 0) & (moved <= 1)).all()
    distance = np.abs(moved - np.asarray(values)) / np.array(scales)
    assert distance.max() <= 1 + 1e-5
    assert distance.mean() == pytest.approx(0.5, abs=0.02)


def test_targets_are_heard_and_follow_the_key():
    first, again = (random_targets(SYNTH, jax.random.PRNGKey(1), 5) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(random_targets(SYNTH, jax.random.PRNGKey(1), 2), first[:2])
    waves = np.asarray(SYNTH.render(first))
    assert (np.abs(waves).max(1) > 0.01).all()


def test_what_cannot_be_heard_is_no_target():
    steady = {"keyboard__duration": 2.0, "vco__mod_depth": 0.0, "mixer__vco": 1.0}
    for midi, tuning, level, expected in (
        (69, 0, 1.0, True), (69, 0, 0.0, False), (12, 0, 1.0, False), (120, 0, 1.0, False),
        (100, 20, 1.0, False), (20, 20, 1.0, True),
    ):  # fmt: skip
        theta = set_to(
            SYNTH,
            **steady | {"mixer__vco": level, "keyboard__midi_f0": midi, "vco__tuning": tuning},
        )
        assert is_heard(SYNTH, theta).tolist() == [expected], (midi, tuning, level)


def test_controls_are_what_the_sound_does():
    theta = set_to(
        SYNTH,
        keyboard__midi_f0=60,
        vco__tuning=9,
        vco__mod_depth=0.0,
        keyboard__duration=2.0,
        adsr__attack=0.2,
    )
    controls = controls_of(SYNTH, theta)
    assert controls.pitch.shape == controls.level.shape == (1, 1, 40)
    np.testing.assert_allclose(controls.pitch, 69.0, atol=1e-4)
    assert pitch_weight(controls).sum() == pytest.approx(1.0, abs=1e-5)
    wave = np.asarray(sounds_of(SYNTH, theta))[0]
    assert np.abs(np.fft.rfft(wave * np.hanning(wave.size))).argmax() == 220  # 440 Hz of half a s
    # The mean square of a sine is half of its amplitude's; the window is wider than a frame.
    levels = np.asarray(analysis_of(wave[None], RATE).level[0])[3:-2]
    frames = np.interp(np.arange(51)[3:-2] / 100, np.arange(40) / 80, controls.level[0, 0])
    np.testing.assert_allclose(levels, 20 * np.log10(frames / np.sqrt(2)), atol=0.5)


def test_controls_know_what_has_no_pitch_and_what_modulates():
    noise = controls_of(ShapedNoise(CONFIG), np.full((2, 18), 0.5, np.float32))
    assert np.isnan(noise.pitch).all()
    assert (noise.level > 0).any()
    assert (pitch_weight(noise) == 0).all()
    synth = ParametricSynth(CONFIG, sine=1, square_saw=0, fm_sine=1)
    fm = controls_of(synth, np.full((2, synth.n_params), 0.5, np.float32))
    assert np.isnan(fm.pitch).all((0, 2)).tolist() == [False, False, True]  # vco_1, vco_3, noise


def test_measures_are_cents_and_decibels():
    fixed = {"vco__mod_depth": 0.0, "keyboard__duration": 2.0}
    target = heard(SYNTH, set_to(SYNTH, keyboard__midi_f0=60, mixer__vco=1.0, **fixed))
    moved = heard(SYNTH, set_to(SYNTH, keyboard__midi_f0=60.3, mixer__vco=0.5, **fixed))
    same, other = measures_of(target, target, RATE), measures_of(target, moved, RATE)
    assert [values.item() for values in same] == [0.0] * 5
    assert other.pitch_cents.item() == pytest.approx(30.0, abs=0.1)
    # Where it is above 60 dB below the top.
    assert other.envelope_db.item() == pytest.approx(20 * np.log10(2), abs=0.6)
    assert [found.tolist() for found in within(other)] == [[False], [False]]
    assert summary(same)["both_within"] == 1.0


@pytest.mark.slow
def test_without_pitch_the_envelope_alone_counts(tmp_path):
    synth = ShapedNoise(CONFIG)
    metrics = a_job(synth=synth, parameters=("adsr*",), steps=2)(a_run(tmp_path))
    assert "end/pitch_cents_median" not in metrics
    assert metrics["end/both_within"] == metrics["end/envelope_within_1_db"]
    assert all(np.isfinite(value) for value in metrics.values())


def test_the_level_is_that_of_the_wave():
    wave = 0.5 * jnp.sin(2 * jnp.pi * 400 / RATE * jnp.arange(RATE))[None]
    np.testing.assert_allclose(level_db(wave, RATE)[0, 2:-2], 20 * np.log10(0.5**1.5), atol=0.05)


STEPS = 200


@pytest.fixture(scope="module")
def tones():
    """A descent of eight tones with everything that it needs; the level is held."""
    columns, scales = (0, 1), (1.0 / 127.0, 0.1)
    drawn = np.random.default_rng(0).uniform(0.3, 0.7, (8, 3)).astype(np.float32)
    theta = jnp.asarray(drawn)
    start = displaced(theta[:, :2], scales, jax.random.PRNGKey(3))
    descent = Descent(Tone(), columns, scales, STEPS, learning_rate=0.05, smoothing=0.2)
    target = analysis_of(sounds_of(Tone(), theta), RATE)

    def advance(state, first, last):
        return descent.advance(state, theta, target, jax.random.PRNGKey(4), first, last)

    def loss(free):
        sounds = sounds_of(Tone(), descent.whole(free, theta))
        return parts_of(target, analysis_of(sounds, RATE)).total

    return SimpleNamespace(descent=descent, theta=theta, start=start, advance=advance, loss=loss)


def test_only_what_was_chosen_moves(tones):
    state = tones.advance(tones.descent.start(tones.start), 0, 4)
    end = np.asarray(tones.descent.whole(state.free, tones.theta))
    assert end[:, 2].tobytes() == np.asarray(tones.theta)[:, 2].tobytes()
    assert (end[:, :2] != np.asarray(tones.start)).all()
    assert ((end >= 0) & (end <= 1)).all()
    losses = np.asarray(state.losses)
    assert (losses[:4] > 0).all()
    assert not losses[4:].any()
    np.testing.assert_array_equal(state.best_loss, losses[:4].min(0))
    assert int(state.undefined) == 0


def test_a_descent_in_two_parts_is_the_descent_and_compiles_once(tones):
    start = tones.descent.start(tones.start)
    parts = tones.advance(tones.advance(start, 0, 3), 3, 5)
    whole = tones.advance(start, 0, 5)
    for one, other in zip(jax.tree.leaves(whole), jax.tree.leaves(parts), strict=True):
        np.testing.assert_array_equal(one, other)
    samples = tones.descent.steps * len(tones.theta) * CONFIG.n_samples
    assert _compiled(tones.descent, samples)._cache_size() == 1


def test_the_truth_has_the_lowest_loss(tones):
    true = tones.loss(tones.theta[:, :2])
    assert (true < 1e-3).all()
    assert (tones.loss(tones.start) > 10 * true + 0.1).all()


def test_tones_are_found_again(tones):
    state = tones.advance(tones.descent.start(tones.start), 0, STEPS)
    before, after = (
        np.abs(np.asarray(free - tones.theta[:, :2])).mean(0) for free in (tones.start, state.best)
    )
    assert (after < 0.1 * before).all()


def test_groups_and_blocks_are_the_whole():
    rows = jnp.arange(2.0 * 37).reshape(37, 2)
    sums = in_groups(lambda pair: (pair[0].sum(1), pair[1] + 1), (rows, rows))
    np.testing.assert_array_equal(sums[0], rows.sum(1))
    np.testing.assert_array_equal(sums[1], rows + 1)
    seen = []
    np.testing.assert_array_equal(in_blocks(lambda x: seen.append(len(x)) or 2 * x, rows), 2 * rows)
    assert seen == [BLOCK, BLOCK]


@pytest.mark.slow
def test_the_run_leaves_tables_sounds_patches_and_a_page(finished):
    rows = table(finished.folder / "recover.csv")
    assert len(rows) == 3
    ends = [float(row["loss_end"]) for row in rows]
    assert finished.metrics["end/loss_mean"] == pytest.approx(np.mean(ends), rel=1e-4)
    assert finished.metrics["end/loss_mean"] <= finished.metrics["start/loss_mean"]
    parameters = table(finished.folder / "parameters.csv")
    assert [row["name"] for row in parameters][-2:] == ["keyboard.midi_f0", "vco.tuning"]
    waves = {}
    for name in ("target", "start", "recovered"):
        waves[name], rate = audio.read(finished.folder / "sounds" / f"00-{name}.wav")
        assert rate == RATE
        patch = load_patch(finished.folder / "patches" / f"00-{name}.yaml")
        np.testing.assert_allclose(patch.render(), waves[name], atol=1e-3)
    assert np.abs(waves["start"] - waves["target"]).max() > 1e-3
    page = (finished.folder / "index.html").read_text(encoding="utf-8")
    assert page.count("<audio") == 3
    assert "patch-00-recovered.yaml" in page


@pytest.mark.slow
def test_an_interrupted_run_ends_with_the_same_numbers(finished, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        a_job()(a_run(tmp_path, interrupt_at=6))
    run = a_run(tmp_path)
    assert a_job()(run) == finished.metrics
    assert len(run.tracker.losses) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_pitch_and_envelope_are_recovered(seed, tmp_path):
    """Two oscillators under two envelopes: measured 0.67 to 0.75 of the patches, and 0.02 of the
    error in pitch."""
    near = {"offset": 0.05, "semitones": 0.5}
    job = a_job(synth=NoLFO(CONFIG), patches=24, steps=400, chunk_steps=100, **near)
    metrics = job(a_run(tmp_path, seed))
    assert metrics["end/pitch_cents_median"] < 0.2 * metrics["start/pitch_cents_median"]
    assert metrics["end/envelope_db_median"] < 0.3 * metrics["start/envelope_db_median"]
    assert metrics["end/both_within"] > metrics["start/both_within"] + 0.4
