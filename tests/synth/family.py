"""The seven synths by name, small ones to test with, and modules played alone."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synth.audio import Audio
from synth.config import SynthConfig
from synth.synth import NoLFO, NoNoise, OneOsc, ParametricSynth, ShapedNoise, Voice, VoiceFM

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden" / "torchsynth_voice_1s.npz"

needs_golden = pytest.mark.skipif(
    not GOLDEN.exists(), reason="the golden file is not there: ../shared/golden"
)


@dataclass(frozen=True)
class Member:
    """A synth of the family and how many parameters it has (DESIGN.md)."""

    kind: type
    n_params: int
    counts: dict = field(default_factory=dict)


FAMILY = {
    "shapednoise": Member(ShapedNoise, 18),
    "oneosc": Member(OneOsc, 23),
    "nolfo": Member(NoLFO, 29),
    "nonoise": Member(NoNoise, 51),
    "voice": Member(Voice, 78),
    "voicefm": Member(VoiceFM, 130),
    "parametric": Member(
        ParametricSynth, 340, {"sine": 2, "square_saw": 2, "fm_sine": 1, "fm_square_saw": 1}
    ),
}


def build(name, seconds=0.25, sample_rate=16000, **config):
    """A synth of the family with 1/4 s sounds at 16 kHz, or as asked."""
    member = FAMILY[name]
    settings = config.pop("settings", {})
    shared = SynthConfig(sample_rate=sample_rate, buffer_size_seconds=seconds, **config)
    return member.kind(config=shared, settings=settings, **member.counts)


def random_theta(synth, batch, seed=0):
    return jax.random.uniform(jax.random.PRNGKey(seed), (batch, synth.n_params))


def corner_theta(synth, batch, seed=0):
    """All 0, all 1, all 1/2, random corners of the cube, and points with a third at a corner."""
    rng = np.random.default_rng(seed)
    theta = rng.uniform(size=(batch, synth.n_params))
    corners = rng.integers(0, 2, theta.shape)
    mostly = np.where(rng.random(theta.shape) < 1 / 3, corners, theta)
    rows = np.arange(batch)[:, None]
    theta = np.where(rows < batch // 2, corners, mostly)
    theta[0], theta[1], theta[2] = 0, 1, 0.5
    return jnp.asarray(theta, jnp.float32)


def theta_of(synth, batch=1, otherwise=0.0, **human):
    """Parameter vectors from values in human units; dots in names are written as __."""
    theta = np.full((batch, synth.n_params), otherwise, np.float32)
    names = [p.name for p in synth.parameters]
    for name, value in human.items():
        column = names.index(name.replace("__", ".").replace("_to_", "->"))
        theta[:, column] = synth.parameters[column].to_unit(np.asarray(value, np.float64))
    return jnp.asarray(theta)


def play(module, *inputs):
    """What a module makes of its inputs, used alone: audio or control signals as float64."""
    key = jax.random.PRNGKey(0)
    params = {name: module.initial_unit(name, key) for name in module.ranges()}
    bare = module
    for name, scope in module.ranges().items():
        bare = bare.with_setting(name, scope)
    made = _player(bare)(params, *inputs)
    return jax.tree.map(lambda x: np.asarray(x, np.float64), made)


@cache
def _player(module):
    """A compiled module that takes its parameters as arguments: one program for all values."""
    return jax.jit(lambda params, *inputs: rendered(module.apply({"params": params}, *inputs)))


def rendered(made):
    return made.render() if isinstance(made, Audio) else made


@cache
def golden():
    """The golden file's arrays: 16 torchsynth voices of 1 s without noise."""
    with np.load(GOLDEN) as file:
        return {name: file[name] for name in file.files}
