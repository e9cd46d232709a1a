"""Descriptors of the pitch: height, strength, glide, spread, vibrato."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ctag.scorers.acoustic.analysis import SILENCE, Analysis, Layout
from ctag.scorers.acoustic.periodicity import strongest_period, window_autocorrelation
from ctag.scorers.acoustic.spectral import line_fit
from ctag.scorers.spectra import hann

PITCH_HZ = (50.0, 4500.0)
VIBRATO_HZ = (0.4, 20.0)
VOICED = 0.5
JUMP_OCTAVES = 0.35
LEAST_VOICED = 0.05


def pitch_track(
    power: Float[Array, "n_frames n_bins"], sizes: Layout
) -> tuple[Float[Array, " n_frames"], Float[Array, " n_frames"]]:
    """Return fundamental frequency in Hz and strength (0-1) of each frame."""
    lag_rate = 2.0 * sizes.last_bin * sizes.sample_rate / sizes.n_fft
    window = window_autocorrelation(hann(sizes.n_fft), sizes.n_fft, sizes.last_bin + 1)
    from_zero = jnp.pad(power, ((0, 0), (sizes.first_bin, 0)))
    highest = min(PITCH_HZ[1], lag_rate / 3.5)
    return strongest_period(from_zero, lag_rate, PITCH_HZ[0], highest, window)


def vibrato(
    deviation: Float[Array, " n_frames"], weights: Float[Array, " n_frames"], rate: float
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Return rate (Hz) and amplitude (octaves) of the strongest sinusoid in a weighted pitch track.

    A discrete Fourier transform at rates spaced by a twelfth of an octave; the rate is the mean of
    the strongest few, weighted by the eighth power of their amplitude.
    """
    n_frames = deviation.shape[0]
    highest = min(VIBRATO_HZ[1], 0.45 * rate)
    lowest = min(VIBRATO_HZ[0], highest / 2)
    rates = np.geomspace(lowest, highest, int(12 * np.log2(highest / lowest)) + 1)
    phase = 2 * np.pi * np.arange(n_frames)[:, None] / rate * rates
    weighted = weights * deviation
    real, imaginary = weighted @ np.float32(np.cos(phase)), weighted @ np.float32(np.sin(phase))
    amplitude = 2.0 * jnp.sqrt(real**2 + imaginary**2 + 1e-12) / (weights.sum() + SILENCE)
    closeness = (amplitude / amplitude.max()) ** 8
    mean_log = (closeness * np.log2(rates).astype(np.float32)).sum() / closeness.sum()
    return 2.0**mean_log, amplitude.max()


def pitch(analysis: Analysis, sizes: Layout) -> dict:
    """Measure pitch, pitchedness, pitch_slope, pitch_range, vibrato_rate, vibrato_depth.

    Frames count by their root energy times how clearly they are pitched. Jumps beyond 0.35 octaves
    from one frame to the next belong to another note, or are a mistake by an octave, and are no
    part of any movement: the slope is the mean of what remains, so that ten falling barks fall as
    one does, and vibrato what is left of the joined track after a straight line. Movements fade
    where less than 5 % of the sound is pitched: a pitch that is not there does not move.
    """
    f0_hz, strength = pitch_track(analysis.power, sizes)
    loudness = jnp.sqrt(analysis.energy + SILENCE)
    weights = loudness * jax.nn.sigmoid((strength - VOICED) / 0.05)
    octaves = jnp.log2(f0_hz)
    mean, _, spread = line_fit(octaves, weights, sizes.frame_rate)

    step = jnp.diff(octaves)
    is_smooth = jnp.abs(step) < JUMP_OCTAVES
    pairs = jnp.minimum(weights[1:], weights[:-1]) * is_smooth
    slope = (pairs * step).sum() / (pairs.sum() + 1e-3 * loudness.sum() + SILENCE)

    contour = jnp.concatenate([jnp.zeros(1), jnp.cumsum(jnp.where(is_smooth, step, 0.0))])
    middle, trend, _ = line_fit(contour, weights, sizes.frame_rate)
    time = np.arange(contour.shape[0], dtype=np.float32) / np.float32(sizes.frame_rate)
    centre = (weights * time).sum() / (weights.sum() + SILENCE)
    deviation = contour - middle - trend * (time - centre)
    voiced = weights.sum() / (loudness.sum() + SILENCE)
    confidence = voiced / (voiced + LEAST_VOICED)
    rate, depth = vibrato(deviation, weights, sizes.frame_rate)
    return {
        "pitch": 2.0**mean,
        "pitchedness": (loudness * strength).sum() / (loudness.sum() + SILENCE),
        "pitch_slope": slope * sizes.frame_rate,
        "pitch_range": spread * confidence,
        "vibrato_rate": rate,
        "vibrato_depth": depth * confidence,
    }
