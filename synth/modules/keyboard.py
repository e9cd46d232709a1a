"""The keyboard: which note is played, and for how long."""

from flax import linen as nn
from jaxtyping import Array, Float

from synth.modules.base import SynthModule
from synth.parameter import Range, Setting


class MonophonicKeyboard(SynthModule):
    """One note a sound.

    Args:
        midi_f0: pitch as a MIDI note number, 69 is 440 Hz; fractions are between the keys.
        duration: seconds from pressing to releasing the key.
    """

    midi_f0: Setting = Range(0.0, 127.0, unit="MIDI")
    duration: Setting = Range(0.01, 4.0, curve=0.5, unit="s")

    @nn.compact
    def __call__(self) -> tuple[Float[Array, " batch"], Float[Array, " batch"]]:
        """-> pitch (MIDI) and duration (s), each (batch,)."""
        return self.value("midi_f0"), self.value("duration")
