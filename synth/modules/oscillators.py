"""Voltage-controlled oscillators: sine, square to saw, and frequency modulation."""

import math

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from synth.audio import Audio, per_frame, per_sound
from synth.fastmath import cos_turns, exp2, tanh_of_sine
from synth.fence import fence
from synth.glide import Glide, make_glide, turns
from synth.grid import Grid
from synth.modules.base import SynthModule
from synth.parameter import Range, Setting
from synth.phase import accumulate, running_sum

LOWEST_MIDI, HIGHEST_MIDI = 0.0, 127.0
FEWEST_BLOCKS = 3
"""A frame of fewer blocks gains nothing by tables of its phase. At three of them (16 kHz and 480
control frames a second) tables take a tenth less time, in batches of 32 to 512."""


def midi_to_hz(midi: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Equal temperament, A4 = MIDI 69 = 440 Hz."""
    return 440.0 * exp2((midi - 69.0) / 12.0)


class VCO(SynthModule):
    """Base of oscillators that are tuned in semitones.

    Args:
        tuning: semitones added to the key.
        mod_depth: semitones added by a pitch modulation of 1; pitch stays within MIDI 0 to 127.
        initial_phase: radians.
    """

    tuning: Setting = Range(-24.0, 24.0, unit="semitones")
    mod_depth: Setting = Range(-96.0, 96.0, curve=0.2, symmetric=True, unit="semitones")
    initial_phase: Setting = Range(-math.pi, math.pi, unit="rad")

    @nn.compact
    def __call__(
        self,
        midi_f0: Float[Array, " batch"],
        modulation: Float[Array, "batch n_points"] | None = None,
    ) -> Audio:
        """Oscillate at `midi_f0` + tuning + mod_depth * modulation."""
        values = self.values()
        base = midi_f0 + values["tuning"]
        if modulation is None:
            modulation = jnp.zeros((base.shape[0], self.grid.n_points), base.dtype)
        pitch = base[:, None] + values["mod_depth"][:, None] * modulation
        phase = glide_frames(
            jnp.clip(pitch, LOWEST_MIDI, HIGHEST_MIDI), values["initial_phase"], self.grid
        )
        highest = base + jnp.maximum(values["mod_depth"], 0.0)
        counts = self.grid.counts(base.dtype)

        def tiles(frames):
            phase, waveform = frames
            return self.waveform(phase_tiles(phase, counts), waveform)

        return Audio(self.grid, (phase, self.waveform_frames(values, highest)), tiles)

    def waveform_frames(self, values: dict[str, Array], highest: Float[Array, " batch"]) -> tuple:
        """What the waveform needs besides the phase, one number a sound each."""
        return ()

    def waveform(self, turns: Float[Array, "part n_frames blocks lanes"], frames: tuple) -> Array:
        """Samples at phases in turns."""
        raise NotImplementedError


class SineVCO(VCO):
    """A cosine."""

    def waveform(self, turns: Array, frames: tuple) -> Array:
        return cos_turns(turns)


class SquareSawVCO(VCO):
    """A square wave (shape 0) that turns into a sawtooth (shape 1).

    Distortion synthesis after Lazzarini and Timoney, "New perspectives on distortion synthesis for
    virtual analog oscillators", Computer Music Journal 34(1), 2010:
    `(1 - s/2) tanh(pi/2 P sin x) (1 + s cos x)`, the number of partials P falling with the highest
    fundamental f that the note can reach, `P = 12000 / (f log10 f)`.

    Args:
        shape: 0 is square, 1 is saw.
    """

    shape: Setting = Range(0.0, 1.0)

    def waveform_frames(self, values: dict[str, Array], highest: Float[Array, " batch"]) -> tuple:
        # Below 2 Hz the formula's logarithm would reach 0 and change sign.
        f0_hz = jnp.maximum(midi_to_hz(highest), 2.0)
        drive = (math.pi / 2) * 12000.0 / (f0_hz * jnp.log10(f0_hz))
        return drive, values["shape"]

    def waveform(self, turns: Array, frames: tuple) -> Array:
        drive, shape = (per_sound(v) for v in frames)
        square, cosine = tanh_of_sine(drive, turns)
        return square * ((1 - shape / 2) + ((1 - shape / 2) * shape) * cosine)


class FmVCO(VCO):
    """A cosine whose frequency another sound modulates.

    The frequency stays between 0 and half the sample rate.

    Args:
        mod_depth: modulation index; the deviation in Hz is index * fundamental * modulator.
    """

    mod_depth: Setting = Range(-96.0, 96.0, curve=0.2, symmetric=True)

    @nn.compact
    def __call__(self, midi_f0: Float[Array, " batch"], modulation: Audio) -> Audio:
        """Oscillate at (1 + mod_depth * modulation) times the fundamental."""
        values = self.values()
        grid = self.grid
        modulator = modulation.settled()
        fundamental = midi_to_hz(midi_f0 + values["tuning"]) / grid.sample_rate
        initial = values["initial_phase"] * (0.5 / math.pi)

        def tiles(frames):
            inner, fundamental, depth, initial = frames
            deviation = per_sound(depth * fundamental) * modulator.tiles(inner)
            increments = jnp.clip(per_sound(fundamental) + deviation, 0.0, 0.5)
            return cos_turns(audio_rate_phase(increments, initial, grid))

        return Audio(grid, (modulator.frames, fundamental, values["mod_depth"], initial), tiles)


def glide_frames(
    pitch: Float[Array, "batch n_points"], initial_phase: Float[Array, " batch"], grid: Grid
) -> tuple[Float[Array, "batch n_frames"], Glide]:
    """The phase of a pitch curve (MIDI): where each frame starts, and how it glides on."""
    start, slope = fence(grid.lines(pitch * (1 / 12)))
    increment = exp2(start - 69.0 / 12.0) * (440.0 / grid.sample_rate)
    glide = make_glide(increment, slope, grid.longest)
    total = fence(turns(glide, grid.lengths.astype(pitch.dtype)))
    return accumulate(total, initial_phase * (0.5 / math.pi)), glide


def phase_tiles(
    frames: tuple[Float[Array, "part n_frames"], Glide], counts: np.ndarray
) -> Float[Array, "part n_frames blocks lanes"]:
    """Phases in turns of every sample; a sample's own increment is already in its phase."""
    start, glide = per_frame(frames[0]), Glide(*(per_frame(f) for f in frames[1]))
    blocks, lanes = counts.shape
    if blocks < FEWEST_BLOCKS:
        return start + turns(glide, counts)
    # The turns of a + b samples are turns(a) + 2^(slope a) turns(b): two short tables a frame, and
    # one multiply-add a sample.
    before = np.arange(0, blocks * lanes, lanes, dtype=counts.dtype)[:, None]
    tables = (turns(glide, counts[:1]), start + turns(glide, before), exp2(glide.slope * before))
    within, begin, growth = fence(tables)
    return begin + growth * within


def audio_rate_phase(
    increments: Float[Array, "part n_frames blocks lanes"],
    initial: Float[Array, " part"],
    grid: Grid,
) -> Float[Array, "part n_frames blocks lanes"]:
    """Phases from increments that differ from sample to sample: a sum within each frame, and the
    frames' totals summed exactly."""
    if (grid.lengths != grid.width).any():
        inside = grid.counts(increments.dtype) <= grid.lengths[:, None, None]
        increments = jnp.where(inside, increments, 0.0)
    stored = fence(increments).reshape(*increments.shape[:2], grid.width)
    within = fence(running_sum(stored))
    start = accumulate(within[..., -1], initial)
    return per_frame(start) + within.reshape(increments.shape)
