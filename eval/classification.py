"""Do classifiers hear what sounds were made for? Ranks among a closed list of labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64

from eval.descriptors.chunks import rows
from eval.embedders.base import Classifier
from eval.sounds.base import Clip, Sounds, Unreadable

__all__ = ["Classified", "classify", "ranks_of"]

_BATCH_SAMPLES = 2_000_000


@dataclass(frozen=True)
class Classified:
    """What a classifier makes of sounds.

    Attributes:
        names: of the sounds.
        probabilities: of every label; NaN where a sound could not be read.
        ranks: of each sound's own label among all, from 1; NaN where it could not be read.
        unreadable: the sounds that could not be read, and why.
    """

    names: tuple[str, ...]
    probabilities: Float64[np.ndarray, "n_sounds n_labels"]
    ranks: Float64[np.ndarray, " n_sounds"]
    unreadable: tuple[Unreadable, ...]

    def within(self, place: int) -> Float64[np.ndarray, " n_sounds"]:
        """Return 1 for each sound whose label is among the first so many, 0 else, NaN unread."""
        return np.where(np.isnan(self.ranks), np.nan, (self.ranks <= place).astype(float))


def classify(
    sounds: Sounds,
    own: Sequence[int],
    classifier: Classifier,
    classes: Sequence[Sequence[str]],
    cache: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> Classified:
    """Classify sounds among some labels: what the classifier thinks of other classes is masked.

    A label's probability is that of the likeliest of its classes, so that the ranks are those of
    the classifier's logits with all other classes left out.

    Args:
        sounds: the set.
        own: the number of each sound's label.
        classifier: of the sounds.
        classes: the classifier's class names that mean each label, at least one.
        cache: a folder that keeps what was computed; None keeps nothing.
        progress: called with how many sounds are done, as they are.

    Raises:
        ValueError: there are not as many labels as sounds, a number is out of range, or the
            classifier has no class of that name.
    """
    if len(own) != len(sounds) or any(not 0 <= number < len(classes) for number in own):
        raise ValueError(f"{len(sounds)} sounds need as many numbers of {len(classes)} labels")
    names = classifier.class_names
    missing = [name for group in classes for name in group if name not in names]
    if missing or not all(classes):
        raise ValueError(f"{classifier.name} has no class {missing[:3]}; a label needs one")
    places = [[names.index(name) for name in group] for group in classes]

    def submit(clips: list[Clip]) -> Callable[[], np.ndarray]:
        return lambda: _labelled(clips, classifier, places)

    found = rows(
        sounds,
        range(len(sounds)),
        len(classes),
        submit,
        key=f"classes {classifier.identity} {[list(group) for group in classes]}",
        cache=cache,
        progress=progress,
    )
    ranks = ranks_of(found.values, np.asarray(own, np.int64))
    return Classified(found.names, found.values, ranks, found.unreadable)


def ranks_of(
    probabilities: Float[np.ndarray, "n_sounds n_labels"], own: Int64[np.ndarray, " n_sounds"]
) -> Float64[np.ndarray, " n_sounds"]:
    """Return the rank of each sound's own label, from 1; of equals all have the worst place.

    >>> ranks_of(np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.1]]), np.array([1, 0])).tolist()
    [2.0, 2.0]
    """
    mine = np.take_along_axis(probabilities, own[:, None], axis=1)
    place = (probabilities >= mine).sum(axis=1).astype(float)
    return np.where(np.isnan(mine[:, 0]), np.nan, place)


def _labelled(
    clips: list[Clip], classifier: Classifier, places: Sequence[Sequence[int]]
) -> np.ndarray:
    """Return each clip's probabilities of the labels."""
    alike: dict[tuple[int, float], list[int]] = {}
    for place, clip in enumerate(clips):
        alike.setdefault((clip.wave.size, clip.sample_rate), []).append(place)
    found = np.empty((len(clips), len(places)))
    for (n_samples, rate), members in alike.items():
        size = max(1, _BATCH_SAMPLES // n_samples)
        for start in range(0, len(members), size):
            batch = members[start : start + size]
            audio = torch.from_numpy(np.stack([clips[place].wave for place in batch]))
            p = classifier.probabilities(audio, rate).detach().cpu().numpy().astype(np.float64)
            found[batch] = np.stack([p[:, group].max(axis=1) for group in places], axis=1)
    return found
