"""Envelopes: how a control signal rises when a key is pressed and falls when it is released."""

from collections.abc import Mapping, Sequence

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from synth.fastmath import power
from synth.grid import Grid
from synth.modules.base import SynthModule, stack_values
from synth.parameter import Range, Setting

_EPSILON = 1e-6
"""torchsynth starts its attack this far above 0; a small alpha lifts that to an audible level."""


class ADSR(SynthModule):
    """Attack, decay, sustain, release.

    A key released during the attack ends it there, at full level; one released during the decay
    ends that, at the sustain level (as torchsynth does, so that the segments always join).

    Args:
        attack, decay, release: seconds.
        sustain: level held until the key is released.
        alpha: power of each segment; 1 is a straight line, above 1 is steeper towards the top.
    """

    attack: Setting = Range(0.0, 2.0, curve=0.5, unit="s")
    decay: Setting = Range(0.0, 2.0, curve=0.5, unit="s")
    sustain: Setting = Range(0.0, 1.0)
    release: Setting = Range(0.0, 5.0, curve=0.5, unit="s")
    alpha: Setting = Range(0.1, 6.0)

    @nn.compact
    def __call__(self, duration: Float[Array, " batch"]) -> Float[Array, "batch n_points"]:
        """Envelope in [0, 1] at the control points of notes of `duration` seconds."""
        return envelope(self.values(), duration, self.grid)


def envelopes(
    modules: Sequence[ADSR], duration: Float[Array, " batch"]
) -> tuple[Float[Array, "batch n_points"], ...]:
    """Several envelopes of the same notes, computed as one wide one."""
    together = envelope(stack_values(modules), duration[:, None], modules[0].grid)
    return tuple(together[:, i] for i in range(len(modules)))


def envelope(
    values: Mapping[str, Float[Array, "*shape"]], duration: Float[Array, "*#shape"], grid: Grid
) -> Float[Array, "*shape n_points"]:
    """The envelope at the control points.

    Only one segment is active at a time, so the power is taken once, of the active one's ramp.
    """
    attack, decay, sustain, release, alpha = (
        values[name][..., None] for name in ("attack", "decay", "sustain", "release", "alpha")
    )
    note = duration[..., None]
    rate = grid.control_rate
    time = grid.points(alpha.dtype)
    note = note * rate
    attack_end = jnp.minimum(attack * rate, note)
    decay_end = jnp.minimum(attack * rate + decay * rate, note)
    # A note that ends during the attack never decays.
    floor = jnp.where(attack * rate < note, sustain, 1.0)

    rise = time * _inverse(attack_end) + _EPSILON * (1 + _inverse(attack_end))
    fall = (decay_end - time) * _inverse(decay_end - attack_end)
    fade = 1 - (time - note) * _inverse(release * rate)

    attacking, released = time < attack_end, time >= note
    ramp = jnp.where(attacking, rise, jnp.where(released, fade, fall))
    scale = jnp.where(attacking, 1.0, jnp.where(released, floor, 1 - floor))
    offset = jnp.where(attacking | released, 0.0, floor)
    return offset + scale * power(jnp.clip(ramp, 0.0, 1.0), alpha)


def _inverse(duration: Array) -> Array:
    """1 / duration, and a very steep but finite slope for a segment that takes no time."""
    return 1.0 / jnp.maximum(duration, 1e-9)
