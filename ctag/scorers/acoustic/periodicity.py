"""The strongest periodicity of a signal, from its power spectrum: pitch, pulse and roughness rates.

The autocorrelation, divided by that of the window (Boersma, Accurate short-term analysis of the
fundamental frequency, 1993), peaks at the period; among nearly equal peaks the shortest period wins
by a small cost per octave. Between the lags a peak is the cosine through its three highest values,
which is exact for a sine wave, however few samples its period has. The height of the peak is the
periodic part of the energy: 1 for a periodic signal, near 0 for noise.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

OCTAVE_COST = 0.04


def window_autocorrelation(window: np.ndarray, size: int, bins: int) -> np.ndarray:
    """Return the normalised circular autocorrelation of a window at the lags of `strongest_period`.

    Args:
        window: (length,) weights that the signal was multiplied with.
        size: length of the real FFT of which the power spectrum has come.
        bins: number of leading bins of that spectrum which are used.
    """
    lags = np.arange(bins) * (size / (2.0 * (bins - 1)))
    full = np.fft.irfft(np.abs(np.fft.rfft(window.astype(np.float64), 2 * size)) ** 2)[:size]
    linear = np.interp(lags, np.arange(size), full / full[0])
    return np.maximum(linear, 0.05).astype(np.float32)


def strongest_period(
    power: Float[Array, "*batch n_bins"],
    lag_rate: float,
    minimum_hz: float,
    maximum_hz: float,
    window: np.ndarray,
) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
    """Return the rate in Hz and the strength (0-1) of the strongest periodicity.

    Args:
        power: power spectrum from 0 to lag_rate / 2.
        lag_rate: number of lags per second of the spectrum's autocorrelation.
        minimum_hz, maximum_hz: range of the rate.
        window: (n_bins,) autocorrelation of the analysis window, 1 at lag 0.

    A spectrum without energy, and an autocorrelation without a peak in the range, give
    `minimum_hz` and strength 0.
    """
    n_bins = power.shape[-1]
    correlation = jnp.fft.irfft(power, axis=-1)[..., :n_bins] / window
    correlation = correlation / (correlation[..., :1] + 1e-10)
    first = max(1, int(np.floor(lag_rate / maximum_hz)))
    last = min(n_bins - 2, int(np.ceil(lag_rate / minimum_hz)))
    if last < first:
        zero = jnp.zeros(power.shape[:-1])
        return zero + minimum_hz, zero
    left = correlation[..., first - 1 : last]
    middle = correlation[..., first : last + 1]
    right = correlation[..., first + 1 : last + 2]

    is_peak = (middle >= left) & (middle > right) & (middle > 0)
    fastest = np.cos(2 * np.pi / max(first, 3.5))
    cosine = jnp.clip((left + right) / (2.0 * middle + 1e-9), fastest, 0.9999)
    quadrature = (right - left) / (2.0 * jnp.sqrt(1.0 - cosine**2))
    steepest = jnp.abs(middle) * jnp.sqrt((1.0 - cosine) / (1.0 + cosine))
    quadrature = jnp.clip(quadrature, -steepest, steepest)
    height = jnp.minimum(jnp.sqrt(middle**2 + quadrature**2 + 1e-12), 1.0)
    lags = np.arange(first, last + 1, dtype=np.float32)
    cost = OCTAVE_COST * np.log2(lags / first)
    best = jnp.argmax(jnp.where(is_peak, height - cost, -jnp.inf), axis=-1)[..., None]

    found, strength, middle, cosine, quadrature = (
        jnp.take_along_axis(values, best, -1)[..., 0]
        for values in (is_peak, height, middle, cosine, quadrature)
    )
    shift = jnp.arctan2(quadrature, jnp.maximum(middle, 1e-6)) / jnp.arccos(cosine)
    lag = jnp.asarray(lags)[best[..., 0]] + shift
    rate = jnp.clip(lag_rate / lag, minimum_hz, maximum_hz)
    return jnp.where(found, rate, minimum_hz), jnp.where(found, jnp.clip(strength, 0.0, 1.0), 0.0)
