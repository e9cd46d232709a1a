"""The audio mixer: levels, a sum, and a limit that no sample passes."""

from collections.abc import Mapping
from dataclasses import field
from functools import reduce
from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array

from synth.audio import Audio
from synth.modules.base import SynthModule, merge_settings
from synth.parameter import Range, Setting

NOISE_CURVE = 0.025
"""Voice's curve for the level of noise: white noise is loud, so most of [0, 1] is nearly silent."""


class AudioMixer(SynthModule):
    """A weighted sum of audio; a sound whose peak exceeds 1 is divided by that peak.

    Args:
        inputs: names of the sounds that come in; each has a level parameter of that name.
        curves: (name, curve) of the levels whose curve is not 1.
        levels: settings of single levels by name.
    """

    inputs: tuple[str, ...] = ()
    curves: tuple[tuple[str, float], ...] = ()
    levels: Mapping[str, Setting] = field(default_factory=dict)

    def default_ranges(self) -> dict[str, Range]:
        """One level an input, in [0, 1]."""
        curves = {name: dict(self.curves).get(name, 1.0) for name in self.inputs}
        if self.config.compat == "synthax" and any(curve == 1.0 for curve in curves.values()):
            # It applies the curves only where all inputs have one.
            curves = dict.fromkeys(curves, 1.0)
        return {name: Range(0.0, 1.0, curve=curve) for name, curve in curves.items()}

    def settings(self) -> dict[str, Setting]:
        return merge_settings(self.default_ranges(), self.levels, "the mixer")

    @property
    def settings_field(self) -> str:
        return "levels"

    @nn.compact
    def __call__(self, *sounds: Audio) -> Audio:
        """Mix sounds, given in the order of `inputs`.

        Raises:
            ValueError: another number of sounds than of inputs.
        """
        if len(sounds) != len(self.inputs):
            raise ValueError(f"got {len(sounds)} sounds for the inputs {', '.join(self.inputs)}")
        parts = [
            sound.scaled(self.value(name)).settled()
            for name, sound in zip(self.inputs, sounds, strict=True)
        ]

        def tiles(frames: list[Any]) -> Array:
            return reduce(jnp.add, [p.tiles(f) for p, f in zip(parts, frames, strict=True)])

        # SynthAX divides the whole batch by one peak: that is left to the engine.
        limited = self.config.compat != "synthax"
        return Audio(self.grid, [part.frames for part in parts], tiles, limited=limited)
