"""What a pretraining leaves in its run folder: the history, its curves, and pairs to listen to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from doppel.training.recipe import Recipe
from doppel.training.run import Trained
from scripts.jobs.comparing import write_csv
from scripts.jobs.pages import footer, publish
from scripts.jobs.picture import png
from scripts.jobs.spectrograms import Picture, spectrograms
from scripts.runtime.page import Page

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["Listening", "Told", "write"]

Told = dict[str, float]
Wave = Float[np.ndarray, " n_samples"]


@dataclass(frozen=True, eq=False)
class Listening:
    """The first pairs of the validation set, as the encoder hears them.

    Attributes:
        recipe: of the training.
        seed: of the training.
        n: how many pairs.
    """

    recipe: Recipe
    seed: int
    n: int

    def pairs(self) -> list[tuple[Wave, Wave]]:
        """Both views of each pair, augmented where the training augments."""
        if not self.n:
            return []
        held_out = self.recipe.source.validation(self.seed, self.recipe.validation_pairs)
        views = held_out.pairs(np.arange(min(self.n, len(held_out)))).to_torch()
        if (change := self.recipe.augmentation) is not None:
            rate = self.recipe.source.sample_rate
            first, second = (
                change(view.clone(), rate, self.seed + place) for place, view in enumerate(views)
            )
            views = first, second
        return list(zip(*(view.float().cpu().numpy() for view in views), strict=True))

    def spectrograms(self) -> Figure:
        """A row a pair."""
        rate = self.recipe.source.sample_rate
        return spectrograms(
            [
                [
                    Picture(f"pair {place + 1}, {side}", wave, rate)
                    for side, wave in zip(("first view", "second view"), pair, strict=True)
                ]
                for place, pair in enumerate(self.pairs())
            ]
        )

    def sounds(self) -> Iterator[tuple[str, Wave, float]]:
        """Names, waves and rate of all views."""
        for place, pair in enumerate(self.pairs()):
            for side, wave in zip(("first", "second"), pair, strict=True):
                yield f"{place + 1}-{side}", wave, self.recipe.source.sample_rate


def write(run: Run, trained: Trained, listening: Listening) -> dict[str, float]:
    """Write all files, and give the metrics."""
    figures = _figures(trained)
    page = Page("Pretraining on pairs of sounds", _intro(run, trained, listening), footer(run))
    if trained.history:
        columns = list(trained.history[-1])
        rows = [[row.get(column, float("nan")) for column in columns] for row in trained.history]
        write_csv(run, "history.csv", columns, rows)
        drawn = png(run, "history.png", _curves(trained.history))
        page.figure(drawn, "Losses and effective rank by epoch, in training and validation")
        shown = [(name, value) for name, value in figures.items()]
        page.table(["figure", "value"], shown)
    pairs = listening.pairs()
    if pairs:
        page.section(
            "Pairs", "Validation pairs, as the encoder hears them. What a pair has in common it "
            "should keep; what tells it from other pairs, too."
        )
    for place, pair in enumerate(pairs):
        card = page.card(f"Pair {place + 1}", wide=True)
        for side, wave in zip(("first view", "second view"), pair, strict=True):
            card.sound(wave, listening.recipe.source.sample_rate, label=side)
    publish(run, page, None)
    return figures


def _figures(trained: Trained) -> dict[str, float]:
    """The last validation, and where the time went."""
    if not trained.history:
        return {"epochs": 0.0}
    last = {name: value for name, value in trained.history[-1].items() if name != "epoch"}
    figures = {"epochs": trained.history[-1]["epoch"], **last}
    if trained.steps:
        figures["steps_per_second"] = trained.steps / trained.seconds
        figures |= {f"share/{name}": share for name, share in trained.shares.items()}
    return figures


def _intro(run: Run, trained: Trained, listening: Listening) -> str:
    recipe = listening.recipe
    kind = type(recipe.source).__name__
    if not trained.history:
        return "An encoder with its first weights, which never learned: the baseline."
    return (
        f"{type(recipe.encoder).__name__} learned for {recipe.epochs} epochs of "
        f"{recipe.steps_per_epoch(1):,} steps, {recipe.batch_size} pairs each on one device "
        f"({kind}); {recipe.validation_pairs:,} pairs were kept for validation. Alignment is the "
        "mean squared distance of the two views of a pair on the unit sphere (0 the same, 2 "
        "unrelated); uniformity is 0 where all sounds are the same and -4 where they are spread "
        "out. Probes, not losses, say what was learned: eval/probe."
    )


def _curves(history: Sequence[Told]) -> Figure:
    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(9.0, 2.8), layout="constrained")
    panels = figure.subplots(1, 3)
    for panel, name in zip(panels, ("alignment", "uniformity"), strict=False):
        for part, style in (("train", "--"), ("validation", "-")):
            values = [row[f"{part}/{name}"] for row in history]
            panel.plot(epochs, values, style, label=part, marker="." if len(history) < 20 else "")
        panel.set_title(name, fontsize=10)
        panel.set_xlabel("epoch")
        panel.legend(fontsize=8)
    panels[2].plot(epochs, [row["effective_rank"] for row in history], color="C2")
    panels[2].set_title("effective rank", fontsize=10)
    panels[2].set_xlabel("epoch")
    return figure
