"""What a user may ask of parameters: values, ranges or both; the paper's program; the settings."""

import hashlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synth.config import SynthConfig
from synth.modules.envelope import ADSR
from synth.modules.mixer import AudioMixer
from synth.modules.modulation import ModulationMixer
from synth.parameter import Initial, Range
from synth.synth import OneOsc, ShapedNoise, Voice
from tests.synth.family import build, play

KEY = jax.random.PRNGKey(0)
THREE = SynthConfig(batch_size=3, sample_rate=8000, buffer_size_seconds=0.1)


def initial(module, name):
    """A parameter's initial value in human units."""
    return np.asarray(module.ranges()[name].to_human(module.initial_unit(name, KEY)))


def test_a_module_takes_a_value_in_human_units():
    np.testing.assert_allclose(initial(ADSR(THREE, attack=0.25), "attack"), 0.25, rtol=1e-6)


@pytest.mark.parametrize("vector", [np.array, jnp.array, list])
def test_a_module_takes_one_value_a_sound(vector):
    module = ADSR(THREE, attack=vector([0.25, 0.5, 1.0]))
    np.testing.assert_allclose(initial(module, "attack"), [0.25, 0.5, 1.0], rtol=1e-6)
    hash(module)


def test_a_module_takes_a_range():
    module = ADSR(THREE, attack=Range(0.5, 0.6))
    assert module.ranges()["attack"] == Range(0.5, 0.6)
    assert ((initial(module, "attack") >= 0.5) & (initial(module, "attack") <= 0.6)).all()
    assert module.ranges()["decay"] == ADSR(THREE).ranges()["decay"]


def test_a_module_takes_both():
    module = ADSR(THREE, attack=Initial(9.0, Range(0, 10)))
    assert module.ranges()["attack"] == Range(0, 10)
    np.testing.assert_allclose(initial(module, "attack"), 9.0, rtol=1e-6)


def test_settings_reach_modules_without_fields_for_their_parameters():
    matrix = ModulationMixer(THREE, inputs=("a",), outputs=("x", "y"), amounts={"a->y": 0.25})
    np.testing.assert_allclose(initial(matrix, "a->y"), 0.25, rtol=1e-6)
    mixer = AudioMixer(THREE, inputs=("a", "b"), levels={"b": Range(0, 2)})
    assert mixer.ranges()["b"] == Range(0, 2)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"attack": 2.5}, "attack = 2.5 s is outside its range 0.0 to 2.0"),
        ({"sustain": [0.1, -0.2, 0.3]}, "sustain = -0.2 is outside its range 0.0 to 1.0"),
        ({"decay": Initial(3.0, Range(0, 1))}, "decay = 3.0 is outside its range 0 to 1"),
        ({"decay": float("nan")}, "decay = nan s is outside its range"),
        ({"attack": [0.1, 0.2]}, "attack has 2 values for a batch of 3; give 1 or 3"),
    ],
)
def test_values_that_cannot_be_are_refused(settings, says):
    (name,) = settings
    with pytest.raises(ValueError, match=says):
        ADSR(THREE, **settings).initial_unit(name, KEY)


def test_names_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="the mixer has no parameter 'c'; it has a, b"):
        AudioMixer(THREE, inputs=("a", "b"), levels={"c": 1.0}).ranges()
    with pytest.raises(ValueError, match="the modulation matrix has no parameter 'b->x'"):
        ModulationMixer(THREE, inputs=("a",), outputs=("x",), amounts={"b->x": 1.0}).ranges()
    for name in ("vco.tunning", "vco_1.tuning", "tuning", "mod_matrix.lfo->noise"):
        with pytest.raises(ValueError, match=f"OneOsc has no parameter '{name}' to set"):
            _ = OneOsc(config=THREE, settings={name: 1.0}).parameters


def test_settings_of_a_synth_by_full_name():
    synth = OneOsc(
        config=THREE,
        settings={
            "vco.tuning": [-12.0, 0.0, 12.0],
            "adsr.attack": Range(0.0, 0.1),
            "keyboard.duration": Initial(0.05, Range(0.01, 0.1)),
            "mod_matrix.adsr->vco_amp": 1.0,
            "mixer.vco": 0.5,
        },
    )
    scopes = {p.name: p for p in synth.parameters}
    assert (scopes["adsr.attack"].minimum, scopes["adsr.attack"].maximum) == (0.0, 0.1)
    assert scopes["vco.tuning"].maximum == 24
    params = synth.init(KEY)["params"]
    tuning = scopes["vco.tuning"].to_human(params["vco"]["tuning"])
    np.testing.assert_allclose(tuning, [-12, 0, 12], atol=1e-5)
    duration = scopes["keyboard.duration"].to_human(params["keyboard"]["duration"])
    np.testing.assert_allclose(duration, 0.05, rtol=1e-5)
    np.testing.assert_allclose(params["mod_matrix"]["adsr->vco_amp"], 1)
    np.testing.assert_allclose(params["mixer"]["vco"], 0.5)


def test_synths_with_equal_settings_are_equal():
    one, same = (OneOsc(config=THREE, settings={"vco.tuning": np.array([1, 2, 3])}) for _ in "ab")
    other = OneOsc(config=THREE, settings={"vco.tuning": np.array([1, 2, 4])})
    assert one == same
    assert hash(one) == hash(same)
    assert one != other


def test_init_draws_uniformly_in_the_unit_interval_and_anew_for_each_key():
    synth = Voice(config=SynthConfig(batch_size=500, sample_rate=8000, buffer_size_seconds=0.1))
    theta = np.asarray(synth.flatten(synth.init(KEY)))
    assert theta.shape == (500, 78)
    assert theta.dtype == np.float32
    assert theta.min() >= 0
    assert theta.max() <= 1
    # Means of 500 uniform numbers lie within 4.5 standard errors of 1/2.
    assert np.abs(theta.mean(0) - 0.5).max() < 4.5 * np.sqrt(1 / 12 / 500)
    between = np.corrcoef(theta.T) - np.eye(78)
    assert np.abs(between).max() < 0.25
    again = np.asarray(synth.flatten(synth.init(jax.random.PRNGKey(1))))
    assert (theta != again).mean() > 0.99


def test_modules_are_flax_modules_with_unit_parameters():
    variables = ADSR(THREE).init(KEY, jnp.full(3, 0.05))
    assert set(variables["params"]) == {"attack", "decay", "sustain", "release", "alpha"}
    for leaf in variables["params"].values():
        assert leaf.shape == (3,)
        assert ((leaf >= 0) & (leaf <= 1)).all()
    assert play(ADSR(THREE, attack=0.0, sustain=1.0), jnp.full(3, 1.0)).min() == 1.0


def test_the_program_of_the_paper_runs_as_it_is():
    import jax

    from synth.config import SynthConfig
    from synth.synth import ParametricSynth

    config = SynthConfig(batch_size=16, sample_rate=44100, buffer_size_seconds=4.0)
    synth = ParametricSynth(config=config, sine=1, square_saw=1, fm_sine=1, fm_square_saw=0)
    params = synth.init(jax.random.PRNGKey(42))
    audio = jax.jit(synth.apply)(params)

    assert audio.shape == (16, 176400)
    assert audio.dtype == jnp.float32
    assert bool(jnp.isfinite(audio).all())
    assert float(jnp.abs(audio).max()) <= 1
    assert len({hashlib.sha256(np.asarray(a).tobytes()).hexdigest() for a in audio}) == 16


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"sample_rate": 0}, "sample_rate must be a positive number, got 0"),
        ({"sample_rate": float("inf")}, "sample_rate must be a positive number, got inf"),
        ({"buffer_size_seconds": -1.0}, "buffer_size_seconds must be a positive number, got -1"),
        ({"control_rate": 0.0}, "control_rate must be a positive number, got 0"),
        ({"control_rate": float("nan")}, "control_rate must be a positive number, got nan"),
        ({"compat": "torchsynth"}, "compat must be None or"),
    ],
)
def test_settings_that_no_sound_can_have_are_refused(arguments, says, unchecked):
    with pytest.raises(ValueError, match=says):
        SynthConfig(**arguments)


def test_what_the_settings_say():
    config = SynthConfig()
    assert (config.n_samples, config.control_rate_hz, config.nyquist) == (176400, 441, 22050)
    assert SynthConfig(sample_rate=16000, buffer_size_seconds=1e-9).n_samples == 1
    assert SynthConfig(sample_rate=10, buffer_size_seconds=0.26, control_rate=3).n_samples == 3
    assert SynthConfig(control_rate=480.0).control_rate_hz == 480


def test_which_synths_have_noise():
    assert ShapedNoise().has_noise
    assert not OneOsc().has_noise
    assert build("parametric").has_noise
