"""How far two renderings of one example lie apart."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ctag.scorers.spectra import mel_spectrogram, power_spectrum

N_FFT, HOP, N_MELS = 1024, 256, 64
DYNAMIC_RANGE_DB = 80.0


def log_mel_distance(
    sound: Float[np.ndarray, " n_samples"],
    reference: Float[np.ndarray, " n_samples"],
    sample_rate: float,
) -> float:
    """Mean absolute difference of the 64-band log-mel spectra of two sounds, in dB.

    Levels are cut off 80 dB below the reference's loudest band, where rounding of the phase leaves
    each library its own noise.
    """
    levels = [
        np.asarray(mel_spectrogram(_single(wave), sample_rate, N_FFT, HOP, N_MELS))
        for wave in (sound, reference)
    ]
    floor = max(float(levels[1].max()), 1e-12) * 10 ** (-DYNAMIC_RANGE_DB / 10)
    ours, theirs = (10 * np.log10(np.maximum(power, floor)) for power in levels)
    return float(np.mean(np.abs(ours - theirs)))


def control_difference(
    signal: Float[np.ndarray, " n_points"], reference: Float[np.ndarray, " n_frames"]
) -> float:
    """Largest absolute difference of two control signals over the points that both have."""
    shared = min(len(signal), len(reference))
    return float(np.max(np.abs(signal[:shared] - reference[:shared])))


def decibel_picture(
    wave: Float[np.ndarray, " n_samples"], n_fft: int = N_FFT, hop: int = HOP
) -> Float[np.ndarray, "n_bins n_frames"]:
    """A spectrogram in dB below the loudest point, cut off at 80 dB, low frequencies first."""
    power = np.asarray(power_spectrum(_single(wave), n_fft, hop)).T
    top = max(float(power.max()), 1e-12)
    return np.maximum(10 * np.log10(np.maximum(power / top, 1e-12)), -DYNAMIC_RANGE_DB)


def _single(wave: np.ndarray) -> Array:
    return jnp.asarray(wave, jnp.float32)
