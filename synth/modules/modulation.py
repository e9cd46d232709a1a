"""The modulation matrix: which control signal moves what, and how much."""

from collections.abc import Mapping
from dataclasses import field
from functools import reduce

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from synth.fence import fence
from synth.modules.base import SynthModule, merge_settings
from synth.parameter import Range, Setting


class ModulationMixer(SynthModule):
    """Each output is a weighted sum of all inputs; parameters are named `input->output`.

    Args:
        inputs, outputs: names of the control signals that come in and go out.
        amounts: settings of single weights by `input->output`.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    amounts: Mapping[str, Setting] = field(default_factory=dict)

    def default_ranges(self) -> dict[str, Range]:
        """One weight a pair, in [0, 1], input by input."""
        return {f"{i}->{o}": Range(0.0, 1.0, curve=0.5) for i in self.inputs for o in self.outputs}

    def settings(self) -> dict[str, Setting]:
        return merge_settings(self.default_ranges(), self.amounts, "the modulation matrix")

    @property
    def settings_field(self) -> str:
        return "amounts"

    @nn.compact
    def __call__(
        self, *signals: Float[Array, "batch n_points"]
    ) -> tuple[Float[Array, "batch n_points"], ...]:
        """Mix control signals, given in the order of `inputs`, to those of `outputs`.

        Raises:
            ValueError: another number of signals than of inputs.
        """
        if len(signals) != len(self.inputs):
            raise ValueError(f"got {len(signals)} signals for the inputs {', '.join(self.inputs)}")
        signals = fence(signals)
        sources = list(zip(self.inputs, signals, strict=True))
        return tuple(
            reduce(jnp.add, [self.value(f"{i}->{o}")[:, None] * s for i, s in sources])
            for o in self.outputs
        )
