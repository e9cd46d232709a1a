"""Descriptors of the spectrum: brightness, bandwidth, noisiness, band energies, change."""

from itertools import pairwise

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ctag.scorers.acoustic.analysis import SILENCE, Analysis, Layout

BAND_EDGES_HZ = (250.0, 2000.0, 4000.0)
BLOCK_BINS = 16
NOISE_FLATNESS = 0.45
FLATNESS_RANGE = 1e-10


def centroid(
    magnitude: Float[Array, "n_frames n_bins"], frequencies: np.ndarray
) -> Float[Array, " n_frames"]:
    """Return each frame's mean frequency in Hz, weighted by magnitude (librosa)."""
    return magnitude @ frequencies / (magnitude.sum(-1) + SILENCE)


def bandwidth(
    magnitude: Float[Array, "n_frames n_bins"],
    frequencies: np.ndarray,
    centre: Float[Array, " n_frames"],
) -> Float[Array, " n_frames"]:
    """Return each frame's standard deviation about its centroid in Hz (librosa)."""
    second = magnitude @ (frequencies**2) / (magnitude.sum(-1) + SILENCE)
    return jnp.sqrt(jnp.maximum(second - centre**2, 0.0) + 1e-3)


def rolloff(
    magnitude: Float[Array, " n_bins"], frequencies: np.ndarray, share: float = 0.85
) -> Float[Array, ""]:
    """Return the frequency in Hz below which `share` of the magnitude lies (librosa).

    Linear between the bins, so that it moves, and has a gradient, with less than a bin.
    """
    cumulative = jnp.cumsum(magnitude)
    threshold = share * cumulative[-1]
    index = jnp.clip((cumulative < threshold).sum(), 1, magnitude.shape[0] - 1)
    below, here = cumulative[index - 1], cumulative[index]
    part = jnp.clip((threshold - below) / (here - below + SILENCE), 0.0, 1.0)
    return frequencies[0] + (index - 1 + part) * (frequencies[1] - frequencies[0])


def flatness_and_tonality(
    power: Float[Array, "n_frames n_bins"], energy: Float[Array, " n_frames"]
) -> tuple[Float[Array, " n_frames"], Float[Array, " n_frames"]]:
    """Return the spectral flatness in dB (librosa) and the tonal share of the energy.

    The tonal share looks at the flatness within blocks of 16 bins: that of noise is e^-0.577
    whatever its colour, that of a peak near 0; energy is tonal by how far its block is from noise.
    """
    n_frames, n_bins = power.shape
    mean = energy[:, None] / n_bins
    logarithm = jnp.log(jnp.maximum(power, FLATNESS_RANGE * mean + 1e-12))
    flatness = 10 / np.log(10) * (logarithm.mean(-1) - jnp.log(mean[:, 0] + 1e-12))
    n_blocks = n_bins // BLOCK_BINS
    shape = (n_frames, n_blocks, BLOCK_BINS)
    block_mean = power[:, : n_blocks * BLOCK_BINS].reshape(shape).mean(-1)
    geometric = jnp.exp(logarithm[:, : n_blocks * BLOCK_BINS].reshape(shape).mean(-1))
    local = jnp.minimum(geometric / (NOISE_FLATNESS * block_mean + 1e-12), 1.0)
    tonal = (block_mean * (1.0 - local)).sum(-1) / (block_mean.sum(-1) + 1e-12)
    return flatness, tonal


def flux(magnitude: Float[Array, "n_frames n_bins"]) -> Float[Array, " n_frames_minus_1"]:
    """Return the Euclidean distance of neighbouring spectra of unit norm (essentia's Flux)."""
    norm = jnp.sqrt((magnitude**2).sum(-1) + SILENCE)
    cosine = (magnitude[1:] * magnitude[:-1]).sum(-1) / (norm[1:] * norm[:-1])
    return jnp.sqrt(jnp.maximum(2.0 - 2.0 * cosine, 0.0) + 1e-6)


def motion(mel_db: Float[Array, "n_frames n_mels"]) -> Float[Array, " n_frames_minus_1"]:
    """Return the mean absolute change of the mel bands in dB, their common part left out."""
    change = jnp.diff(mel_db, axis=0)
    return jnp.abs(change - change.mean(-1, keepdims=True)).mean(-1)


def peak_frequency(power: Float[Array, " n_bins"], sizes: Layout) -> Float[Array, ""]:
    """Return the frequency of the highest bin in Hz, refined by a parabola in log power."""
    index = jnp.clip(jnp.argmax(power), 1, power.shape[0] - 2)
    left, middle, right = (jnp.log(power[index + k] + 1e-12) for k in (-1, 0, 1))
    shift = 0.5 * (right - left) / jnp.maximum(2 * middle - left - right, 1e-3)
    place = sizes.first_bin + index + jnp.clip(shift, -0.5, 0.5)
    return place * (sizes.sample_rate / sizes.n_fft)


def line_fit(
    values: Float[Array, " n"], weights: Float[Array, " n"], rate: float
) -> tuple[Float[Array, ""], Float[Array, ""], Float[Array, ""]]:
    """Return weighted mean, slope (per second) and standard deviation of a track at `rate` Hz."""
    total = weights.sum() + SILENCE
    time = np.arange(values.shape[0], dtype=np.float32) / np.float32(rate)
    mean = (weights * values).sum() / total
    centred = time - (weights * time).sum() / total
    deviation = values - mean
    slope = (weights * centred * deviation).sum() / ((weights * centred**2).sum() + 1e-6 * total)
    spread = jnp.sqrt((weights * deviation**2).sum() / total + 1e-8)
    return mean, slope, spread


def spectral(analysis: Analysis, sizes: Layout) -> dict:
    """Measure what the spectrum looks like and how it moves.

    Frames are averaged with their root energy as the weight.
    """
    frequencies = sizes.frequencies
    magnitude = jnp.sqrt(analysis.power + 1e-14)
    weights = jnp.sqrt(analysis.energy + SILENCE)
    total = weights.sum() + SILENCE

    centre = centroid(magnitude, frequencies)
    octaves = jnp.log2(jnp.maximum(centre, 20.0))
    brightness, slope, spread = line_fit(octaves, weights, sizes.frame_rate)
    flatness, tonal = flatness_and_tonality(analysis.power, analysis.energy)
    change = flux(magnitude)
    pairs = jnp.minimum(weights[1:], weights[:-1])

    spectrum = analysis.power.sum(0)
    edges = np.searchsorted(frequencies, (0.0, *BAND_EDGES_HZ, np.inf))
    bands = [spectrum[low:high].sum() for low, high in pairwise(edges)]
    energy = spectrum.sum() + SILENCE
    return {
        "brightness": 2.0**brightness,
        "brightness_slope": slope,
        "brightness_range": spread,
        "bandwidth": (weights * bandwidth(magnitude, frequencies, centre)).sum() / total,
        "rolloff": rolloff(jnp.sqrt(spectrum + 1e-14), frequencies),
        "noisiness": (weights * flatness).sum() / total,
        "tonality": (weights * tonal).sum() / total,
        "low": bands[0] / energy,
        "mid": bands[1] / energy,
        "presence": bands[2] / energy,
        "air": bands[3] / energy,
        "flux": (pairs * change).sum() / (pairs.sum() + SILENCE),
        "motion": (pairs * motion(analysis.mel_db)).sum() / (pairs.sum() + SILENCE),
        "peak": peak_frequency(spectrum, sizes),
    }
