"""What the examples ask of a library: its modules one by one, with values in human units."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float

Control = Any
"""A control signal of the library's own kind, (batch, control points)."""
Sound = Any
"""Audio of the library's own kind, (batch, n_samples)."""
Numbers = float | Sequence[float]
"""One number for all sounds, or one a sound."""
Values = Mapping[str, Numbers]
"""Parameters by name, in human units."""


class Kit(Protocol):
    """The modules of one library for one batch size; each call is a module of its own."""

    name: str

    def keyboard(self, values: Values) -> tuple[Any, Any]:
        """Pitches (MIDI) and durations (s), one a sound."""
        ...

    def adsr(self, duration: Any, values: Values) -> Control:
        """An envelope of notes of `duration` seconds."""
        ...

    def lfo(self, rate: Control | None, values: Values) -> Control:
        """A low-frequency oscillator; `rate` modulates its frequency."""
        ...

    def control_vca(self, signal: Control, level: Control) -> Control:
        """One control signal scaled by another."""
        ...

    def matrix(
        self, signals: Mapping[str, Control], outputs: Sequence[str], amounts: Values
    ) -> tuple[Control, ...]:
        """A modulation matrix; amounts are named `input->output`, missing ones are 0."""
        ...

    def sine(self, midi_f0: Any, pitch: Control | None, values: Values) -> Sound:
        """A sine oscillator."""
        ...

    def square_saw(self, midi_f0: Any, pitch: Control | None, values: Values) -> Sound:
        """An oscillator between square (shape 0) and saw (shape 1)."""
        ...

    def fm(self, midi_f0: Any, modulator: Sound, values: Values) -> Sound:
        """A sine whose frequency a sound modulates."""
        ...

    def vca(self, sound: Sound, level: Control) -> Sound:
        """Audio scaled by a control signal."""
        ...

    def mixer(self, sounds: Mapping[str, Sound], levels: Values) -> Sound:
        """A weighted sum; a sound whose peak exceeds 1 is divided by it."""
        ...

    def voice(self, theta: Mapping[str, Numbers]) -> Sound:
        """The whole Voice, from parameters in [0, 1] by full name."""
        ...

    def control_array(self, signal: Control) -> Float[np.ndarray, "batch n_points"]:
        """A control signal as numpy."""
        ...

    def audio_array(self, sound: Sound) -> Float[np.ndarray, "batch n_samples"]:
        """Audio as numpy."""
        ...
