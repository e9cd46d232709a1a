"""All descriptors of a sound, in the order of the table."""

from functools import partial

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ctag.scorers.acoustic.analysis import Layout, analyse, layout
from ctag.scorers.acoustic.pitch import pitch
from ctag.scorers.acoustic.rhythm import rhythm
from ctag.scorers.acoustic.spectral import spectral
from ctag.scorers.acoustic.table import DESCRIPTORS, NAMES
from ctag.scorers.acoustic.temporal import temporal
from ctag.scorers.batching import over_sounds, soon_compiled


def describe(
    audio: Float[Array, "*batch n_samples"], sample_rate: float
) -> Float[Array, "*batch n_descriptors"]:
    """Measure the descriptors of every sound, each in its unit (see `table.DESCRIPTORS`).

    Sounds are independent of one another. Silence, a constant and a single sample have finite
    descriptors; a sound that holds NaN or infinity has NaN throughout. Traceable, differentiable.
    """
    if audio.shape[-1] < 1:
        raise ValueError(
            f"a sound needs at least one sample, got an array of shape {tuple(audio.shape)}"
        )
    rows = audio.reshape(-1, audio.shape[-1]).astype(jnp.float32)
    return _describe_rows(rows, layout(sample_rate)).reshape(*audio.shape[:-1], len(NAMES))


@soon_compiled
def _describe_rows(
    audio: Float[Array, "n_sounds n_samples"], sizes: Layout
) -> Float[Array, "n_sounds n_descriptors"]:
    return over_sounds(partial(_describe_one, sizes=sizes), audio)


def _describe_one(
    audio: Float[Array, " n_samples"], sizes: Layout
) -> Float[Array, " n_descriptors"]:
    finite = jnp.isfinite(audio).all()
    audio = jnp.where(finite, audio, 0.0)
    seconds = audio.shape[0] / (sizes.sample_rate * sizes.factor)
    analysis = analyse(audio, sizes)
    values = rhythm(analysis, sizes, seconds)
    n_events = values.pop("n_events")
    values |= temporal(analysis, sizes, n_events, seconds)
    values |= spectral(analysis, sizes)
    values |= pitch(analysis, sizes)
    minimum = np.array([descriptor.minimum for descriptor in DESCRIPTORS], np.float32)
    maximum = np.array([descriptor.maximum for descriptor in DESCRIPTORS], np.float32)
    row = jnp.clip(jnp.stack([values[name] for name in NAMES]), minimum, maximum)
    return jnp.where(finite, row, jnp.nan)
