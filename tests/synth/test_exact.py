"""How exact the synths are: steady sines to 100 dB, whole synths against float64 references."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from synth.config import SynthConfig
from synth.modules.noise import Noise
from synth.synth import OneOsc
from tests.synth.family import FAMILY, build, random_theta, theta_of
from tests.synth.reference import Reference, midi_to_hz, tree
from tests.synth.spectra import log_mel_distance

PEERS_DB = 76  # the better of SynthAX (40-61) and torchsynth (44-76), DESIGN.md


def steady_sine(midi, **config):
    synth = OneOsc(config=SynthConfig(buffer_size_seconds=4.0, **config))
    theta = theta_of(
        synth,
        keyboard__midi_f0=midi,
        keyboard__duration=4.0,
        adsr__sustain=1.0,
        adsr__alpha=1.0,
        adsr__release=5.0,
        vco__tuning=0.0,
        vco__mod_depth=0.0,
        vco__initial_phase=0.3,
        mod_matrix__adsr_to_vco_amp=1.0,
        mixer__vco=1.0,
    )
    return np.asarray(synth.render(theta))[0].astype(np.float64), theta.dtype


def error_db(sound, hertz, sample_rate, ppm):
    """The best sinusoid's error within so many ppm of a pitch, in dB below the sound; and where."""
    n = np.arange(len(sound))

    def residual(part):
        angle = 2 * np.pi * hertz * (1 + part * 1e-6) * n / sample_rate
        basis = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        weights, *_ = np.linalg.lstsq(basis, sound, rcond=None)
        return 10 * np.log10(np.sum((sound - basis @ weights) ** 2) / np.sum(sound**2))

    best = minimize_scalar(residual, bounds=(-ppm, ppm), method="bounded", options={"xatol": 1e-4})
    return -best.fun


@pytest.mark.parametrize(
    ("midi", "config"),
    [
        (60, {"sample_rate": 44100}),
        (90, {"sample_rate": 44100}),
        (110, {"sample_rate": 44100}),
        (110, {"sample_rate": 16000, "control_rate": 480.0}),
    ],
    ids=str,
)
def test_a_steady_sine_is_a_pure_sinusoid_to_100_db(midi, config):
    sound, dtype = steady_sine(midi, **config)
    assert dtype == jnp.float32
    assert len(sound) == 4 * config["sample_rate"]
    # At full level from the first sample: the attack of no time ends within the first frame.
    settled = sound[round(config["sample_rate"] / 100) :]
    assert np.sqrt(np.mean(settled**2)) == pytest.approx(np.sqrt(0.5), rel=1e-3)
    below = error_db(settled, midi_to_hz(midi), config["sample_rate"], ppm=2)
    assert below >= 100 > PEERS_DB


def formula_of(name, synth):
    config = synth.config
    (noise,) = Noise(config).apply({}).render()
    reference = Reference(
        config.sample_rate,
        config.control_rate_hz,
        config.n_samples,
        noise=np.asarray(noise, np.float64),
    )
    render = {
        "shapednoise": reference.shaped_noise,
        "oneosc": reference.one_osc,
        "nolfo": reference.no_lfo,
        "nonoise": reference.no_noise,
        "voice": reference.voice,
        "voicefm": reference.voice_fm,
        "parametric": lambda m: reference.parametric(m, **FAMILY["parametric"].counts),
    }[name]
    return lambda theta: render(tree(synth.parameters, theta))


@pytest.mark.parametrize("name", FAMILY)
def test_in_float64_every_synth_is_its_formula(name):
    synth = build(name, seconds=0.25)
    formula = formula_of(name, synth)
    with jax.enable_x64(True):
        theta = np.random.default_rng(3).uniform(size=(8, synth.n_params))
        made = np.asarray(synth.render(jnp.asarray(theta)))
        assert made.dtype == np.float64
    for row, sound in zip(theta, made, strict=True):
        assert np.abs(sound - formula(row)).max() < 1e-6


@pytest.mark.parametrize("name", ["nonoise", "voice"])
def test_in_float32_a_synth_is_near_its_formula(name):
    synth = build(name, seconds=0.5)
    theta = random_theta(synth, 16, seed=1)
    formula = formula_of(name, synth)
    distances = [
        log_mel_distance(sound, formula(row), synth.config.sample_rate)
        for row, sound in zip(np.asarray(theta), np.asarray(synth.render(theta)), strict=True)
    ]
    # Vibrato over octaves loses most: a rounding of pitch by 1e-5 semitones adds up in phase.
    assert np.median(distances) < 2e-3
    assert np.max(distances) < 0.05


@pytest.mark.parametrize("control_rate", [137.7, 500.0, 4000.0])
def test_other_control_rates_follow_the_formulas_too(control_rate):
    synth = build("oneosc", seconds=0.25, control_rate=control_rate)
    formula = formula_of("oneosc", synth)
    with jax.enable_x64(True):
        theta = np.random.default_rng(2).uniform(size=(8, synth.n_params))
        made = np.asarray(synth.render(jnp.asarray(theta)))
    for row, sound in zip(theta, made, strict=True):
        assert np.abs(sound - formula(row)).max() < 1e-6
