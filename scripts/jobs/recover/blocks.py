"""Many patches through few programs: every block has the same number of rows.

A renderer is compiled for a batch size, which takes longer than rendering hundreds of sounds.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ctag.scorers.recording import log_mel_distance
from scripts.jobs.recover.loss import Analysis, Parts, analyse, compare
from synth.base import Synth

BLOCK = 32


def in_blocks(function: Callable[..., Any], *inputs: Any) -> Any:
    """A function of batches, applied to `BLOCK` rows at a time: the same tree, as NumPy.

    Inputs are trees of arrays with one leading axis; the last row fills up the last block.
    """
    inputs = jax.tree.map(np.asarray, inputs)
    n = len(jax.tree.leaves(inputs)[0])
    parts = []
    for first in range(0, n, BLOCK):
        rows = np.minimum(np.arange(first, first + BLOCK), n - 1)
        block = jax.tree.map(lambda leaf, rows=rows: jnp.asarray(leaf[rows]), inputs)
        result = function(*block)
        parts.append(jax.tree.map(np.asarray, result))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[:n], *parts)


def sounds_of(
    synth: Synth, theta: Float[Array | np.ndarray, "patches n_params"]
) -> Float[np.ndarray, "patches n_samples"]:
    """The sounds of patches."""
    return in_blocks(synth.render, theta)


def analysis_of(sounds: Float[np.ndarray, "patches n_samples"], sample_rate: float) -> Analysis:
    """What the loss knows of sounds, as NumPy."""
    return in_blocks(partial(_analyse, sample_rate=sample_rate), sounds)


def parts_of(target: Analysis, sound: Analysis) -> Parts:
    """The distances of sounds from their targets, as NumPy."""
    return in_blocks(_compare, target, sound)


def log_mel_of(
    targets: Float[np.ndarray, "patches n_samples"],
    sounds: Float[np.ndarray, "patches n_samples"],
    sample_rate: float,
) -> Float[np.ndarray, " patches"]:
    """The plain log-mel distances of sounds from their targets, in dB."""
    return in_blocks(partial(_log_mel, sample_rate=sample_rate), targets, sounds)


_log_mel = jax.jit(log_mel_distance, static_argnames="sample_rate")
_analyse = jax.jit(analyse, static_argnames="sample_rate")
_compare = jax.jit(compare)
