"""The synths written again in NumPy, float64, from their formulas: slow, plain and independent.

Turian et al., "One billion audio sounds from GPU-enabled modular synthesis" (2021), as read in
torchsynth 1.0.2: envelopes are products of three ramps, phases are sums over all samples, control
signals are interpolated to audio rate one by one. Nothing is shared with the code that is tested.

Control frame k stands at k / control_rate, or stretched over the buffer as
torchsynth and SynthAX do it (the first frame on the first sample, the last on the last). Pitch
is limited to MIDI 0-127 at the frames, in the stretched case at every sample, as there.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Reference:
    """A float64 renderer of single sounds.

    Args:
        sample_rate, control_rate: in Hz.
        n_samples: of a sound.
        stretched: control frames are spread over the buffer instead of standing at their times.
        noise: (n_samples,) what the noise generator plays, since no formula says that.
        precision: of pitches, frequencies and angles; float32 is what torchsynth keeps them in.
    """

    sample_rate: float
    control_rate: float
    n_samples: int
    stretched: bool = False
    noise: np.ndarray | None = None
    precision: type = np.float64

    @property
    def n_frames(self):
        seconds = self.n_samples / self.sample_rate
        return int(np.ceil(seconds * self.control_rate - 1e-9)) + (0 if self.stretched else 1)

    def at_audio_rate(self, control):
        """A control signal as straight lines between its frames."""
        sample = np.arange(self.n_samples)
        frame = np.arange(self.n_frames) * self.sample_rate / self.control_rate
        if self.stretched:
            frame = np.linspace(0, self.n_samples - 1, self.n_frames)
        return np.interp(sample, frame, control)

    def adsr(self, p, duration):
        """Attack, decay, release as factors; p: attack, decay, sustain, release, alpha."""
        attack = min(p["attack"], duration)
        decay = min(max(duration - p["attack"], 0.0), p["decay"])
        rise = self._ramp(attack, 0.0) ** p["alpha"]
        fall = 1.0
        if decay > 0:
            left = (1 - self._ramp(decay, attack)) ** p["alpha"]
            fall = p["sustain"] + (1 - p["sustain"]) * left
        fade = (1 - self._ramp(p["release"], duration)) ** p["alpha"]
        return rise * fall * fade

    def _ramp(self, duration, start):
        frame = np.arange(self.n_frames)
        since = np.maximum(frame - start * self.control_rate, 0.0)
        # torchsynth lifts every ramp by this; ours the attack, where it can be heard: a small
        # alpha makes 0.25 of it.
        lift = 1e-6 if self.stretched or start == 0 else 0.0
        return np.minimum((since + lift) / (duration * self.control_rate) + lift, 1.0)

    def lfo(self, p, rate_modulation=0.0):
        rate = np.maximum(p["frequency"] + p["mod_depth"] * rate_modulation, 0.0)
        rate = np.broadcast_to(rate, (self.n_frames,))
        angle = np.cumsum(2 * np.pi * rate / self.control_rate) + p["initial_phase"]
        turn = np.mod(angle, 2 * np.pi) / (2 * np.pi)
        shapes = {
            "sin": (np.cos(angle + np.pi) + 1) / 2,
            "tri": np.where(turn > 0.5, 2 - 2 * turn, 2 * turn),
            "saw": turn,
            "rsaw": 1 - turn,
            "sqr": (np.sign(np.cos(angle + np.pi)) + 1) / 2,
        }
        weights = {name: p[name] ** np.e for name in shapes}
        total = sum(weights.values())
        return sum(weights[name] * shapes[name] for name in shapes) / total

    def phase(self, hertz, initial_phase):
        """Radians of every sample; a sample's own increment is already in its phase."""
        steps = self.precision(2 * np.pi) * hertz / self.precision(self.sample_rate)
        angle = np.cumsum(steps, dtype=np.float64).astype(self.precision)
        return (angle + self.precision(initial_phase)).astype(np.float64)

    def pitch_phase(self, p, midi_f0, modulation):
        base, depth = (self.precision(x) for x in (midi_f0 + p["tuning"], p["mod_depth"]))
        if self.stretched:
            midi = base + depth * self.at_audio_rate(modulation).astype(self.precision)
            midi = np.clip(midi, 0, 127)
        else:
            midi = self.at_audio_rate(np.clip(base + depth * modulation, 0, 127))
        return self.phase(midi_to_hz(midi), p["initial_phase"])

    def sine(self, p, midi_f0, modulation):
        return np.cos(self.pitch_phase(p, midi_f0, modulation))

    def square_saw(self, p, midi_f0, modulation):
        angle = self.pitch_phase(p, midi_f0, modulation)
        highest = midi_to_hz(midi_f0 + p["tuning"] + max(p["mod_depth"], 0.0))
        partials = 12000 / (highest * np.log10(highest))
        square = np.tanh(np.pi / 2 * partials * np.sin(angle))
        return (1 - p["shape"] / 2) * square * (1 + p["shape"] * np.cos(angle))

    def fm(self, p, midi_f0, modulator):
        f0_hz = midi_to_hz(midi_f0 + p["tuning"])
        hertz = f0_hz + p["mod_depth"] * f0_hz * modulator
        return np.cos(self.phase(np.clip(hertz, 0, self.sample_rate / 2), p["initial_phase"]))

    def mix(self, levels, sounds):
        total = sum(levels[name] * sound for name, sound in sounds.items())
        return total / max(1.0, np.abs(total).max())

    def modulators(self, m, duration, n):
        """The n envelopes and n modulated LFOs of a voice, by name."""
        signals = {f"adsr_{i}": self.adsr(m[f"adsr_{i}"], duration) for i in range(1, n + 1)}
        for i in range(1, n + 1):
            signals[f"lfo_{i}"] = self.modulated_lfo(m, f"lfo_{i}", duration)
        return signals

    def modulated_lfo(self, m, name, duration):
        rate = self.adsr(m[f"{name}_rate_adsr"], duration)
        return self.lfo(m[name], rate) * self.adsr(m[f"{name}_amp_adsr"], duration)

    def matrix(self, m, signals, output):
        return sum(m["mod_matrix"][f"{name}->{output}"] * s for name, s in signals.items())

    def shaped_noise(self, m):
        signals = {
            "adsr": self.adsr(m["adsr"], m["keyboard"]["duration"]),
            "lfo": self.lfo(m["lfo"]),
        }
        level = self.at_audio_rate(self.matrix(m, signals, "noise_amp"))
        return self.mix(m["mixer"], {"noise": self.noise * level})

    def one_osc(self, m):
        key = m["keyboard"]
        signals = {"adsr": self.adsr(m["adsr"], key["duration"]), "lfo": self.lfo(m["lfo"])}
        tone = self.sine(m["vco"], key["midi_f0"], self.matrix(m, signals, "vco_pitch"))
        level = self.at_audio_rate(self.matrix(m, signals, "vco_amp"))
        return self.mix(m["mixer"], {"vco": tone * level})

    def two_oscillators(self, m, signals, noisy):
        """What NoLFO, NoNoise and Voice share once their control signals are there."""
        key, sounds = m["keyboard"]["midi_f0"], {}
        for name, oscillator in (("vco_1", self.sine), ("vco_2", self.square_saw)):
            tone = oscillator(m[name], key, self.matrix(m, signals, f"{name}_pitch"))
            sounds[name] = tone * self.at_audio_rate(self.matrix(m, signals, f"{name}_amp"))
        if noisy:
            level = self.at_audio_rate(self.matrix(m, signals, "noise_amp"))
            sounds["noise"] = self.noise * level
        return self.mix(m["mixer"], sounds)

    def no_lfo(self, m):
        duration = m["keyboard"]["duration"]
        signals = {name: self.adsr(m[name], duration) for name in ("adsr_1", "adsr_2")}
        return self.two_oscillators(m, signals, noisy=False)

    def no_noise(self, m):
        duration = m["keyboard"]["duration"]
        signals = {name: self.adsr(m[name], duration) for name in ("adsr_1", "adsr_2")}
        signals["lfo"] = self.modulated_lfo(m, "lfo", duration)
        return self.two_oscillators(m, signals, noisy=False)

    def voice(self, m):
        signals = self.modulators(m, m["keyboard"]["duration"], 2)
        return self.two_oscillators(m, signals, noisy=True)

    def voice_fm(self, m):
        key = m["keyboard"]["midi_f0"]
        signals = self.modulators(m, m["keyboard"]["duration"], 3)
        sounds = {}
        for name, oscillator in (
            ("vco_1", self.sine),
            ("vco_2", self.square_saw),
            ("vco_3", self.sine),
        ):
            tone = oscillator(m[name], key, self.matrix(m, signals, f"{name}_pitch"))
            sounds[name] = tone * self.at_audio_rate(self.matrix(m, signals, f"{name}_amp"))
        sounds["vco_4"] = self.fm(m["vco_4"], key, sounds.pop("vco_3"))
        sounds["noise"] = self.noise * self.at_audio_rate(self.matrix(m, signals, "noise_amp"))
        return self.mix(m["mixer"], sounds)

    def parametric(self, m, sine, square_saw, fm_sine, fm_square_saw):
        heard, n = sine + square_saw, sine + square_saw + fm_sine + fm_square_saw
        kinds = [self.sine] * sine + [self.square_saw] * square_saw
        kinds += [self.sine] * fm_sine + [self.square_saw] * fm_square_saw
        signals = {}
        for i in range(1, n + 1):
            duration = m[f"keyboard_{i}"]["duration"]
            signals[f"adsr_{i}"] = self.adsr(m[f"adsr_{i}"], duration)
            signals[f"lfo_{i}"] = self.modulated_lfo(m, f"lfo_{i}", duration)
        sounds = {}
        for i, oscillator in enumerate(kinds, start=1):
            name, key = f"vco_{i}", m[f"keyboard_{i}"]["midi_f0"]
            tone = oscillator(m[name], key, self.matrix(m, signals, f"{name}_pitch"))
            tone = tone * self.at_audio_rate(self.matrix(m, signals, f"{name}_amp"))
            if i <= heard:
                sounds[name] = tone
            else:
                carrier = f"vco_{n + i - heard}"
                sounds[carrier] = self.fm(m[carrier], key, tone)
        sounds["noise"] = self.noise * self.at_audio_rate(self.matrix(m, signals, "noise_amp"))
        return self.mix(m["mixer"], sounds)


def midi_to_hz(midi):
    midi = np.asarray(midi)
    return 440 * 2 ** ((midi - 69) / 12)


def human(unit, minimum, maximum, curve, symmetric):
    """torchsynth's mapping of a parameter from [0, 1] to human units, in float64."""
    if not symmetric:
        return minimum + (maximum - minimum) * unit ** (1 / curve)
    d = 2 * unit - 1
    return minimum + (maximum - minimum) / 2 * (1 + np.sign(d) * np.abs(d) ** (1 / curve))


def tree(parameters, theta):
    """One sound's parameters in human units: module -> parameter -> float64."""
    values = {}
    for p, unit in zip(parameters, np.asarray(theta, np.float64), strict=True):
        module, name = p.name.split(".", 1)
        value = float(human(unit, p.minimum, p.maximum, p.curve, p.symmetric))
        values.setdefault(module, {})[name] = value
    return values
