"""Causal uncertainty: how little a classifier knows what made a sound (Figure 3B of the paper).

Three numbers from the probabilities p of AudioSet classes:

h_cu     the largest probability, max p (Boger, Ananthabhotla and Paradiso 2021). Lower: less sure.
h_p      the entropy of p / sum p over the log of the number of classes, 0 to 1. AudioSet's models
         give each class a probability of its own, and these do not add up to one: they are divided
         by their sum first. Higher: less sure.
s_conf   the difference of the two largest probabilities; figures show its logarithm. Lower: less
         sure, as a rule: AudioSet's classes are nested, and a bark is "Animal" and "Dog" with the
         same probability, which makes the difference small where the cause is plain.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float64

from eval.descriptors.chunks import chosen, rows
from eval.embedders.base import Classifier
from eval.sounds.base import Clip, Sounds, Unreadable

__all__ = ["MEASURES", "CausalUncertainty", "causal_uncertainty", "uncertainty"]

MEASURES = ("h_cu", "h_p", "s_conf")
TOP = 3
_VERSION = 1
_BATCH_SAMPLES = 2_000_000


@dataclass(frozen=True)
class CausalUncertainty:
    """The causal uncertainty of a set of sounds.

    Attributes:
        name: of the set.
        numbers: of the sounds within the set.
        names: of the sounds.
        values: in the order of `MEASURES`; NaN where a sound could not be read.
        top: each sound's likeliest classes, the likeliest first, with their probabilities; empty
            where it could not be read.
        unreadable: the sounds that could not be read, and why.
    """

    name: str
    numbers: tuple[int, ...]
    names: tuple[str, ...]
    values: Float64[np.ndarray, "n_sounds 3"]
    top: tuple[tuple[tuple[str, float], ...], ...]
    unreadable: tuple[Unreadable, ...]

    def column(self, measure: str) -> Float64[np.ndarray, " n_sounds"]:
        """Return the values of one measure.

        Raises:
            ValueError: there is no such measure.
        """
        return self.values[:, MEASURES.index(measure)]


def uncertainty(
    probabilities: Float[np.ndarray, "n_sounds n_classes"],
) -> Float64[np.ndarray, "n_sounds 3"]:
    """Return h_cu, h_p and s_conf of each row of probabilities.

    A row of zeros says nothing about any class: its entropy is 1.

    Raises:
        ValueError: there are fewer than two classes, or a value is not in [0, 1].

    >>> uncertainty(np.array([[0.8, 0.2], [0.5, 0.5]])).round(4).tolist()
    [[0.8, 0.7219, 0.6], [0.5, 1.0, 0.0]]
    """
    p = np.asarray(probabilities, np.float64)
    if p.ndim != 2 or p.shape[1] < 2:
        raise ValueError(f"probabilities should be (sounds, two classes or more), got {p.shape}")
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities should be in [0, 1]; were logits given?")
    total = p.sum(axis=1, keepdims=True)
    shares = np.where(total > 0, p / np.where(total > 0, total, 1.0), 1.0 / p.shape[1])
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy = -(shares * logs).sum(axis=1) / np.log(p.shape[1])
    second, first = np.partition(p, -2, axis=1)[:, -2:].T
    return np.stack([first, np.clip(entropy, 0.0, 1.0), first - second], axis=1)


def causal_uncertainty(
    sounds: Sounds,
    classifier: Classifier,
    n_sounds: int | None = None,
    seed: int = 0,
    cache: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> CausalUncertainty:
    """Classify the sounds of a set.

    Args:
        sounds: the set.
        classifier: of the sounds' causes, such as YAMNet or AST.
        n_sounds: how many of them, chosen by `seed`; None takes all.
        seed: of that choice.
        cache: a folder that keeps what was computed; None keeps nothing.
        progress: called with how many sounds are done, as they are.

    Raises:
        ValueError: the set is empty, or the classifier gives no probabilities.
        OSError: the cache cannot be written.
    """
    indices = chosen(len(sounds), n_sounds, seed)
    n_top = min(TOP, len(classifier.class_names))

    def submit(clips: list[Clip]) -> Callable[[], np.ndarray]:
        return lambda: _classified(clips, classifier, n_top)

    found = rows(
        sounds,
        indices,
        len(MEASURES) + 2 * n_top,
        submit,
        key=f"causal uncertainty {_VERSION} {classifier.identity}",
        cache=cache,
        progress=progress,
    )
    return CausalUncertainty(
        sounds.name,
        tuple(indices),
        found.names,
        found.values[:, : len(MEASURES)],
        tuple(_named(row[len(MEASURES) :], classifier.class_names) for row in found.values),
        found.unreadable,
    )


def _classified(clips: list[Clip], classifier: Classifier, n_top: int) -> np.ndarray:
    """Return a row a clip: the measures, then number and probability of its likeliest classes."""
    alike: dict[tuple[int, float], list[int]] = {}
    for place, clip in enumerate(clips):
        alike.setdefault((clip.wave.size, clip.sample_rate), []).append(place)
    found = np.empty((len(clips), len(MEASURES) + 2 * n_top))
    for (n_samples, rate), places in alike.items():
        size = max(1, _BATCH_SAMPLES // n_samples)
        for start in range(0, len(places), size):
            batch = places[start : start + size]
            audio = torch.from_numpy(np.stack([clips[place].wave for place in batch]))
            p = classifier.probabilities(audio, rate).detach().cpu().numpy().astype(np.float64)
            best = np.argsort(-p, axis=1, kind="stable")[:, :n_top]
            tops = np.stack([best, np.take_along_axis(p, best, axis=1)], axis=2)
            found[batch] = np.hstack([uncertainty(p), tops.reshape(len(batch), -1)])
    return found


def _named(row: np.ndarray, names: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """Return classes with their probabilities from pairs of number and probability."""
    if np.isnan(row).any():
        return ()
    return tuple((names[int(number)], float(p)) for number, p in row.reshape(-1, 2))
