"""Amplifiers: one signal sets the level of another."""

from flax import linen as nn
from jaxtyping import Array, Float

from synth.audio import Audio
from synth.modules.base import SynthModule


class VCA(SynthModule):
    """Voltage-controlled amplifier for audio."""

    @nn.compact
    def __call__(self, audio: Audio, level: Float[Array, "batch n_points"]) -> Audio:
        """Multiply audio by a control signal, interpolated between its points."""
        audio = audio.settled()
        start, slope = self.grid.lines(level)
        return Audio(audio.grid, audio.frames, audio.tiles, gain=(start - slope, slope))


class ControlRateVCA(SynthModule):
    """Voltage-controlled amplifier for control signals."""

    @nn.compact
    def __call__(
        self, signal: Float[Array, "batch n_points"], level: Float[Array, "batch n_points"]
    ) -> Float[Array, "batch n_points"]:
        """Multiply two control signals."""
        return signal * level
