"""torchsynth's modules, each used alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scripts.jobs.replicate.kit import Control, Numbers, Sound, Values
from scripts.jobs.speed.peers import import_torchsynth


class TorchsynthKit:
    """`torchsynth.module`, one at a time, on the CPU."""

    name = "torchsynth"

    def __init__(self, batch: int, sample_rate: int, duration_s: float) -> None:
        import torch

        self._torch = torch
        self._library = import_torchsynth()
        self._batch = batch
        self._cpu = torch.device("cpu")
        self._config = self._library.config.SynthConfig(
            batch_size=batch,
            sample_rate=sample_rate,
            buffer_size_seconds=duration_s,
            control_rate=sample_rate // 100,
            reproducible=False,
        )

    def _run(self, kind: str, inputs: Sequence[Any], values: Values, **more: Any) -> Any:
        make = getattr(self._library.module, kind)
        settings = {name: self._vector(value) for name, value in values.items()}
        with self._torch.no_grad():
            module = make(self._config, device=self._cpu, **more)
            for name, value in settings.items():
                module.set_parameter(name, value)
            return module(*inputs)

    def _vector(self, value: Numbers) -> Any:
        numbers = np.broadcast_to(np.asarray(value, np.float32), (self._batch,)).copy()
        return self._torch.from_numpy(numbers)

    def _at_audio_rate(self, signal: Control | None) -> Any:
        return None if signal is None else self._run("ControlRateUpsample", [signal], {})

    def keyboard(self, values: Values) -> tuple[Any, Any]:
        """Pitches (MIDI) and durations (s)."""
        return self._run("MonophonicKeyboard", [], values)

    def adsr(self, duration: Any, values: Values) -> Control:
        """An envelope."""
        return self._run("ADSR", [duration], values)

    def lfo(self, rate: Control | None, values: Values) -> Control:
        """A low-frequency oscillator."""
        return self._run("LFO", [rate], values)

    def control_vca(self, signal: Control, level: Control) -> Control:
        """One control signal scaled by another."""
        return self._run("ControlRateVCA", [signal, level], {})

    def matrix(
        self, signals: Mapping[str, Control], outputs: Sequence[str], amounts: Values
    ) -> tuple[Control, ...]:
        """A modulation matrix."""
        names = {"input_names": list(signals), "output_names": list(outputs)}
        values = {f"{i}->{o}": amounts.get(f"{i}->{o}", 0.0) for i in signals for o in outputs}
        return self._run(
            "ModulationMixer",
            list(signals.values()),
            values,
            n_input=len(signals),
            n_output=len(outputs),
            **names,
        )

    def sine(self, midi_f0: Any, pitch: Control | None, values: Values) -> Sound:
        """A sine oscillator."""
        return self._run("SineVCO", [midi_f0, self._at_audio_rate(pitch)], values)

    def square_saw(self, midi_f0: Any, pitch: Control | None, values: Values) -> Sound:
        """An oscillator between square and saw."""
        return self._run("SquareSawVCO", [midi_f0, self._at_audio_rate(pitch)], values)

    def fm(self, midi_f0: Any, modulator: Sound, values: Values) -> Sound:
        """A sine whose frequency a sound modulates."""
        return self._run("FmVCO", [midi_f0, modulator], values)

    def vca(self, sound: Sound, level: Control) -> Sound:
        """Audio scaled by a control signal."""
        return self._run("VCA", [sound, self._at_audio_rate(level)], {})

    def mixer(self, sounds: Mapping[str, Sound], levels: Values) -> Sound:
        """A weighted sum that never exceeds 1."""
        names = list(sounds)
        return self._run(
            "AudioMixer", list(sounds.values()), levels, n_input=len(names), names=names
        )

    def voice(self, theta: Mapping[str, Numbers]) -> Sound:
        """The whole Voice."""
        synth = self._library.synth.Voice(self._config)
        with self._torch.no_grad():
            for full_name, value in theta.items():
                module, name = full_name.split(".", 1)
                getattr(synth, module).set_parameter_0to1(name, self._vector(value))
            return synth.output()

    def control_array(self, signal: Control) -> np.ndarray:
        """A control signal (batch, n_points) as numpy."""
        return self.audio_array(signal)

    def audio_array(self, sound: Sound) -> np.ndarray:
        """Audio (batch, n_samples) as numpy."""
        return sound.detach().as_subclass(self._torch.Tensor).numpy()
