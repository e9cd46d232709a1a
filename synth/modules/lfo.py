"""Low-frequency oscillators: control signals that repeat."""

import math
from collections.abc import Mapping, Sequence

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from synth.fastmath import cos_turns, power
from synth.fence import fence
from synth.grid import Grid
from synth.modules.base import SynthModule, stack_values
from synth.parameter import Range, Setting
from synth.phase import accumulate

SHAPES = ("sin", "tri", "saw", "rsaw", "sqr")


class LFO(SynthModule):
    """A mixture of five periodic shapes in [0, 1], whose rate can be modulated.

    The shapes' weights are raised to e, which favours the strongest, and normalised; an LFO with
    no shape at all is off (0), where torchsynth and SynthAX divide 0 by 0.

    Args:
        frequency: Hz.
        mod_depth: Hz added to the frequency by a rate modulation of 1; the sum stops at 0 Hz.
        initial_phase: radians.
        sin, tri, saw, rsaw, sqr: weights of the shapes.
    """

    frequency: Setting = Range(0.0, 20.0, curve=0.25, unit="Hz")
    mod_depth: Setting = Range(-10.0, 20.0, curve=0.5, symmetric=True, unit="Hz")
    initial_phase: Setting = Range(-math.pi, math.pi, unit="rad")
    sin: Setting = Range(0.0, 1.0)
    tri: Setting = Range(0.0, 1.0)
    saw: Setting = Range(0.0, 1.0)
    rsaw: Setting = Range(0.0, 1.0)
    sqr: Setting = Range(0.0, 1.0)

    @nn.compact
    def __call__(
        self, rate_modulation: Float[Array, "batch n_points"] | None = None
    ) -> Float[Array, "batch n_points"]:
        """Control signal at the control points; `rate_modulation` is usually in [0, 1]."""
        values = self.values()
        if rate_modulation is None:
            rate_modulation = jnp.zeros((values["sin"].shape[0], self.grid.n_points))
        return oscillate(values, rate_modulation, self.grid)


def oscillate_together(
    modules: Sequence[LFO], rate_modulations: Sequence[Float[Array, "batch n_points"]]
) -> tuple[Float[Array, "batch n_points"], ...]:
    """Several LFOs computed as one wide one."""
    together = oscillate(
        stack_values(modules), jnp.stack(rate_modulations, axis=1), modules[0].grid
    )
    return tuple(together[:, i] for i in range(len(modules)))


def oscillate(
    values: Mapping[str, Float[Array, "*shape"]],
    rate_modulation: Float[Array, "*shape n_points"],
    grid: Grid,
) -> Float[Array, "*shape n_points"]:
    """The LFO at the control points; its first phase increment precedes the first point."""
    frequency, depth = values["frequency"][..., None], values["mod_depth"][..., None]
    rate = jnp.maximum(frequency + depth * rate_modulation, 0.0)
    turns = fence(rate * (1.0 / grid.control_rate))
    start = values["initial_phase"] * (0.5 / math.pi)
    phase = fence(accumulate(turns, start) + turns)

    cosine = -cos_turns(phase)
    saw = phase - jnp.floor(phase)
    triangle = 1 - jnp.abs(2 * saw - 1)
    shapes = ((cosine + 1) / 2, triangle, saw, 1 - saw, (jnp.sign(cosine) + 1) / 2)

    weights = [power(values[name], jnp.asarray(math.e, saw.dtype)) for name in SHAPES]
    total = sum(weights[1:], weights[0])
    share = jnp.where(total > 0, 1.0 / jnp.where(total > 0, total, 1.0), 0.0)
    mixed = [(w * share)[..., None] * s for w, s in zip(weights, shapes, strict=True)]
    return sum(mixed[1:], mixed[0])
