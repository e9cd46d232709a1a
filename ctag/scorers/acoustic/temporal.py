"""Descriptors of the envelope as a whole: level, duration, attack, decay, dynamics."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ctag.scorers.acoustic.analysis import SILENCE, Analysis, Layout
from ctag.scorers.spectra import decibels

ACTIVE_DB = 20.0
DYNAMICS_FLOOR_DB = 60.0


def envelope(analysis: Analysis, group: int) -> Float[Array, " n_groups"]:
    """Return the amplitude envelope, root mean squares of `group` fine blocks each."""
    square = analysis.fine**2
    n_groups = -(-square.shape[0] // group)
    padded = jnp.pad(square, (0, n_groups * group - square.shape[0]))
    return jnp.sqrt(padded.reshape(n_groups, group).mean(-1) + SILENCE)


def temporal(analysis: Analysis, sizes: Layout, n_events: Float[Array, ""], seconds: float) -> dict:
    """Measure level, duration, attack, decay and the distribution of energy and samples.

    Attack and decay are read from an envelope of 4 ms, the others from one of 20 ms. The attack
    follows essentia's LogAttackTime (20 % to 90 %), but looks back from the loudest moment, so that
    a second and louder event does not make the attack of the first one long.
    """
    coarse = envelope(analysis, 10)
    coarse_db = decibels(coarse**2, 1e-12)
    loudest = coarse_db.max()
    activity = jax.nn.sigmoid((coarse_db - loudest + ACTIVE_DB) / 1.5).mean()
    clamped = jnp.maximum(coarse_db, loudest - DYNAMICS_FLOOR_DB)
    time = (np.arange(coarse.shape[0], dtype=np.float32) + 0.5) / coarse.shape[0]
    attack, decay = rise_and_fall(envelope(analysis, 2), sizes.fine_rate / 2)
    rms_db = decibels(analysis.mean_square, SILENCE)
    return {
        "level": rms_db + loudest,
        "activity": activity,
        "event_time": activity * seconds / jnp.maximum(n_events, 1.0),
        "attack": attack,
        "decay": decay,
        "temporal_centroid": (coarse * time).sum() / coarse.sum(),
        "dynamics": jnp.sqrt(clamped.var() + 1e-8),
        "crest": decibels(analysis.peak**2),
        "zero_crossings": 0.5 * analysis.crossings / seconds,
    }


def rise_and_fall(
    amplitude: Float[Array, " n_frames"], rate: float
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Return the seconds of the rise to the loudest moment and of the fall by 20 dB after it.

    Times between frames are interpolated, and the gradient flows through the interpolation.
    """
    n_frames = amplitude.shape[0]
    index = np.arange(n_frames)
    maximum = amplitude.max()
    padded = jnp.concatenate([jnp.zeros(1), amplitude, jnp.zeros(1)])
    loudest = jnp.argmax(amplitude)

    def last_crossing_up(level: Array, before: Array) -> Array:
        """Fractional frame of the last rise through `level` at or before frame `before`."""
        below = jnp.where((index < before) & (amplitude < level), index, -1).max()
        low, high = padded[below + 1], padded[below + 2]
        return below + jnp.clip((level - low) / (high - low + SILENCE), 0.0, 1.0)

    start = last_crossing_up(0.2 * maximum, loudest)
    reached = (index >= jnp.ceil(start)) & (amplitude >= 0.9 * maximum)
    stop = last_crossing_up(0.9 * maximum, jnp.where(reached, index, n_frames).min())
    level = 0.1 * maximum
    after = jnp.where((index > loudest) & (amplitude < level), index, n_frames).min()
    high, low = padded[after], padded[after + 1]
    fall = after - 1 + jnp.clip((high - level) / (high - low + SILENCE), 0.0, 1.0)
    return jnp.maximum(stop - start, 0.0) / rate, jnp.maximum(fall - loudest, 0.0) / rate
