"""The synths: Voice with 78 parameters, and its family. Each is a list of modules and a wiring."""

from collections.abc import Mapping
from typing import Any

from synth.audio import Audio
from synth.base import Synth
from synth.modules.amplifiers import VCA, ControlRateVCA
from synth.modules.base import SynthModule
from synth.modules.envelope import ADSR, envelopes
from synth.modules.keyboard import MonophonicKeyboard
from synth.modules.lfo import LFO, oscillate_together
from synth.modules.mixer import NOISE_CURVE, AudioMixer
from synth.modules.modulation import ModulationMixer
from synth.modules.noise import Noise
from synth.modules.oscillators import FmVCO, SineVCO, SquareSawVCO

__all__ = [
    "NoLFO",
    "NoNoise",
    "OneOsc",
    "ParametricSynth",
    "ShapedNoise",
    "Synth",
    "Voice",
    "VoiceFM",
]


class ShapedNoise(Synth):
    """Noise whose level follows an envelope and an LFO; 18 parameters (CTAG, section 4.2.1)."""

    def modules(self) -> dict[str, SynthModule]:
        c = self.config
        return {
            "keyboard": MonophonicKeyboard(c),
            "adsr": ADSR(c),
            "lfo": LFO(c),
            "mod_matrix": ModulationMixer(c, inputs=("adsr", "lfo"), outputs=("noise_amp",)),
            "noise": Noise(c),
            "vca": VCA(c),
            "mixer": AudioMixer(c, inputs=("noise",)),
        }

    def wire(self, modules: Mapping[str, Any]) -> Audio:
        m = modules
        _, duration = m["keyboard"]()
        (noise_amp,) = m["mod_matrix"](m["adsr"](duration), m["lfo"]())
        return m["mixer"](m["vca"](m["noise"](), noise_amp))


class OneOsc(Synth):
    """One sine, its pitch and level moved by an envelope and an LFO; 23 parameters."""

    def modules(self) -> dict[str, SynthModule]:
        c = self.config
        return {
            "keyboard": MonophonicKeyboard(c),
            "adsr": ADSR(c),
            "lfo": LFO(c),
            "mod_matrix": ModulationMixer(
                c, inputs=("adsr", "lfo"), outputs=("vco_pitch", "vco_amp")
            ),
            "vco": SineVCO(c),
            "vca": VCA(c),
            "mixer": AudioMixer(c, inputs=("vco",)),
        }

    def wire(self, modules: Mapping[str, Any]) -> Audio:
        m = modules
        midi_f0, duration = m["keyboard"]()
        pitch, amp = m["mod_matrix"](m["adsr"](duration), m["lfo"]())
        return m["mixer"](m["vca"](m["vco"](midi_f0, pitch), amp))


class NoLFO(Synth):
    """A sine and a square-saw moved by two envelopes; 29 parameters."""

    def modules(self) -> dict[str, SynthModule]:
        c = self.config
        return {
            "keyboard": MonophonicKeyboard(c),
            "adsr_1": ADSR(c),
            "adsr_2": ADSR(c),
            "mod_matrix": ModulationMixer(
                c, inputs=("adsr_1", "adsr_2"), outputs=_pitch_and_amp("vco_1", "vco_2")
            ),
            "vco_1": SineVCO(c),
            "vco_2": SquareSawVCO(c),
            "vca": VCA(c),
            "mixer": AudioMixer(c, inputs=("vco_1", "vco_2")),
        }

    def wire(self, modules: Mapping[str, Any]) -> Audio:
        m = modules
        midi_f0, duration = m["keyboard"]()
        pitch_1, amp_1, pitch_2, amp_2 = m["mod_matrix"](
            *envelopes([m["adsr_1"], m["adsr_2"]], duration)
        )
        return m["mixer"](
            m["vca"](m["vco_1"](midi_f0, pitch_1), amp_1),
            m["vca"](m["vco_2"](midi_f0, pitch_2), amp_2),
        )


class NoNoise(Synth):
    """A sine and a square-saw moved by two envelopes and a modulated LFO; 51 parameters."""

    def modules(self) -> dict[str, SynthModule]:
        c = self.config
        return {
            "keyboard": MonophonicKeyboard(c),
            "adsr_1": ADSR(c),
            "adsr_2": ADSR(c),
            "lfo": LFO(c),
            "lfo_amp_adsr": ADSR(c),
            "lfo_rate_adsr": ADSR(c),
            "control_vca": ControlRateVCA(c),
            "mod_matrix": ModulationMixer(
                c, inputs=("adsr_1", "adsr_2", "lfo"), outputs=_pitch_and_amp("vco_1", "vco_2")
            ),
            "vco_1": SineVCO(c),
            "vco_2": SquareSawVCO(c),
            "vca": VCA(c),
            "mixer": AudioMixer(c, inputs=("vco_1", "vco_2")),
        }

    def wire(self, modules: Mapping[str, Any]) -> Audio:
        m = modules
        midi_f0, duration = m["keyboard"]()
        rate, amp, adsr_1, adsr_2 = envelopes(
            [m["lfo_rate_adsr"], m["lfo_amp_adsr"], m["adsr_1"], m["adsr_2"]], duration
        )
        lfo = m["control_vca"](m["lfo"](rate), amp)
        pitch_1, amp_1, pitch_2, amp_2 = m["mod_matrix"](adsr_1, adsr_2, lfo)
        return m["mixer"](
            m["vca"](m["vco_1"](midi_f0, pitch_1), amp_1),
            m["vca"](m["vco_2"](midi_f0, pitch_2), amp_2),
        )


class Voice(Synth):
    """torchsynth's Voice (Turian et al. 2021): 78 parameters.

    One keyboard; two LFOs, each with an envelope for its rate and one for its level; two more
    envelopes; a matrix of 4 control signals to 5 destinations; a sine, a square-saw and noise.
    """

    def modules(self) -> dict[str, SynthModule]:
        c = self.config
        return {
            "keyboard": MonophonicKeyboard(c),
            **_modulators(c, 2),
            "control_vca": ControlRateVCA(c),
            "mod_matrix": ModulationMixer(
                c,
                inputs=("adsr_1", "adsr_2", "lfo_1", "lfo_2"),
                outputs=(*_pitch_and_amp("vco_1", "vco_2"), "noise_amp"),
            ),
            "vco_1": SineVCO(c),
            "vco_2": SquareSawVCO(c),
            "noise": Noise(c),
            "vca": VCA(c),
            "mixer": AudioMixer(
                c, inputs=("vco_1", "vco_2", "noise"), curves=(("noise", NOISE_CURVE),)
            ),
        }

    def wire(self, modules: Mapping[str, Any]) -> Audio:
        m = modules
        midi_f0, duration = m["keyboard"]()
        adsrs, lfos = _run_modulators(m, duration, 2)
        pitch_1, amp_1, pitch_2, amp_2, noise_amp = m["mod_matrix"](*adsrs, *lfos)
        return m["mixer"](
            m["vca"](m["vco_1"](midi_f0, pitch_1), amp_1),
            m["vca"](m["vco_2"](midi_f0, pitch_2), amp_2),
            m["vca"](m["noise"](), noise_amp),
        )


class VoiceFM(Synth):
    """Voice with a third sine that modulates the frequency of a fourth VCO; 130 parameters."""

    def modules(self) -> dict[str, SynthModule]:
        c = self.config
        vcos = ("vco_1", "vco_2", "vco_3")
        return {
            "keyboard": MonophonicKeyboard(c),
            **_modulators(c, 3),
            "control_vca": ControlRateVCA(c),
            "mod_matrix": ModulationMixer(
                c,
                inputs=("adsr_1", "adsr_2", "adsr_3", "lfo_1", "lfo_2", "lfo_3"),
                outputs=(*_pitch_and_amp(*vcos), "noise_amp"),
            ),
            "vco_1": SineVCO(c),
            "vco_2": SquareSawVCO(c),
            "vco_3": SineVCO(c),
            "vco_4": FmVCO(c),
            "noise": Noise(c),
            "vca": VCA(c),
            "mixer": AudioMixer(c, inputs=("vco_1", "vco_2", "vco_4", "noise")),
        }

    def wire(self, modules: Mapping[str, Any]) -> Audio:
        m = modules
        midi_f0, duration = m["keyboard"]()
        adsrs, lfos = _run_modulators(m, duration, 3)
        pitch_1, amp_1, pitch_2, amp_2, pitch_3, amp_3, noise_amp = m["mod_matrix"](*adsrs, *lfos)
        modulator = m["vca"](m["vco_3"](midi_f0, pitch_3), amp_3)
        return m["mixer"](
            m["vca"](m["vco_1"](midi_f0, pitch_1), amp_1),
            m["vca"](m["vco_2"](midi_f0, pitch_2), amp_2),
            m["vco_4"](midi_f0, modulator),
            m["vca"](m["noise"](), noise_amp),
        )


class ParametricSynth(Synth):
    """Any number of oscillators, each with a keyboard, an envelope and a modulated LFO of its own.

    Oscillators are numbered in the order of the arguments; the sines and square-saws of FM pairs
    modulate the FM oscillators that follow them.

    Args:
        sine, square_saw: oscillators that are heard.
        fm_sine, fm_square_saw: pairs of a modulator of that kind and an FM oscillator.
    """

    sine: int = 1
    square_saw: int = 1
    fm_sine: int = 1
    fm_square_saw: int = 0

    def modules(self) -> dict[str, SynthModule]:
        c = self.config
        heard, modulators, n = _count_oscillators(self)
        numbers = range(1, n + 1)
        kinds = (
            [SineVCO] * self.sine
            + [SquareSawVCO] * self.square_saw
            + [SineVCO] * self.fm_sine
            + [SquareSawVCO] * self.fm_square_saw
            + [FmVCO] * modulators
        )
        mixed = [f"vco_{i}" for i in (*range(1, heard + 1), *range(n + 1, n + modulators + 1))]
        modules: dict[str, SynthModule] = {}
        for i in numbers:
            modules[f"keyboard_{i}"] = MonophonicKeyboard(c)
        return {
            **modules,
            **_modulators(c, n),
            **{f"vco_{i}": kind(c) for i, kind in enumerate(kinds, start=1)},
            "control_vca": ControlRateVCA(c),
            "mod_matrix": ModulationMixer(
                c,
                inputs=(*(f"adsr_{i}" for i in numbers), *(f"lfo_{i}" for i in numbers)),
                outputs=(*_pitch_and_amp(*(f"vco_{i}" for i in numbers)), "noise_amp"),
            ),
            "noise": Noise(c),
            "vca": VCA(c),
            "mixer": AudioMixer(c, inputs=(*mixed, "noise")),
        }

    def wire(self, modules: Mapping[str, Any]) -> Audio:
        m = modules
        heard, modulators, n = _count_oscillators(self)
        notes = [m[f"keyboard_{i}"]() for i in range(1, n + 1)]
        adsrs, lfos = [], []
        for i, (_, duration) in enumerate(notes, start=1):
            rate, amp, adsr = envelopes(
                [m[f"lfo_{i}_rate_adsr"], m[f"lfo_{i}_amp_adsr"], m[f"adsr_{i}"]], duration
            )
            adsrs.append(adsr)
            lfos.append(m["control_vca"](m[f"lfo_{i}"](rate), amp))
        *moves, noise_amp = m["mod_matrix"](*adsrs, *lfos)
        sounds = [
            m["vca"](m[f"vco_{i + 1}"](notes[i][0], moves[2 * i]), moves[2 * i + 1])
            for i in range(n)
        ]
        pairs = [
            m[f"vco_{n + 1 + k}"](notes[heard + k][0], sounds[heard + k]) for k in range(modulators)
        ]
        return m["mixer"](*sounds[:heard], *pairs, m["vca"](m["noise"](), noise_amp))


def _count_oscillators(synth: ParametricSynth) -> tuple[int, int, int]:
    """Oscillators that are heard, modulators, and both together."""
    counts = (synth.sine, synth.square_saw, synth.fm_sine, synth.fm_square_saw)
    if min(counts) < 0 or sum(counts) == 0:
        raise ValueError(
            "a parametric synth needs counts of 0 or more and one oscillator at least, got "
            f"sine, square_saw, fm_sine, fm_square_saw = {counts}"
        )
    return sum(counts[:2]), sum(counts[2:]), sum(counts)


def _pitch_and_amp(*oscillators: str) -> tuple[str, ...]:
    """Destinations of a modulation matrix: pitch and level of each oscillator."""
    return tuple(f"{name}_{end}" for name in oscillators for end in ("pitch", "amp"))


def _modulators(config: Any, n: int) -> dict[str, SynthModule]:
    """n envelopes, and n LFOs with an envelope for rate and for level each."""
    modules: dict[str, SynthModule] = {}
    for i in range(1, n + 1):
        modules[f"adsr_{i}"] = ADSR(config)
        modules[f"lfo_{i}"] = LFO(config)
        modules[f"lfo_{i}_amp_adsr"] = ADSR(config)
        modules[f"lfo_{i}_rate_adsr"] = ADSR(config)
    return modules


def _run_modulators(m: Mapping[str, Any], duration: Any, n: int) -> tuple[Any, Any]:
    """Envelopes and LFO signals of a voice with one keyboard: each kind in one pass."""
    numbers = range(1, n + 1)
    signals = envelopes(
        [m[f"lfo_{i}_rate_adsr"] for i in numbers]
        + [m[f"lfo_{i}_amp_adsr"] for i in numbers]
        + [m[f"adsr_{i}"] for i in numbers],
        duration,
    )
    rates, amps, adsrs = signals[:n], signals[n : 2 * n], signals[2 * n :]
    lfos = oscillate_together([m[f"lfo_{i}"] for i in numbers], rates)
    return adsrs, [m["control_vca"](lfo, amp) for lfo, amp in zip(lfos, amps, strict=True)]
