"""Amplifiers, the modulation matrix, the mixer and the keyboard against plain arithmetic."""

import jax.numpy as jnp
import numpy as np
import pytest

from synth.audio import Audio, peaks, per_sound
from synth.config import SynthConfig
from synth.grid import make_grid
from synth.modules.amplifiers import VCA, ControlRateVCA
from synth.modules.keyboard import MonophonicKeyboard
from synth.modules.mixer import AudioMixer
from synth.modules.modulation import ModulationMixer
from tests.synth.family import play

CONFIG = SynthConfig(batch_size=3, sample_rate=8000, buffer_size_seconds=0.25, control_rate=100)
UNEVEN = SynthConfig(batch_size=3, sample_rate=8000, buffer_size_seconds=0.25, control_rate=117.3)


def constant(levels, config=CONFIG):
    """Sounds that hold one value, as audio."""
    grid = make_grid(config)
    return Audio(
        grid,
        jnp.asarray(levels, jnp.float32),
        lambda part: jnp.broadcast_to(per_sound(part), (part.shape[0], *grid.tile)),
    )


@pytest.mark.parametrize("config", [CONFIG, UNEVEN], ids=["even", "uneven"])
def test_an_amplifier_multiplies_by_straight_lines_between_control_points(config):
    rng = np.random.default_rng(0)
    grid = make_grid(config)
    level = rng.uniform(size=(3, grid.n_points)).astype(np.float32)
    module = VCA(config)
    made = np.asarray(
        module.apply({}, constant([1.0, -0.5, 2.0], config), jnp.asarray(level)).render()
    )
    time = np.arange(config.n_samples) / config.sample_rate
    points = np.arange(grid.n_points) / config.control_rate_hz
    for row, gain, sound in zip(level, (1.0, -0.5, 2.0), made, strict=True):
        np.testing.assert_allclose(sound, gain * np.interp(time, points, row), atol=1e-5)


def test_amplifiers_in_a_row_multiply():
    grid = make_grid(CONFIG)
    ramp = jnp.broadcast_to(jnp.linspace(0, 1, grid.n_points), (3, grid.n_points))
    module = VCA(CONFIG)
    once = module.apply({}, constant([1.0, 1.0, 1.0]), ramp)
    twice = np.asarray(module.apply({}, once, ramp).render())
    np.testing.assert_allclose(twice, np.asarray(once.render()) ** 2, atol=1e-6)


def test_control_signals_multiply():
    signal, level = jnp.array([[1.0, 2.0]] * 3), jnp.array([[0.5, -1.0]] * 3)
    np.testing.assert_array_equal(play(ControlRateVCA(CONFIG), signal, level), [[0.5, -2]] * 3)


def test_the_matrix_is_a_weighted_sum():
    rng = np.random.default_rng(1)
    amounts = rng.uniform(size=(2, 3))
    names = {f"{i}->{o}": amounts[a, b] for a, i in enumerate("pq") for b, o in enumerate("xyz")}
    module = ModulationMixer(CONFIG, inputs=("p", "q"), outputs=("x", "y", "z"), amounts=names)
    assert list(module.ranges()) == ["p->x", "p->y", "p->z", "q->x", "q->y", "q->z"]
    signals = rng.normal(size=(2, 3, 26)).astype(np.float32)
    made = play(module, *(jnp.asarray(s) for s in signals))
    for output, expected in zip(made, np.einsum("io,ibk->obk", amounts, signals), strict=True):
        np.testing.assert_allclose(output, expected, atol=1e-6)


def test_the_matrix_wants_a_signal_for_each_input():
    module = ModulationMixer(CONFIG, inputs=("p", "q"), outputs=("x",))
    with pytest.raises(ValueError, match="got 1 signals for the inputs p, q"):
        module.init({"params": jnp.zeros(2, jnp.uint32)}, jnp.zeros((3, 26)))


def mix(a, b, levels):
    """Two constant sounds through a mixer."""
    module = AudioMixer(CONFIG, inputs=("a", "b"), levels=levels)
    sounds = constant(a), constant(b)
    params = {n: module.initial_unit(n, jnp.zeros(2, jnp.uint32)) for n in module.ranges()}
    return np.asarray(module.apply({"params": params}, *sounds).render())


def test_the_mixer_is_a_weighted_sum_where_it_stays_within_1():
    made = mix([0.5, 0.5, -0.5], [0.5, 1.0, 0.5], levels={"a": 0.5, "b": [0.5, 0.5, 0.25]})
    np.testing.assert_allclose(
        made, np.array([[0.5], [0.75], [-0.125]]) + np.zeros(2000), atol=1e-7
    )


def test_each_sound_is_divided_by_its_own_peak_where_that_exceeds_1():
    made = mix([2.0, 0.1, -3.0], [1.0, 0.1, -4.0], levels={"a": 1.0, "b": 1.0})
    np.testing.assert_allclose(made[:, 0], [1, 0.2, -1], atol=2e-7)
    assert np.abs(made).max() <= 1


def test_the_mixer_wants_a_sound_for_each_input():
    module = AudioMixer(CONFIG, inputs=("a", "b"))
    with pytest.raises(ValueError, match="got 1 sounds for the inputs a, b"):
        module.init({"params": jnp.zeros(2, jnp.uint32)}, constant([1.0, 1.0, 1.0]))


def test_a_curve_for_one_level_alone():
    scopes = AudioMixer(CONFIG, inputs=("a", "noise"), curves=(("noise", 0.025),)).ranges()
    assert (scopes["a"].curve, scopes["noise"].curve) == (1.0, 0.025)


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 63, 1000, 4099])
def test_peaks_are_the_largest_absolute_samples(length):
    rng = np.random.default_rng(length)
    samples = rng.normal(size=(5, length)).astype(np.float32)
    samples[0, -1], samples[1, 0] = -9, 9
    np.testing.assert_array_equal(peaks(jnp.asarray(samples)), np.abs(samples).max(1))
    rows = samples[:, : length - length % 3].reshape(5, 3, -1)
    if rows.size:
        np.testing.assert_array_equal(peaks(jnp.asarray(rows)), np.abs(rows).max((1, 2)))


def test_the_keyboard_says_what_is_played():
    midi, duration = play(MonophonicKeyboard(CONFIG, midi_f0=[0, 60.5, 127], duration=0.75))
    np.testing.assert_allclose(midi, [0, 60.5, 127], rtol=1e-6)
    np.testing.assert_allclose(duration, 0.75, rtol=1e-6)
