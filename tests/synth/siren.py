"""A synth and a module of one's own: what it takes to add either."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from synth.audio import Audio, per_sound
from synth.modules.amplifiers import VCA
from synth.modules.base import SynthModule
from synth.modules.envelope import ADSR
from synth.modules.keyboard import MonophonicKeyboard
from synth.modules.lfo import LFO
from synth.modules.mixer import AudioMixer
from synth.modules.oscillators import SquareSawVCO
from synth.parameter import Range, Setting
from synth.synth import Synth


class Folder(SynthModule):
    """A wave folder: sin(drive * x)."""

    drive: Setting = Range(0.5, 8.0, curve=0.5)

    @nn.compact
    def __call__(self, audio: Audio) -> Audio:
        audio = audio.settled()

        def tiles(frames: tuple[Any, Float[Array, " part"]]) -> Array:
            return jnp.sin(per_sound(frames[1]) * audio.tiles(frames[0]))

        return Audio(audio.grid, (audio.frames, self.value("drive")), tiles)


class Siren(Synth):
    """A square-saw whose pitch an LFO moves, folded, with an envelope."""

    highest_drive: float = 8.0

    def modules(self) -> dict[str, SynthModule]:
        c = self.config
        return {
            "keyboard": MonophonicKeyboard(c),
            "adsr": ADSR(c),
            "lfo": LFO(c),
            "vco": SquareSawVCO(c),
            "folder": Folder(c, drive=Range(0.5, self.highest_drive)),
            "vca": VCA(c),
            "mixer": AudioMixer(c, inputs=("siren",)),
        }

    def wire(self, modules: Mapping[str, Any]) -> Audio:
        m = modules
        midi_f0, duration = m["keyboard"]()
        folded = m["folder"](m["vco"](midi_f0, m["lfo"]()))
        return m["mixer"](m["vca"](folded, m["adsr"](duration)))
