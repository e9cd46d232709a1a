"""Means over things measured several times, such as prompts searched for with several seeds."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from eval.statistics.estimate import Estimate, percentiles
from eval.statistics.resampling import RESAMPLES

__all__ = ["nested_mean", "nested_weights"]


def nested_weights(
    n_repeats: int, n_things: int, seed: int = 0, resamples: int = RESAMPLES
) -> Float[np.ndarray, "resamples n_repeats n_things"]:
    """Return the weight of every measurement in the mean of each resample; they add up to 1.

    Things are drawn again with replacement, and of each thing drawn its repeats (Davison and
    Hinkley, 1997, section 3.8), so that the interval holds for other things and other repeats. Two
    conditions that are weighed by the same weights are compared in pairs.

    Raises:
        ValueError: there is nothing to draw from.
    """
    if min(n_repeats, n_things, resamples) < 1:
        raise ValueError(
            f"nothing to draw from: {n_things} things measured {n_repeats} times, {resamples} times"
        )
    generator = np.random.default_rng(seed)
    things = generator.integers(0, n_things, (resamples, n_things, 1))
    repeats = generator.integers(0, n_repeats, (resamples, n_things, n_repeats))
    resample = np.arange(resamples)[:, None, None]
    size = n_repeats * n_things
    places = (resample * n_repeats + repeats) * n_things + things
    counts = np.bincount(places.reshape(-1), minlength=resamples * size)
    return counts.reshape(resamples, n_repeats, n_things) / size


def nested_mean(
    values: Float[np.ndarray, "n_repeats n_things"],
    weights: Float[np.ndarray, "resamples n_repeats n_things"],
) -> Estimate:
    """Return the mean of measurements with its percentile interval; NaN where a value is NaN."""
    return percentiles(float(values.mean()), np.einsum("brt,rt->b", weights, values))
