"""torchsynth's examples, each wired once for any kit (Turian et al. 2021; SynthAX, 3.3.2).

The first four are the columns of Figure 4. Every parameter of a module is given, so that nothing is
left to a library's own random numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from scripts.jobs.replicate.kit import Control, Kit, Sound, Values

PLAIN = {"tuning": 0.0, "mod_depth": 0.0, "initial_phase": 0.0}
SLOW_LFO = {
    "frequency": 2.0,
    "mod_depth": 0.0,
    "initial_phase": 0.0,
    "sin": 0.0,
    "tri": 0.0,
    "saw": 0.0,
    "rsaw": 0.0,
    "sqr": 0.0,
}
PLUCK = {"attack": 0.1, "decay": 0.3, "sustain": 0.4, "release": 0.5, "alpha": 2.0}
NOTE_S = 0.6


@dataclass(frozen=True)
class Example:
    """One example: a sound or a control signal for each label.

    `wire` gets a kit whose batch size is the number of labels, and a seeded generator for what is
    random, which gives each kit the same values.
    """

    name: str
    title: str
    kind: Literal["audio", "control"]
    labels: tuple[str, ...]
    wire: Callable[[Kit, np.random.Generator], Sound | Control]


def note(kit: Kit, midi_f0: float | list[float], duration: float = NOTE_S) -> tuple[Any, Any]:
    """A keyboard that plays one note a sound."""
    return kit.keyboard({"midi_f0": midi_f0, "duration": duration})


def sine(kit: Kit, _: np.random.Generator) -> Sound:
    """A plain sine at A4."""
    midi_f0, _duration = note(kit, 69.0)
    return kit.sine(midi_f0, None, PLAIN)


def sine_with_envelope(kit: Kit, _: np.random.Generator) -> Sound:
    """A sine whose frequency an envelope lifts by two octaves."""
    midi_f0, duration = note(kit, 62.0)
    return kit.sine(midi_f0, kit.adsr(duration, PLUCK), PLAIN | {"mod_depth": 24.0})


def square(kit: Kit, _: np.random.Generator) -> Sound:
    """A square wave at A2."""
    midi_f0, _duration = note(kit, 45.0)
    return kit.square_saw(midi_f0, None, PLAIN | {"shape": 0.0})


def fm_with_envelope(kit: Kit, _: np.random.Generator) -> Sound:
    """FM whose modulator an envelope shapes."""
    midi_f0, duration = note(kit, 57.0)
    modulator = kit.vca(kit.sine(midi_f0, None, PLAIN), kit.adsr(duration, PLUCK))
    return kit.fm(midi_f0, modulator, PLAIN | {"mod_depth": 8.0})


def shapes(kit: Kit, _: np.random.Generator) -> Sound:
    """Square, halfway, saw."""
    midi_f0, _duration = note(kit, 45.0)
    return kit.square_saw(midi_f0, None, PLAIN | {"shape": [0.0, 0.5, 1.0]})


def adsr_random(kit: Kit, random: np.random.Generator) -> Control:
    """Envelopes with every parameter drawn uniformly in [0, 1] of its range."""
    values = draw_adsr(random, 3)
    _, duration = note(kit, 69.0)
    return kit.adsr(duration, values)


def adsr_set(kit: Kit, _: np.random.Generator) -> Control:
    """Envelopes with given parameters: straight lines, and curves."""
    _, duration = note(kit, 69.0)
    values = {
        "attack": [0.1, 0.1, 0.3],
        "decay": [0.2, 0.2, 0.1],
        "sustain": [0.5, 0.5, 0.8],
        "release": [0.3, 0.3, 0.2],
        "alpha": [1.0, 4.0, 0.3],
    }
    return kit.adsr(duration, values)


def lfo_shapes(kit: Kit, _: np.random.Generator) -> Control:
    """One LFO of each shape."""
    names = ("sin", "tri", "saw", "rsaw", "sqr")
    weights = {name: [float(i == k) for k in range(len(names))] for i, name in enumerate(names)}
    return kit.lfo(None, SLOW_LFO | weights)


def lfo_with_envelopes(kit: Kit, _: np.random.Generator) -> Control:
    """An LFO whose rate and level envelopes move, as in Voice."""
    _, duration = note(kit, 69.0)
    rate = kit.adsr(duration, PLUCK)
    level = kit.adsr(duration, PLUCK | {"attack": 0.3, "release": 1.0})
    lfo = kit.lfo(rate, SLOW_LFO | {"mod_depth": 10.0, "sin": 1.0})
    return kit.control_vca(lfo, level)


def amplifier(kit: Kit, _: np.random.Generator) -> Sound:
    """A sine and a saw shaped by an envelope."""
    midi_f0, duration = note(kit, [69.0, 45.0])
    sound = kit.square_saw(midi_f0, None, PLAIN | {"shape": 1.0})
    return kit.vca(sound, kit.adsr(duration, PLUCK))


def mixer(kit: Kit, _: np.random.Generator) -> Sound:
    """A quiet mixture, and one that is limited to its own peak."""
    midi_f0, _duration = note(kit, 57.0)
    sounds = {
        "root": kit.sine(midi_f0, None, PLAIN),
        "fifth": kit.sine(midi_f0, None, PLAIN | {"tuning": 7.0}),
        "saw": kit.square_saw(midi_f0, None, PLAIN | {"tuning": -12.0, "shape": 1.0}),
    }
    return kit.mixer(sounds, {"root": [0.3, 1.0], "fifth": [0.2, 1.0], "saw": [0.2, 1.0]})


def matrix(kit: Kit, _: np.random.Generator) -> Sound:
    """An envelope and an LFO, both on pitch and level of a sine."""
    midi_f0, duration = note(kit, 57.0)
    vibrato = kit.lfo(None, SLOW_LFO | {"frequency": 6.0, "sin": 1.0})
    signals = {"adsr": kit.adsr(duration, PLUCK), "lfo": vibrato}
    amounts = {"adsr->amp": 0.8, "lfo->amp": 0.2, "lfo->pitch": 0.5, "adsr->pitch": 0.5}
    pitch, amp = kit.matrix(signals, ["pitch", "amp"], amounts)
    return kit.vca(kit.sine(midi_f0, pitch, PLAIN | {"mod_depth": 12.0}), amp)


def voice(kit: Kit, random: np.random.Generator) -> Sound:
    """Random patches of the whole Voice, without noise (each library draws its own)."""
    from synth.synth import Voice

    names = [parameter.name for parameter in Voice().parameters]
    theta = {name: random.uniform(size=3).astype(np.float32).tolist() for name in names}
    return kit.voice(theta | {"mixer.noise": 0.0})


def draw_adsr(random: np.random.Generator, count: int) -> Values:
    """Random settings of an envelope in human units, uniform in [0, 1] before their curves."""
    from synth.config import SynthConfig
    from synth.modules.envelope import ADSR

    return {
        name: scope.to_human(random.uniform(size=count)).tolist()
        for name, scope in ADSR(SynthConfig()).default_ranges().items()
    }


EXAMPLES: dict[str, Example] = {
    example.name: example
    for example in (
        Example("sine", "Sine wave", "audio", ("A4",), sine),
        Example(
            "sine_with_envelope",
            "Sine, frequency modulated by an envelope",
            "audio",
            ("two octaves",),
            sine_with_envelope,
        ),
        Example("square", "Square wave", "audio", ("A2",), square),
        Example(
            "fm_with_envelope",
            "FM, modulated by an envelope",
            "audio",
            ("index 8",),
            fm_with_envelope,
        ),
        Example("shapes", "Square to saw", "audio", ("square", "halfway", "saw"), shapes),
        Example("adsr_random", "Random envelopes", "control", ("1", "2", "3"), adsr_random),
        Example(
            "adsr_set",
            "Envelopes with set parameters",
            "control",
            ("alpha 1", "alpha 4", "alpha 0.3"),
            adsr_set,
        ),
        Example(
            "lfo_shapes",
            "LFO shapes",
            "control",
            ("sine", "triangle", "saw", "reversed saw", "square"),
            lfo_shapes,
        ),
        Example(
            "lfo_with_envelopes",
            "LFO with envelopes on rate and level",
            "control",
            ("2 to 12 Hz",),
            lfo_with_envelopes,
        ),
        Example("amplifier", "Amplifier", "audio", ("A4 saw", "A2 saw"), amplifier),
        Example("mixer", "Mixer", "audio", ("quiet", "limited"), mixer),
        Example("matrix", "Modulation matrix", "audio", ("vibrato",), matrix),
        Example("voice", "Voice, random patches", "audio", ("1", "2", "3"), voice),
    )
}
FIGURE_4 = ("sine", "sine_with_envelope", "square", "fm_with_envelope")
