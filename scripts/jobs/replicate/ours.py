"""Our modules, each used alone as a Flax module: init, then apply."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from scripts.jobs.replicate.kit import Control, Numbers, Sound, Values
from synth.config import SynthConfig
from synth.modules.amplifiers import VCA, ControlRateVCA
from synth.modules.base import SynthModule
from synth.modules.envelope import ADSR
from synth.modules.keyboard import MonophonicKeyboard
from synth.modules.lfo import LFO
from synth.modules.mixer import AudioMixer
from synth.modules.modulation import ModulationMixer
from synth.modules.oscillators import FmVCO, SineVCO, SquareSawVCO
from synth.synth import Voice


class OurKit:
    """`synth.modules`, one at a time."""

    name = "ours"

    def __init__(self, config: SynthConfig) -> None:
        self.config = config

    def _run(self, module: SynthModule, *inputs: Any) -> Any:
        variables = module.init(jax.random.PRNGKey(0), *inputs)
        return module.apply(variables, *inputs)

    def keyboard(self, values: Values) -> tuple[Any, Any]:
        """Pitches (MIDI) and durations (s)."""
        return self._run(MonophonicKeyboard(self.config, **_settings(values)))

    def adsr(self, duration: Any, values: Values) -> Control:
        """An envelope."""
        return self._run(ADSR(self.config, **_settings(values)), duration)

    def lfo(self, rate: Control | None, values: Values) -> Control:
        """A low-frequency oscillator."""
        return self._run(LFO(self.config, **_settings(values)), rate)

    def control_vca(self, signal: Control, level: Control) -> Control:
        """One control signal scaled by another."""
        return self._run(ControlRateVCA(self.config), signal, level)

    def matrix(
        self, signals: Mapping[str, Control], outputs: Sequence[str], amounts: Values
    ) -> tuple[Control, ...]:
        """A modulation matrix."""
        names = [f"{i}->{o}" for i in signals for o in outputs]
        settings = _settings({name: amounts.get(name, 0.0) for name in names})
        inputs, ends = tuple(signals), tuple(outputs)
        module = ModulationMixer(self.config, inputs=inputs, outputs=ends, amounts=settings)
        return self._run(module, *signals.values())

    def sine(self, midi_f0: Any, pitch: Control | None, values: Values) -> Sound:
        """A sine oscillator."""
        return self._run(SineVCO(self.config, **_settings(values)), midi_f0, pitch)

    def square_saw(self, midi_f0: Any, pitch: Control | None, values: Values) -> Sound:
        """An oscillator between square and saw."""
        return self._run(SquareSawVCO(self.config, **_settings(values)), midi_f0, pitch)

    def fm(self, midi_f0: Any, modulator: Sound, values: Values) -> Sound:
        """A sine whose frequency a sound modulates."""
        return self._run(FmVCO(self.config, **_settings(values)), midi_f0, modulator)

    def vca(self, sound: Sound, level: Control) -> Sound:
        """Audio scaled by a control signal."""
        return self._run(VCA(self.config), sound, level)

    def mixer(self, sounds: Mapping[str, Sound], levels: Values) -> Sound:
        """A weighted sum that never exceeds 1."""
        module = AudioMixer(self.config, inputs=tuple(sounds), levels=_settings(levels))
        return self._run(module, *sounds.values())

    def voice(self, theta: Mapping[str, Numbers]) -> Sound:
        """The whole Voice."""
        synth = Voice(config=self.config)
        batch = self.config.batch_size
        columns = [np.broadcast_to(theta[p.name], (batch,)) for p in synth.parameters]
        return synth.render(jnp.asarray(np.stack(columns, axis=1), jnp.float32))

    def control_array(self, signal: Control) -> np.ndarray:
        """A control signal (batch, n_points) as numpy."""
        return np.asarray(signal)

    def audio_array(self, sound: Sound) -> np.ndarray:
        """Audio (batch, n_samples) as numpy."""
        return np.asarray(sound if isinstance(sound, jax.Array) else sound.render())


def _settings(values: Values) -> dict[str, Any]:
    """Values in the form that modules accept: a number, or a vector of one a sound."""
    return {name: np.asarray(value, np.float32) for name, value in values.items()}
