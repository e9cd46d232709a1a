"""Which parameters of a synthesizer an embedding knows: they are predicted from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from eval.parameters.regression import Fitted, nearest, ridge
from eval.statistics.estimate import Estimate, percentiles
from eval.statistics.resampling import resample_counts

__all__ = ["Method", "Prediction", "predict_parameters"]

Method = Literal["ridge", "nearest"]
_FIT: Mapping[str, Callable[..., Fitted]] = {"ridge": ridge, "nearest": nearest}


@dataclass(frozen=True)
class Prediction:
    """How well parameters are predicted for sounds that were not trained on.

    Attributes:
        names: of the parameters.
        r2: of each, the share of its variance that is predicted, with a 95 % interval over sounds;
            below 0 where the mean would have been better, NaN where a parameter does not vary.
        chance: the largest R2 of each among the permutations, in which the parameters belong to
            other sounds.
        modules: the mean R2 of the parameters of each module, what stands before the first dot.
        mean: the mean over all parameters that vary.
        predicted: every sound's parameters, predicted by a model that has not seen it.
    """

    names: tuple[str, ...]
    r2: tuple[Estimate, ...]
    chance: Float[np.ndarray, " n_params"]
    modules: dict[str, Estimate]
    mean: Estimate
    predicted: Float[np.ndarray, "n_sounds n_params"]

    @property
    def known(self) -> tuple[str, ...]:
        """The parameters whose whole interval is above 0 and above every permutation."""
        return tuple(
            name
            for name, r2, chance in zip(self.names, self.r2, self.chance, strict=True)
            if r2.low > max(chance, 0.0)
        )


def predict_parameters(
    vectors: Float[np.ndarray, "n_sounds dimension"],
    theta: Float[np.ndarray, "n_rows n_params"],
    names: Sequence[str],
    method: Method = "ridge",
    folds: int = 5,
    permutations: int = 20,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Prediction:
    """Predict parameters from vectors, each sound by a model that was fitted on the other folds.

    A periodic parameter, such as a phase, is predicted as the number that it is.

    Args:
        vectors: embeddings of the sounds; finite.
        theta: their parameters, in [0, 1].
        names: of the parameters, `module.parameter`.
        method: ridge regression, or the mean of ten nearest neighbours.
        folds: parts into which the sounds are divided at random.
        permutations: how many times the parameters are given to other sounds; at least 1.
        seed: of folds, permutations and the bootstrap.
        progress: called with how many folds are done.

    Raises:
        ValueError: shapes that do not fit, values that are not finite, or fewer than two sounds
            a fold.
    """
    x, y = np.asarray(vectors, np.float64), np.asarray(theta, np.float64)
    n_sounds, n_params = y.shape
    if len(x) != n_sounds or n_params != len(names):
        raise ValueError(f"vectors {x.shape}, theta {y.shape} and {len(names)} names do not fit")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("vectors and parameters must be finite: leave unreadable sounds out")
    if folds < 2 or n_sounds < 2 * folds or permutations < 1:
        raise ValueError(
            f"{n_sounds} sounds, {folds} folds, {permutations} permutations: two folds or more of "
            "two sounds or more, and a permutation, are needed"
        )
    rng = np.random.default_rng(seed)
    parts = np.array_split(rng.permutation(n_sounds), folds)
    others = [rng.permutation(n_sounds) for _ in range(permutations)]
    predicted = np.empty_like(y)
    errors = np.zeros((permutations, n_params))
    for done, part in enumerate(parts, start=1):
        rest = np.setdiff1d(np.arange(n_sounds), part)
        predict = _FIT[method](x[rest], x[part])
        predicted[part] = predict(y[rest])
        for error, order in zip(errors, others, strict=True):
            error += ((y[order[part]] - predict(y[order[rest]])) ** 2).sum(axis=0)
        if progress is not None:
            progress(done)
    spread = ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    chance = (1.0 - _ratio(errors, spread, n_sounds)).max(axis=0)
    return _summary(tuple(names), y, predicted, chance, seed)


def _summary(
    names: tuple[str, ...],
    y: Float[np.ndarray, "n_sounds n_params"],
    predicted: Float[np.ndarray, "n_sounds n_params"],
    chance: Float[np.ndarray, " n_params"],
    seed: int,
) -> Prediction:
    """R2 with intervals; all of them share the same resamples of the sounds."""
    values = _r2(y, predicted)
    blocks = resample_counts(len(y), seed, resamples=1000)
    drawn = np.concatenate([_r2(y, predicted, counts) for counts in blocks])
    varies = ~np.isnan(values)

    def mean_of(places: Sequence[int]) -> Estimate:
        there = [place for place in places if varies[place]]
        if not there:
            return Estimate(np.nan)
        return percentiles(float(values[there].mean()), drawn[:, there].mean(axis=1))

    modules: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        modules.setdefault(name.split(".", 1)[0], []).append(place)
    return Prediction(
        names,
        tuple(percentiles(float(value), drawn[:, place]) for place, value in enumerate(values)),
        chance,
        {module: mean_of(places) for module, places in modules.items()},
        mean_of(range(len(names))),
        predicted,
    )


def _r2(
    y: Float[np.ndarray, "n n_params"],
    predicted: Float[np.ndarray, "n n_params"],
    counts: Float[np.ndarray, "n_resamples n"] | None = None,
) -> np.ndarray:
    """One minus squared error over variance: (n_params,), or a row a resample.

    NaN where a parameter does not vary.
    """
    drawn = np.ones((1, len(y))) if counts is None else counts
    error = drawn @ (y - predicted) ** 2
    centred = y - y.mean(axis=0)
    spread = drawn @ centred**2 - (drawn @ centred) ** 2 / len(y)
    r2 = 1.0 - _ratio(error, spread, len(y))
    return r2[0] if counts is None else r2


def _ratio(error: np.ndarray, spread: np.ndarray, n_sounds: int) -> np.ndarray:
    """Squared error over the sum of squares; NaN where a parameter does not vary."""
    varies = np.broadcast_to(spread > 1e-12 * n_sounds, error.shape)
    return np.divide(error, spread, out=np.full(error.shape, np.nan), where=varies)
