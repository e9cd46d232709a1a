"""What an oscillator is told from frame to frame: its pitch and its level.

Parameters alone do not tell whether a patch was recovered: the decay of a note that ends before it
has none, and key and tuning add up. The control signals that reach the oscillators do.
"""

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from scripts.jobs.recover.blocks import in_blocks
from synth.base import Synth
from synth.modules.base import HUMAN
from synth.modules.mixer import AudioMixer
from synth.modules.oscillators import HIGHEST_MIDI, LOWEST_MIDI, VCO, FmVCO
from synth.parameter import theta_to_human

AUDIBLE_MIDI = (24.0, 108.0)
"""From three octaves below middle C to four above it: 33 Hz to 4.2 kHz."""


class Controls(NamedTuple):
    """Control signals of what goes into the mixer; a source without a pitch has NaN.

    Attributes:
        pitch: (batch, sources, n_frames) MIDI note numbers.
        level: (batch, sources, n_frames) amplitude.
    """

    pitch: Float[Array | np.ndarray, "batch sources n_frames"]
    level: Float[Array | np.ndarray, "batch sources n_frames"]


def controls_of(synth: Synth, theta: Float[Array | np.ndarray, "batch n_params"]) -> Controls:
    """The control signals of sounds."""
    return in_blocks(_compiled(synth), theta)


def pitch_weight(controls: Controls) -> Float[np.ndarray, "batch sources n_frames"]:
    """How much the pitch of a source is heard in a frame: its level, where the pitch is audible.

    Rows add up to 1, or to 0 where no pitch is heard.
    """
    low, high = AUDIBLE_MIDI
    heard = (controls.pitch >= low) & (controls.pitch <= high)
    weight = np.where(heard, controls.level, 0.0)
    return weight / np.maximum(weight.sum((1, 2), keepdims=True), 1e-12)


def pitch_cents(target: Controls, found: Controls) -> Float[np.ndarray, " batch"]:
    """Mean absolute difference in pitch where the target's is heard, in cents; NaN if nowhere."""
    weight = pitch_weight(target)
    cents = 100.0 * np.abs(np.where(weight > 0, found.pitch - target.pitch, 0.0))
    return np.where(weight.any((1, 2)), (weight * cents).sum((1, 2)), np.nan)


def level_difference(target: Controls, found: Controls) -> Float[np.ndarray, " batch"]:
    """Mean absolute difference of the levels, of the target's highest level."""
    largest = np.maximum(target.level.max((1, 2)), 1e-12)
    return np.abs(found.level - target.level).mean((1, 2)) / largest


@cache
def _compiled(synth: Synth) -> Any:
    return jax.jit(lambda theta: Controls(*_controls(synth, theta)))


def _controls(synth: Synth, theta: Array) -> tuple[Array, Array]:
    human = theta_to_human(theta, synth.parameters)
    tree: dict[str, dict[str, Array]] = {}
    for i, parameter in enumerate(synth.parameters):
        module, name = parameter.name.split(".", 1)
        tree.setdefault(module, {})[name] = human[:, i]
    pitches: dict[str, Array] = {}
    mixed: dict[str, Array] = {}

    def listen(call: Any, arguments: Any, keywords: Any, context: Any) -> Any:
        module = context.module
        if context.method_name == "__call__" and isinstance(module, VCO):
            base = arguments[0] + module.value("tuning")
            curve = base[:, None]
            if not isinstance(module, FmVCO) and len(arguments) > 1 and arguments[1] is not None:
                curve = curve + module.value("mod_depth")[:, None] * arguments[1][:, :-1]
            pitches[str(module.name)] = jnp.clip(curve, LOWEST_MIDI, HIGHEST_MIDI)
        if context.method_name == "__call__" and isinstance(module, AudioMixer):
            for name, sound in zip(module.inputs, arguments, strict=True):
                # The level one sample before each frame, and its slope a sample.
                level = 1.0 if sound.gain is None else jnp.abs(sound.gain[0] + sound.gain[1])
                mixed[name] = module.value(name)[:, None] * level
        return call(*arguments, **keywords)

    with nn.intercept_methods(listen):
        nn.Module.apply(synth, {HUMAN: tree}, method="wired")
    n_frames = max(level.shape[1] for level in mixed.values())
    shape = (theta.shape[0], n_frames)
    unpitched = jnp.full((theta.shape[0], 1), jnp.nan)
    pitch = [jnp.broadcast_to(pitches.get(name, unpitched), shape) for name in mixed]
    level = [jnp.broadcast_to(value, shape) for value in mixed.values()]
    return jnp.stack(pitch, axis=1), jnp.stack(level, axis=1)
