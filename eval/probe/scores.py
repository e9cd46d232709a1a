"""The scores of the HEAR benchmark, by its names (Turian et al., 2022)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float

from eval.probe.ranking import Ranking

__all__ = ["SCORES", "Counted", "counted", "hits", "is_accuracy", "score"]

Counted = Callable[[Float[np.ndarray, "resamples n"]], Float[np.ndarray, " resamples"]]
"""Gives a score when each sound counts as often as said, for several such countings."""


def score(
    name: str,
    scores: Float[np.ndarray, "n n_labels"],
    targets: Float[np.ndarray, "n n_labels"],
) -> float:
    """Return a score of what a probe said, as a share of one (d' has no upper end).

    - `top1_acc`, `pitch_acc`: the share of sounds whose highest score is their label's.
    - `chroma_acc`: the same where labels that are whole octaves (twelve labels) apart are one.
    - `mAP`: average precision of each label, then the mean over labels.
    - `aucroc`: area under each label's ROC curve, then the mean.
    - `d_prime`: the distance of two unit normals with that area, for each label, then the mean;
      infinite as soon as one label is separated without an error.

    Labels that no sound has (for the last two also those that all have) are left out of the mean;
    hear-eval-kit counts them as 0 or gives up. Without any label left the score is NaN.

    >>> score("top1_acc", np.eye(3), np.eye(3))
    1.0

    Args:
        name: one of `SCORES`.
        scores: higher is more likely.
        targets: zeros and ones, as `Task.targets` gives them.

    Raises:
        ValueError: the name is unknown, the shapes differ, there is no sound, or a score is NaN.
    """
    return float(counted(name, scores, targets)(np.ones((1, len(scores))))[0])


def counted(
    name: str,
    scores: Float[np.ndarray, "n n_labels"],
    targets: Float[np.ndarray, "n n_labels"],
) -> Counted:
    """Return the score as a function of how often each sound counts, for resampling.

    Raises:
        ValueError: as `score`.
    """
    if name not in SCORES:
        raise ValueError(f"there is no score {name!r}: it is one of {', '.join(SCORES)}")
    if scores.shape != targets.shape or scores.ndim != 2 or 0 in scores.shape:
        raise ValueError(
            f"scores {scores.shape} and targets {targets.shape} should have the same shape, "
            "(n, n_labels), with at least one sound and one label"
        )
    if np.isnan(scores).any():
        raise ValueError(f"{int(np.isnan(scores).sum())} of {scores.size} scores are not a number")
    return SCORES[name](scores, targets)


def hits(
    name: str,
    scores: Float[np.ndarray, "n n_labels"],
    targets: Float[np.ndarray, "n n_labels"],
) -> Bool[np.ndarray, " n"]:
    """Return which sounds an accuracy counts as right.

    Raises:
        ValueError: the score is not an accuracy.
    """
    if not is_accuracy(name):
        raise ValueError(f"{name} is no accuracy: single sounds are neither right nor wrong in it")
    guessed, true = scores.argmax(axis=1), targets.argmax(axis=1)
    if name == "chroma_acc":
        guessed, true = guessed % 12, true % 12
    return guessed == true


def is_accuracy(name: str) -> bool:
    """Whether the score is a share of sounds that are right."""
    return name.endswith("_acc")


def _accuracy(name: str) -> Callable[[np.ndarray, np.ndarray], Counted]:
    def prepared(scores: np.ndarray, targets: np.ndarray) -> Counted:
        right = hits(name, scores, targets).astype(np.float64)
        return lambda counts: counts @ right / counts.sum(axis=1)

    return prepared


def _ranked(
    of_ranking: Callable[[Ranking, np.ndarray], np.ndarray],
) -> Callable[[np.ndarray, np.ndarray], Counted]:
    def prepared(scores: np.ndarray, targets: np.ndarray) -> Counted:
        ranking = Ranking(scores, targets)
        return lambda counts: np.array([_mean(of_ranking(ranking, row)) for row in counts])

    return prepared


def _mean(values: Sequence[float] | np.ndarray) -> float:
    """The mean over labels that have a value; NaN where none has."""
    values = np.asarray(values)
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else float("nan")


def _d_prime(ranking: Ranking, weights: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri

    return np.sqrt(2.0) * ndtri(ranking.area_under_roc(weights))


SCORES: dict[str, Callable[[np.ndarray, np.ndarray], Counted]] = {
    "top1_acc": _accuracy("top1_acc"),
    "pitch_acc": _accuracy("pitch_acc"),
    "chroma_acc": _accuracy("chroma_acc"),
    "mAP": _ranked(Ranking.average_precision),
    "d_prime": _ranked(_d_prime),
    "aucroc": _ranked(Ranking.area_under_roc),
}
"""What prepares each score from scores and targets."""
