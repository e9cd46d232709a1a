"""A synth of one class and one configuration file: it renders, has parameters and a gradient."""

from pathlib import Path

import hydra
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from omegaconf import OmegaConf

from scripts.runtime.build import build
from synth.parameter import Range
from synth.synth import Synth
from tests.synth.family import corner_theta, random_theta, theta_of
from tests.synth.reference import Reference
from tests.synth.siren import Siren

CONFIG = OmegaConf.load(Path(__file__).with_name("siren.yaml"))


@pytest.fixture(scope="module")
def siren():
    return hydra.utils.instantiate(CONFIG)


def test_it_is_built_from_its_file(siren):
    assert isinstance(siren, Siren)
    assert isinstance(siren, Synth)
    assert siren.n_samples == 4000
    hash(siren)


def test_the_runner_builds_the_same(siren):
    assert build(OmegaConf.to_container(CONFIG)) == siren


def test_it_has_the_parameters_of_its_modules(siren):
    scopes = {p.name: p for p in siren.parameters}
    assert siren.n_params == 2 + 5 + 8 + 4 + 1 + 1
    assert next(iter(scopes)) == "adsr.attack"
    assert (scopes["folder.drive"].minimum, scopes["folder.drive"].maximum) == (0.5, 4.0)
    assert (scopes["vco.mod_depth"].minimum, scopes["vco.mod_depth"].unit) == (-12, "semitones")
    assert scopes["vco.tuning"].maximum == 6
    assert scopes["adsr.attack"].maximum == 0.1


def test_its_settings_are_its_initial_values(siren):
    params = siren.init(jax.random.PRNGKey(0))
    scopes = {p.name: p for p in siren.parameters}
    midi = scopes["keyboard.midi_f0"].to_human(params["params"]["keyboard"]["midi_f0"])
    attack = scopes["adsr.attack"].to_human(params["params"]["adsr"]["attack"])
    frequency = scopes["lfo.frequency"].to_human(params["params"]["lfo"]["frequency"])
    np.testing.assert_allclose(midi, 57, rtol=1e-6)
    np.testing.assert_allclose(frequency, 5, rtol=1e-6)
    np.testing.assert_allclose(attack, [0, 0.05], atol=1e-7)
    audio = np.asarray(siren.apply(params))
    assert audio.shape == (2, 4000)
    assert np.abs(audio).max() > 0.1


def test_it_sounds_as_it_is_wired(siren):
    values = {
        "keyboard__midi_f0": 57.0,
        "keyboard__duration": 1.0,
        "adsr__attack": 0.05,
        "adsr__decay": 0.1,
        "adsr__sustain": 0.5,
        "adsr__release": 0.5,
        "adsr__alpha": 2.0,
        "lfo__frequency": 5.0,
        "lfo__sin": 1.0,
        "vco__tuning": 0.0,
        "vco__mod_depth": 6.0,
        "vco__initial_phase": 0.0,
        "vco__shape": 0.25,
        "folder__drive": 2.5,
        "mixer__siren": 1.0,
    }
    formula = Reference(8000, 100, 4000)
    p = {name.split("__")[1]: value for name, value in values.items()}
    lfo = dict.fromkeys(("mod_depth", "initial_phase", "tri", "saw", "rsaw", "sqr"), 0.0)
    lfo = {**lfo, "frequency": 5.0, "sin": 1.0}
    envelope = formula.at_audio_rate(formula.adsr(p, 1.0))
    wave = formula.square_saw(p, 57.0, formula.lfo(lfo))
    expected = np.sin(2.5 * wave) * envelope
    theta = theta_of(siren, **{**values, "lfo__initial_phase": 0.0, "lfo__mod_depth": 0.0})
    (made,) = np.asarray(siren.render(theta))
    assert np.sqrt(np.mean((made - expected) ** 2)) < 1e-3 * np.sqrt(np.mean(expected**2))


def test_it_keeps_what_every_synth_promises(siren):
    theta = jnp.concatenate([random_theta(siren, 100), corner_theta(siren, 100)])
    audio = np.asarray(siren.render(theta))
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() <= 1
    order = np.random.default_rng(0).permutation(200)
    np.testing.assert_array_equal(siren.render(theta[order]), audio[order])
    np.testing.assert_array_equal(siren.flatten(siren.unflatten(theta)), theta)


def test_its_gradient_reaches_the_new_module(siren):
    theta = corner_theta(siren, 40)
    slopes = np.asarray(jax.jit(jax.grad(lambda t: (siren.render(t) ** 2).sum()))(theta))
    assert np.isfinite(slopes).all()
    drive = [p.name for p in siren.parameters].index("folder.drive")
    assert (slopes[:, drive] != 0).any()


def test_another_setting_is_another_synth(siren):
    wide = hydra.utils.instantiate(OmegaConf.merge(CONFIG, {"highest_drive": 16.0}))
    assert wide != siren
    assert {p.name: p.maximum for p in wide.parameters}["folder.drive"] == 16


def test_a_module_of_its_own_takes_settings_like_any_other(siren):
    synth = siren.clone(settings={"folder.drive": Range(1.0, 2.0)})
    assert {p.name: p.maximum for p in synth.parameters}["folder.drive"] == 2
    with pytest.raises(ValueError, match=r"Siren has no parameter 'folder\.depth' to set"):
        _ = siren.clone(settings={"folder.depth": 1.0}).parameters
