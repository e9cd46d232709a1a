"""The descriptors by which the acoustic scorer judges: names, units, ranges and how far is far.

A descriptor is measured in the unit that a person would write; distances are taken on its curve and
in steps. One step is a difference that is plainly heard, several just-noticeable differences.

Curves: `linear`; `log` (base 2, so that steps are octaves or doublings); `signed` (asinh, for
signed rates: linear near zero, logarithmic far from it, in doublings as well).
"""

from dataclasses import dataclass
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

Curve = Literal["linear", "log", "signed"]
SIGNED_KNEE = 0.5


@dataclass(frozen=True)
class Descriptor:
    """One interpretable number about a sound.

    Attributes:
        name: how glossaries and tables call it.
        unit: one of Hz, s, /s, dB, share, oct, oct/s.
        minimum, maximum: measured values are clipped to this range, in `unit`.
        curve: the scale on which distances are taken.
        step: a plainly heard difference, measured on the curve.
        meaning: what it says about a sound, for pages and documentation.
    """

    name: str
    unit: str
    minimum: float
    maximum: float
    curve: Curve
    step: float
    meaning: str

    def position(self, value: float) -> float:
        """Return where a value in `unit` stands on the curve, in steps."""
        if self.curve == "log":
            return float(np.log2(max(value, self.minimum))) / self.step
        if self.curve == "signed":
            return float(np.arcsinh(value / SIGNED_KNEE) / np.log(2.0)) / self.step
        return value / self.step

    def value(self, position: float) -> float:
        """Return the value in `unit` at a position on the curve; the inverse of `position`."""
        if self.curve == "log":
            return float(2.0 ** (position * self.step))
        if self.curve == "signed":
            return float(np.sinh(position * self.step * np.log(2.0)) * SIGNED_KNEE)
        return position * self.step


DESCRIPTORS: tuple[Descriptor, ...] = (
    Descriptor(
        "level",
        "dB",
        -100,
        6,
        "linear",
        6.0,
        "root mean square of the loudest 20 ms, full scale = 0 dB",
    ),
    Descriptor(
        "activity",
        "share",
        0,
        1,
        "linear",
        0.15,
        "part of the time in which the sound is within 20 dB of its loudest",
    ),
    Descriptor(
        "event_time",
        "s",
        0.01,
        60,
        "log",
        0.7,
        "mean duration of one event: active time divided by the number of events",
    ),
    Descriptor(
        "attack",
        "s",
        0.002,
        10,
        "log",
        1.0,
        "time of the rise to the loudest moment, from 20 % to 90 % of its amplitude",
    ),
    Descriptor(
        "decay",
        "s",
        0.01,
        60,
        "log",
        0.8,
        "time from the loudest moment until 20 dB below it, or to the end",
    ),
    Descriptor(
        "temporal_centroid",
        "share",
        0,
        1,
        "linear",
        0.12,
        "where the envelope's centre of gravity lies between beginning (0) and end (1)",
    ),
    Descriptor(
        "dynamics",
        "dB",
        0,
        60,
        "linear",
        5.0,
        "spread of the level over time (standard deviation, down to 60 dB below the loudest)",
    ),
    Descriptor(
        "crest",
        "dB",
        0,
        40,
        "linear",
        3.0,
        "peak over root mean square: 3 for a sine, 12 for noise, more for clicks",
    ),
    Descriptor("onset_rate", "/s", 0.25, 25, "log", 0.6, "beginnings of events per second"),
    Descriptor("pulse_rate", "Hz", 1, 20, "log", 0.4, "repetition rate of the envelope, 1-20 Hz"),
    Descriptor(
        "pulse_depth",
        "share",
        0,
        2,
        "linear",
        0.2,
        "depth of the envelope's fluctuation, 0.3-20 Hz: m for a tremolo of depth m",
    ),
    Descriptor(
        "regularity", "share", 0, 1, "linear", 0.2, "how exactly the envelope repeats at pulse_rate"
    ),
    Descriptor("roughness", "share", 0, 2, "linear", 0.15, "depth of fast fluctuation, 20-150 Hz"),
    Descriptor(
        "rough_rate",
        "Hz",
        15,
        160,
        "log",
        0.5,
        "repetition rate of the fast fluctuation, 15-160 Hz",
    ),
    Descriptor("brightness", "Hz", 20, 8000, "log", 0.5, "centroid of the magnitude spectrum"),
    Descriptor(
        "bandwidth",
        "Hz",
        10,
        4000,
        "log",
        0.7,
        "standard deviation of the magnitude spectrum about its centroid",
    ),
    Descriptor(
        "rolloff", "Hz", 20, 8000, "log", 0.6, "frequency below which 85 % of the magnitude lie"
    ),
    Descriptor(
        "noisiness",
        "dB",
        -100,
        0,
        "linear",
        7.0,
        "spectral flatness: -2.5 for white noise, below -40 for clear tones",
    ),
    Descriptor(
        "tonality",
        "share",
        0,
        1,
        "linear",
        0.2,
        "part of the energy in narrow spectral peaks, harmonic or not",
    ),
    Descriptor("low", "share", 0, 1, "linear", 0.2, "part of the energy below 250 Hz"),
    Descriptor("mid", "share", 0, 1, "linear", 0.2, "part of the energy in 250-2000 Hz"),
    Descriptor("presence", "share", 0, 1, "linear", 0.2, "part of the energy in 2-4 kHz"),
    Descriptor("air", "share", 0, 1, "linear", 0.2, "part of the energy in 4-8 kHz"),
    Descriptor(
        "flux",
        "share",
        0,
        1.42,
        "linear",
        0.12,
        "change of the normalised spectrum from one 20 ms frame to the next",
    ),
    Descriptor(
        "motion",
        "dB",
        0,
        30,
        "linear",
        1.0,
        "mean change of 40 mel bands from frame to frame, but for the level: 2-3 for steady noise",
    ),
    Descriptor(
        "brightness_slope", "oct/s", -40, 40, "signed", 1.0, "mean movement of the centroid"
    ),
    Descriptor(
        "brightness_range",
        "oct",
        0,
        6,
        "linear",
        0.3,
        "spread of the centroid over time (standard deviation)",
    ),
    Descriptor("pitch", "Hz", 50, 4500, "log", 0.4, "mean fundamental frequency"),
    Descriptor(
        "pitchedness",
        "share",
        0,
        1,
        "linear",
        0.15,
        "strength of the pitch: the part of the energy that repeats with the fundamental",
    ),
    Descriptor("pitch_slope", "oct/s", -40, 40, "signed", 1.0, "mean movement of the pitch"),
    Descriptor(
        "pitch_range",
        "oct",
        0,
        6,
        "linear",
        0.2,
        "spread of the pitch over time (standard deviation)",
    ),
    Descriptor(
        "vibrato_rate", "Hz", 0.4, 20, "log", 0.4, "rate of the pitch's strongest periodic movement"
    ),
    Descriptor(
        "vibrato_depth", "oct", 0, 3, "linear", 0.1, "amplitude of that movement, to either side"
    ),
    Descriptor("peak", "Hz", 20, 8000, "log", 0.4, "frequency of the strongest spectral peak"),
    Descriptor(
        "zero_crossings",
        "Hz",
        5,
        8000,
        "log",
        0.5,
        "half the rate of zero crossings: the frequency of a pure tone",
    ),
)

NAMES: tuple[str, ...] = tuple(descriptor.name for descriptor in DESCRIPTORS)
INDEX: dict[str, int] = {name: index for index, name in enumerate(NAMES)}


def positions(values: Float[Array, "*batch n_descriptors"]) -> Float[Array, "*batch n_descriptors"]:
    """Return the positions of measured values on their curves, in steps."""
    curves = np.array([descriptor.curve for descriptor in DESCRIPTORS])
    minimum = np.array([max(d.minimum, 1e-9) for d in DESCRIPTORS], np.float32)
    step = np.array([descriptor.step for descriptor in DESCRIPTORS], np.float32)
    logarithmic = jnp.log2(jnp.maximum(values, minimum))
    signed = jnp.arcsinh(values / SIGNED_KNEE) / np.float32(np.log(2.0))
    position = jnp.where(
        curves == "log", logarithmic, jnp.where(curves == "signed", signed, values)
    )
    return position / step
