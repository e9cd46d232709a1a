"""Oscillators against their formulas in float64, steady and moving, and where pitch is limited."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from synth.config import SynthConfig
from synth.modules.oscillators import FmVCO, SineVCO, SquareSawVCO, midi_to_hz
from tests.synth.family import play
from tests.synth.reference import Reference
from tests.synth.reference import midi_to_hz as hz

RATE, SECONDS = 44100, 1.0
N = RATE
CONFIG = SynthConfig(sample_rate=RATE, buffer_size_seconds=SECONDS)
FORMULA = Reference(RATE, RATE / 100, N)
STILL = {"tuning": 0.0, "mod_depth": 0.0, "initial_phase": 0.0}


def tone(kind, midi_f0, modulation=None, **values):
    """One second of an oscillator; modulation (n_points,) or one number."""
    inputs = [jnp.array([midi_f0], jnp.float32)]
    if modulation is not None:
        points = np.broadcast_to(np.asarray(modulation, np.float32), (FORMULA.n_frames,))
        inputs.append(jnp.asarray(points)[None])
    return play(kind(CONFIG, **{**STILL, **values}), *inputs)[0]


def decibels_below(sound, formula, ppm=2.0):
    """How far (dB) the error lies below a sound, at the best pitch within so many ppm.

    `formula(ratio)` is the exact sound with its pitch multiplied.
    """

    def error(part):
        return np.log10(np.mean((sound - formula(1 + part * 1e-6)) ** 2))

    best = minimize_scalar(error, bounds=(-ppm, ppm), method="bounded", options={"xatol": 1e-4})
    return 10 * (np.log10(np.mean(sound**2)) - best.fun)


def angle(hertz, ratio, initial=0.0):
    return 2 * np.pi * hertz * ratio * np.arange(1, N + 1) / RATE + initial


@pytest.mark.parametrize("midi", [21, 60, 81.37, 108])
def test_a_sine_is_a_cosine(midi):
    made = tone(SineVCO, midi, initial_phase=0.7)
    assert decibels_below(made, lambda r: np.cos(angle(hz(midi), r, 0.7))) > 100


@pytest.mark.parametrize("shape", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("midi", [36, 69, 100])
def test_a_square_saw_follows_its_formula(midi, shape):
    made = tone(SquareSawVCO, midi, shape=shape, initial_phase=-1.2)
    partials = 12000 / (hz(midi) * np.log10(hz(midi)))

    def formula(ratio):
        x = angle(hz(midi), ratio, -1.2)
        square = np.tanh(np.pi / 2 * partials * np.sin(x))
        return (1 - shape / 2) * square * (1 + shape * np.cos(x))

    assert decibels_below(made, formula) > 80


def test_the_edges_of_a_square_are_set_by_the_highest_pitch_of_the_note():
    depth = tone(SquareSawVCO, 60, 0.0, mod_depth=24.0, shape=0.0)
    partials = 12000 / (hz(84) * np.log10(hz(84)))
    expected = np.tanh(np.pi / 2 * partials * np.sin(angle(hz(60), 1.0)))
    assert np.abs(depth - expected).max() < 5e-3
    down = tone(SquareSawVCO, 60, 0.0, mod_depth=-24.0, shape=0.0)
    partials = 12000 / (hz(60) * np.log10(hz(60)))
    expected = np.tanh(np.pi / 2 * partials * np.sin(angle(hz(60), 1.0)))
    assert np.abs(down - expected).max() < 1e-2


def test_the_lowest_square_is_one():
    made = tone(SquareSawVCO, 0, tuning=-24.0, shape=0.0)
    assert np.isfinite(made).all()
    np.testing.assert_allclose(np.median(np.abs(made)), 1, atol=1e-6)


def moving(seed=0):
    rng = np.random.default_rng(seed)
    smooth = np.cumsum(rng.normal(size=FORMULA.n_frames)) / 20
    return np.clip(smooth, -1, 1).astype(np.float32)


@pytest.mark.parametrize("kind", [SineVCO, SquareSawVCO])
def test_a_moving_pitch_is_the_sum_of_its_frequencies(kind):
    values = {"tuning": 3.0, "mod_depth": 20.0, "initial_phase": 0.5, "shape": 0.4}
    if kind is SineVCO:
        del values["shape"]
    made = tone(kind, 50, moving(), **values)
    method = FORMULA.sine if kind is SineVCO else FORMULA.square_saw
    expected = method(values, 50.0, moving().astype(np.float64))
    # A pitch of 90 has a float32 step of 8e-6 semitones: 5e-4 turns after a second.
    assert np.sqrt(np.mean((made - expected) ** 2)) < 5e-3


def test_a_jump_of_nine_octaves_in_one_frame_keeps_its_phase():
    modulation = np.where(np.arange(FORMULA.n_frames) % 7 < 3, 1.0, -1.0)
    values = {"tuning": 0.0, "mod_depth": 60.0, "initial_phase": 0.0}
    made = tone(SineVCO, 63.5, modulation, **values)
    expected = FORMULA.sine(values, 63.5, modulation)
    assert np.sqrt(np.mean((made - expected) ** 2)) < 2e-2


@pytest.mark.parametrize(
    ("midi", "depth", "limit"), [(120.0, 96.0, 127.0), (5.0, -96.0, 0.0), (127.0, 0.0, 127.0)]
)
def test_pitch_stays_within_midi_0_to_127(midi, depth, limit):
    made = tone(SineVCO, midi, 1.0, tuning=24.0 if depth >= 0 else -24.0, mod_depth=depth)
    assert decibels_below(made, lambda r: np.cos(angle(hz(limit), r))) > 90


def test_tuning_is_in_semitones_and_modulation_adds_its_depth():
    for values in (
        {"tuning": 12.0},
        {"mod_depth": 24.0, "modulation": 0.5},
        {"mod_depth": -24.0, "modulation": -0.5},
    ):
        made = tone(SineVCO, 69, **values)
        assert decibels_below(made, lambda r: np.cos(angle(880.0, r))) > 100


def test_equal_temperament():
    notes = np.array([0.0, 21.0, 60.0, 69.0, 127.0])
    made = midi_to_hz(jnp.asarray(notes, jnp.float32))
    np.testing.assert_allclose(made, [8.1757989, 27.5, 261.6255653, 440, 12543.8539514], rtol=1e-6)


@cache
def _fm_pair(config):
    """A sine that modulates an FM oscillator, both with their parameters as arguments."""
    modulator, carrier = SineVCO(config), FmVCO(config)

    def render(sine, fm, midi, modulator_midi):
        sound = modulator.apply({"params": sine}, modulator_midi)
        return carrier.apply({"params": fm}, midi, sound).render()

    return jax.jit(render)


def fm(midi, modulator_midi, depth, initial_phase=0.0, config=CONFIG):
    """One second of FM: carrier and modulator by MIDI note, and the modulation index."""
    values = STILL, {**STILL, "mod_depth": depth, "initial_phase": initial_phase}
    units = [
        {n: jnp.full(1, scope.to_unit(v[n]), jnp.float32) for n, scope in kind.ranges().items()}
        for kind, v in zip((SineVCO(config), FmVCO(config)), values, strict=True)
    ]
    notes = (jnp.full(1, note, jnp.float32) for note in (midi, modulator_midi))
    return np.asarray(_fm_pair(config)(*units, *notes)[0], np.float64)


@pytest.mark.parametrize("index", [0.5, 2.0, -1.0])
def test_an_fm_tone_follows_its_formula(index):
    made = fm(57, 45, index, initial_phase=0.4)
    carrier, modulator = hz(57), hz(45)

    def formula(ratio):
        hertz = carrier * (1 + index * np.cos(angle(modulator, ratio))) * ratio
        hertz = np.clip(hertz, 0, RATE / 2)
        return np.cos(2 * np.pi * np.cumsum(hertz) / RATE + 0.4)

    # Above an index of 1 the frequency stops at 0 in every period, so that the mean frequency
    # depends on the index, which float32 in [0, 1] holds to 3e-7: 4e-4 rad after a second.
    assert decibels_below(made, formula) > (90 if abs(index) <= 1 else 60)


def test_an_fm_tone_has_the_sidebands_of_bessels_functions():
    from scipy.special import jv

    made = fm(69, 45, 0.25)  # 440 Hz by 110 Hz, deviation 110 Hz: an index of 1
    spectrum = np.abs(np.fft.rfft(made * np.hanning(N))) * 4 / N
    for order in range(4):
        line = spectrum[440 + 110 * order - 2 : 440 + 110 * order + 3].max()
        assert line == pytest.approx(abs(jv(order, 1.0)), abs=5e-3)


def test_the_frequency_of_an_fm_tone_stops_at_0_and_at_half_the_rate():
    made = fm(100, 24, 96.0)
    modulator = np.cos(angle(hz(24), 1.0))
    hertz = np.clip(hz(100) * (1 + 96 * modulator), 0, RATE / 2)
    stopped, folded = hertz[1:] == 0, (hertz[1:] == RATE / 2) & (hertz[:-1] == RATE / 2)
    step = np.diff(made)
    clear = slice(0, N // 10)  # later a rounding of the modulator's phase moves where it stops
    assert np.abs(step[clear][stopped[clear]]).max() < 1e-4
    # At half the rate every sample is minus the one before.
    both = (made[1:] + made[:-1])[clear][folded[clear]]
    assert np.quantile(np.abs(both), 0.99) < 1e-4


def test_fm_at_a_control_rate_that_does_not_divide_the_sample_rate():
    uneven = SynthConfig(sample_rate=RATE, buffer_size_seconds=SECONDS, control_rate=480.0)
    assert np.abs(fm(57, 45, 1.5, config=uneven) - fm(57, 45, 1.5)).max() < 1e-3
