"""What a classifier makes of the sounds that were found: the place of the prompt's own class."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32

from ctag.scorers.class_names import classes_of
from eval.embedders.base import Classifier

__all__ = ["Recognition", "recognise"]

CHUNK_SOUNDS = 32


@dataclass(frozen=True)
class Recognition:
    """Where a classifier puts the class of each prompt; NaN where it knows no such class.

    Attributes:
        classes: the classes that each prompt names; the likeliest counts.
        probability: of the likeliest.
        rank: of the likeliest among all classes, 1 is first.
        rank_among: of the prompt among these prompts alone, each by its likeliest class, as the
            paper masks the other logits.
        first: the likeliest class of all.
    """

    classes: tuple[tuple[str, ...], ...]
    probability: Float[np.ndarray, " prompts"]
    rank: Float[np.ndarray, " prompts"]
    rank_among: Float[np.ndarray, " prompts"]
    first: tuple[str, ...]

    def metrics(self) -> dict[str, float]:
        """Accuracies over the prompts whose class the classifier knows, and the median rank."""
        known = ~np.isnan(self.rank)
        counted = {"prompts_with_class": float(known.sum())}
        if not known.any():
            return counted
        among, rank = self.rank_among[known], self.rank[known]
        return counted | {
            "accuracy": float(np.mean(among <= 1)),
            "accuracy_top5": float(np.mean(among <= 5)),
            "accuracy_of_all": float(np.mean(rank <= 1)),
            "accuracy_of_all_top10": float(np.mean(rank <= 10)),
            "median_rank": float(np.median(rank)),
        }

    def columns(self) -> dict[str, Iterable[object]]:
        """What there is of every prompt, by name."""
        return {
            "names": ["; ".join(names) for names in self.classes],
            "probability": self.probability,
            "rank": self.rank,
            "rank_among_prompts": self.rank_among,
            "heard_as": self.first,
        }

    def facts(self, place: int) -> list[tuple[str, str]]:
        """What a card says of a prompt."""
        said = [("heard as", self.first[place])]
        if self.classes[place]:
            own = " or ".join(self.classes[place])
            said.append((own, f"place {self.rank[place]:.0f}, {self.probability[place]:.3f}"))
        return said


def recognise(
    classifier: Classifier,
    prompts: Sequence[str],
    audio: Float32[np.ndarray, "prompts n_samples"],
    sample_rate: float,
) -> Recognition:
    """Classify the sound of every prompt.

    Args:
        classifier: gives the probabilities.
        prompts: the labels that the sounds were searched for, by which `classes_of` finds their
            classes.
        audio: their sounds.
        sample_rate: of the sounds, in Hz.
    """
    names = classifier.class_names
    own = tuple(_classes(prompt, names) for prompt in prompts)
    parts = np.array_split(audio, max(1, -(-len(audio) // CHUNK_SOUNDS)))
    p = np.concatenate(
        [classifier.probabilities(torch.from_numpy(x), sample_rate).cpu().numpy() for x in parts]
    ).astype(np.float64)
    asked = sorted({group for group in own if group})
    columns = [[names.index(name) for name in group] for group in asked]
    # One column a group of classes: how likely each prompt is, in each sound.
    likeliest = np.stack([p[:, at].max(axis=1) for at in columns] or [p[:, 0]], axis=1)
    probability, rank, among = np.full((3, len(own)), np.nan)
    for row, group in enumerate(own):
        if group:
            found = likeliest[row, asked.index(group)]
            probability[row] = found
            rank[row] = 1 + np.sum(p[row] > found)
            among[row] = 1 + np.sum(likeliest[row] > found)
    first = tuple(names[at] for at in p.argmax(axis=1))
    return Recognition(own, probability, rank, among, first)


def _classes(prompt: str, names: Sequence[str]) -> tuple[str, ...]:
    """The classes that a prompt names, none where the classifier knows none."""
    try:
        return classes_of(prompt, names)
    except ValueError:
        return ()
