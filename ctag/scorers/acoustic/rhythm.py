"""Descriptors of what happens again and again: onsets, pulses, roughness."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ctag.scorers.acoustic.analysis import RANGE_DB, SILENCE, Analysis, Layout
from ctag.scorers.acoustic.periodicity import strongest_period, window_autocorrelation
from ctag.scorers.acoustic.temporal import envelope
from ctag.scorers.spectra import decibels

ONSET_REACH = 3
ONSET_NEIGHBOURHOOD = 10
ONSET_RISE_DB = 4.0
ONSET_SOFTNESS_DB = 0.5
FALLING_DB, FALLING_FRAMES = 2.0, 3
PULSE_HZ = (1.0, 20.0)
ROUGH_HZ = (15.0, 160.0)
LEAST_DEPTH = 0.05


def onset_strength(mel_db: Float[Array, "n_frames n_mels"]) -> Float[Array, " n_frames"]:
    """Return the mean rise over the mel bands in dB, frame by frame.

    From the second frame on it equals `librosa.onset.onset_strength` of the same log-mel spectrum;
    the first frame is taken to rise from 60 dB below the loudest, so that a sound which begins with
    its first sample has an onset there.
    """
    floor = jnp.full((1, mel_db.shape[1]), mel_db.max() - RANGE_DB)
    rise = jnp.diff(jnp.concatenate([floor, mel_db]), axis=0)
    return jnp.maximum(rise, 0.0).mean(-1)


def beginnings(
    mel_db: Float[Array, "n_frames n_mels"], energy: Float[Array, " n_frames"]
) -> Float[Array, " n_frames"]:
    """Return how much begins in each frame: the onset strength, or the rise of the level, in dB.

    The level is what a tone rises by, which fills few bands. Where it falls over the next frames
    nothing begins, although the click of a tone that is cut off fills them all.
    """
    level = decibels(energy, 1e-12)
    floor = level.max() - RANGE_DB
    rise = jnp.diff(jnp.maximum(jnp.concatenate([floor[None], level]), floor))
    change = sum(jnp.pad(rise, (0, ahead))[ahead:] for ahead in range(FALLING_FRAMES))
    not_falling = jax.nn.sigmoid((change + FALLING_DB) / 0.5)
    return jnp.maximum(onset_strength(mel_db), rise) * not_falling


def count_onsets(strength: Float[Array, " n_frames"]) -> Float[Array, ""]:
    """Return the number of onsets: peaks of the strength, 4 dB above their surroundings.

    The count is soft (a sigmoid of the height of each peak), so that its gradient is not zero.
    """
    n_frames = strength.shape[0]
    padded = jnp.pad(strength, ONSET_REACH, constant_values=-1.0)
    shifted = jnp.stack([padded[k : k + n_frames] for k in range(2 * ONSET_REACH + 1)])
    is_peak = strength >= shifted.max(0)
    distance = np.abs(np.arange(n_frames)[:, None] - np.arange(n_frames))
    near = (distance <= ONSET_NEIGHBOURHOOD).astype(np.float32)
    local_mean = (near / near.sum(1, keepdims=True)) @ strength
    rise = (strength - local_mean - ONSET_RISE_DB) / ONSET_SOFTNESS_DB
    return (jax.nn.sigmoid(rise) * is_peak).sum()


def smooth(signal: Float[Array, " n"], rate: float, width_s: float) -> Float[Array, " n"]:
    """Return the mean under a Gaussian of standard deviation `width_s`, unbiased at the edges."""
    n = signal.shape[0]
    size = 2 ** int(np.ceil(np.log2(2 * n)))
    response = np.exp(-0.5 * (2 * np.pi * np.fft.rfftfreq(size, 1 / rate) * width_s) ** 2)
    weight = np.fft.irfft(np.fft.rfft(np.ones(n), size) * response)[:n].astype(np.float32)
    filtered = jnp.fft.irfft(jnp.fft.rfft(signal, size) * response.astype(np.float32), size)
    return filtered[:n] / weight


def modulation(
    amplitude: Float[Array, " n"], rate: float, band_hz: tuple[float, float], smoothing_s: float
) -> tuple[Float[Array, ""], Float[Array, ""], Float[Array, ""]]:
    """Return depth (share), rate (Hz) and regularity (0-1) of an envelope's fluctuation in a band.

    The envelope is divided by its own moving average and weighted with it, so that quiet stretches
    count little. The depth is sqrt(2) times the standard deviation within the band: m for a
    sinusoidal tremolo of depth m, up to 2 for short pulses. The regularity fades where the depth
    falls below 0.05, since what is too faint to hear has no rhythm.
    """
    n = amplitude.shape[0]
    size = 2 ** int(np.ceil(np.log2(2 * n)))
    average = jnp.maximum(smooth(amplitude, rate, smoothing_s), 1e-3 * amplitude.mean() + SILENCE)
    weight = average / average.mean()
    relative = (amplitude / average - 1.0) * weight
    frequency = np.fft.rfftfreq(size, 1 / rate)
    in_band = ((frequency >= 0.4 * band_hz[0]) & (frequency <= band_hz[1])).astype(np.float32)
    spectrum = jnp.fft.rfft(relative, size)
    power = (spectrum.real**2 + spectrum.imag**2) * in_band
    variance = 2.0 * power.sum() / (size * n) / (weight**2).mean()
    depth = jnp.clip(jnp.sqrt(2.0 * variance + 1e-8), 0.0, 2.0)
    lowest = max(band_hz[0], 2.0 * rate / n)
    window = window_autocorrelation(np.ones(n), size, size // 2 + 1)
    found, strength = strongest_period(power, rate, min(lowest, band_hz[1]), band_hz[1], window)
    return depth, found, strength * depth**2 / (depth**2 + LEAST_DEPTH**2)


def rhythm(analysis: Analysis, sizes: Layout, seconds: float) -> dict:
    """Measure onsets (n_events too), pulse, regularity, roughness and its rate."""
    n_events = count_onsets(beginnings(analysis.mel_db, analysis.energy))
    depth, rate, regularity = modulation(envelope(analysis, 5), sizes.fine_rate / 5, PULSE_HZ, 0.4)
    rough = modulation(analysis.fine, sizes.fine_rate, ROUGH_HZ, 0.03)
    return {
        "n_events": n_events,
        "onset_rate": n_events / seconds,
        "pulse_rate": rate,
        "pulse_depth": depth,
        "regularity": regularity,
        "roughness": rough[0],
        "rough_rate": rough[1],
    }
