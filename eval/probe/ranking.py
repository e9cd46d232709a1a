"""Average precision and the area under the ROC curve, for all labels at once and with weights.

A ranking is sorted once; then every bootstrap resample of its sounds, given as how often each one
was drawn, costs a few cumulative sums.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float64

__all__ = ["Ranking"]


class Ranking:
    """Sounds in the order of their scores, for each label; equal scores count as one step.

    Args:
        scores: higher is more likely.
        targets: zeros and ones.
    """

    def __init__(
        self, scores: Float[np.ndarray, "n n_labels"], targets: Float[np.ndarray, "n n_labels"]
    ) -> None:
        falling = -np.ascontiguousarray(scores.T)
        self.order = np.argsort(falling, axis=1, kind="stable")
        ordered = np.take_along_axis(falling, self.order, axis=1)
        self.hits = np.take_along_axis(targets.T, self.order, axis=1) > 0
        n = ordered.shape[1]
        places = np.arange(n)
        # The places of the last and the first of those with the same score.
        last = np.ones(ordered.shape, bool)
        last[:, :-1] = ordered[:, 1:] != ordered[:, :-1]
        backwards = np.where(last, places, n - 1)[:, ::-1]
        self.last = np.minimum.accumulate(backwards, axis=1)[:, ::-1]
        first = np.ones(ordered.shape, bool)
        first[:, 1:] = last[:, :-1]
        self.first = np.maximum.accumulate(np.where(first, places, 0), axis=1)

    def average_precision(
        self, weights: Float[np.ndarray, " n"] | None = None
    ) -> Float64[np.ndarray, " n_labels"]:
        """Return the sum of precision times the step in recall; NaN for a label that never occurs.

        The step-wise definition of scikit-learn, not the interpolated one.
        """
        every, hit = self._cumulated(weights)
        precision = self._at(hit, self.last) / np.maximum(self._at(every, self.last), _TINY)
        gains = np.diff(hit, axis=1, prepend=0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return (gains * precision).sum(axis=1) / np.where(hit[:, -1] > 0, hit[:, -1], np.nan)

    def area_under_roc(
        self, weights: Float[np.ndarray, " n"] | None = None
    ) -> Float64[np.ndarray, " n_labels"]:
        """Return the chance that a sound with the label scores above one without; a tie is a half.

        NaN for a label that never occurs or always does.
        """
        every, hit = self._cumulated(weights)
        miss = every - hit
        misses = np.diff(miss, axis=1, prepend=0.0)
        gains = np.diff(hit, axis=1, prepend=0.0)
        total_hit, total_miss = hit[:, -1], miss[:, -1]
        before = self._at(miss, self.first) - self._at(misses, self.first)
        above_or_tied = before + 0.5 * (self._at(miss, self.last) - before)
        pairs = total_hit * total_miss
        lost = (gains * above_or_tied).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return 1.0 - lost / np.where(pairs > 0, pairs, np.nan)

    def _cumulated(self, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Return the weight down to each place, of all sounds and of those with the label."""
        if weights is None:
            ordered = np.ones(self.order.shape)
        else:
            ordered = np.asarray(weights, np.float64)[self.order]
        return ordered.cumsum(axis=1), (ordered * self.hits).cumsum(axis=1)

    @staticmethod
    def _at(values: np.ndarray, places: np.ndarray) -> np.ndarray:
        return np.take_along_axis(values, places, axis=1)


_TINY = np.finfo(np.float64).tiny
