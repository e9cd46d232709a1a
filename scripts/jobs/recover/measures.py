"""How near a sound came to its target, in units that people know."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float

from scripts.jobs.recover.blocks import analysis_of, log_mel_of, parts_of, sounds_of
from scripts.jobs.recover.loss import Analysis
from scripts.jobs.recover.signals import Controls, controls_of, level_difference, pitch_cents
from synth.base import Synth

PITCH_CENTS = 10.0
"""About twice the smallest difference in pitch that a good ear tells apart."""

ENVELOPE_DB = 1.0
"""About the smallest difference in level that an ear tells apart."""


class Heard(NamedTuple):
    """Patches with everything that is compared, as NumPy.

    Attributes:
        theta: their parameters.
        sounds: what they sound like.
        analysis: what the loss knows of that.
        controls: what the oscillators were told.
    """

    theta: Float[np.ndarray, "patches n_params"]
    sounds: Float[np.ndarray, "patches n_samples"]
    analysis: Analysis
    controls: Controls


def heard(synth: Synth, theta: Float[Array | np.ndarray, "patches n_params"]) -> Heard:
    """Render and analyse patches."""
    sounds = sounds_of(synth, theta)
    analysis = analysis_of(sounds, synth.config.sample_rate)
    return Heard(np.asarray(theta), sounds, analysis, controls_of(synth, theta))


class Measures(NamedTuple):
    """Distances of patches from their targets, (patches,) each.

    Attributes:
        pitch_cents: mean over the frames in which the target's pitch is heard; NaN without pitch.
        envelope_db: mean over the level envelopes of the sounds, down to 60 dB below the top.
        level: mean over the oscillators' level signals, of the target's highest.
        log_mel_db: the plain distance by which matches are judged, `ctag.scorers.recording`.
        loss: what is descended.
    """

    pitch_cents: Float[np.ndarray, " patches"]
    envelope_db: Float[np.ndarray, " patches"]
    level: Float[np.ndarray, " patches"]
    log_mel_db: Float[np.ndarray, " patches"]
    loss: Float[np.ndarray, " patches"]


def measures_of(target: Heard, found: Heard, sample_rate: float) -> Measures:
    """The distances of patches from their targets."""
    parts = parts_of(target.analysis, found.analysis)
    return Measures(
        pitch_cents(target.controls, found.controls),
        parts.level_db,  # pyright: ignore[reportArgumentType]: as NumPy
        level_difference(target.controls, found.controls),
        log_mel_of(target.sounds, found.sounds, sample_rate),
        parts.total,  # pyright: ignore[reportArgumentType]
    )


def summary(measures: Measures) -> dict[str, float]:
    """Medians and means over the patches, and the shares that are as good as recovered."""
    named = measures._asdict()
    pitched = not np.isnan(measures.pitch_cents).all()
    if not pitched:
        named.pop("pitch_cents")
    figures: dict[str, float] = {}
    for name, values in named.items():
        figures[f"{name}_median"] = float(np.nanmedian(values))
        figures[f"{name}_mean"] = float(np.nanmean(values))
    right_pitch, right_envelope = within(measures)
    if pitched:
        figures["pitch_within_10_cents"] = float(right_pitch.mean())
    figures["envelope_within_1_db"] = float(right_envelope.mean())
    figures["both_within"] = float((right_pitch & right_envelope).mean())
    return figures


def within(measures: Measures) -> tuple[np.ndarray, np.ndarray]:
    """Which patches have the right pitch (or none to be had) and the right envelope."""
    pitch = np.isnan(measures.pitch_cents) | (measures.pitch_cents <= PITCH_CENTS)
    return pitch, measures.envelope_db <= ENVELOPE_DB


class ParameterError(NamedTuple):
    """Absolute errors of one parameter over the patches, in its unit, at the start and the end."""

    name: str
    unit: str
    start_median: float
    start_mean: float
    end_median: float
    end_mean: float


def parameter_errors(
    synth: Synth, columns: Sequence[int], target: Heard, start: Heard, end: Heard
) -> list[ParameterError]:
    """The error of each parameter that was to be recovered, in human units.

    These can stay large although the sound is right: see `signals`.
    """
    rows = []
    for column in columns:
        parameter = synth.parameters[column]
        goal, *others = (parameter.to_human(of.theta[:, column]) for of in (target, start, end))
        errors = [np.abs(values - goal) for values in others]
        figures = [float(f(error)) for error in errors for f in (np.median, np.mean)]
        rows.append(ParameterError(parameter.name, parameter.unit, *figures))
    return rows
