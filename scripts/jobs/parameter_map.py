"""The job of `ctag/umap`: where sounds of prompts lie among all parameters (Figure 10 of CTAG)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from jaxtyping import Float

matplotlib.use("Agg")
from matplotlib import colormaps
from matplotlib.figure import Figure

from ctag.prompts import PromptSet
from eval.harness import audio
from eval.similarity.grouping import grouping
from eval.similarity.projection import principal_components, umap_points
from scripts.jobs.comparing import write_csv, written
from scripts.jobs.pages import footer, publish
from scripts.jobs.picture import png
from scripts.jobs.systems.job import first_prompts
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from scripts.systems.search_runs import SearchRuns

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ParameterMap:
    """Project the parameters of sounds that searches found to the plane.

    Writes `map.csv`, `figure_10.png` and `index.html`. What the map shows is measured without it:
    how often the nearest sound in parameter space was made for the same prompt.

    Attributes:
        system: the searches.
        prompts: whose sounds are shown.
        each: sounds a prompt.
        n_prompts: the first so many prompts; None: all.
        neighbours: of UMAP: how local the picture is; 0: principal components in its place.
        page: where a copy of the page goes; None: nowhere.
    """

    system: SearchRuns
    prompts: PromptSet
    each: int = 10
    n_prompts: int | None = None
    neighbours: int = 15
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Project, draw, and give how sounds of one prompt lie together."""
        prompts = first_prompts(self.prompts, self.n_prompts)
        if self.each < 2 or len(prompts.labels()) < 2:
            raise UserError(
                f"job.each={self.each} sounds of {len(prompts.labels())} prompts: a map needs two "
                "sounds of two prompts or more"
            )
        found = self.system.found(run, prompts, self.each)
        patches = [one.load() for one in found]
        instruments = {str(patch.instrument) for patch in patches}
        if len(instruments) > 1:
            raise UserError("the searches played several instruments: their parameters differ")
        theta = np.array([patch.values for patch in patches], np.float32)
        labels = [one.label for one in found]
        points = self._plane(theta, run.seed)
        groups = grouping(theta, labels)
        write_csv(
            run,
            "map.csv",
            ["prompt", "seed", "x", "y"],
            [[one.label, one.seed, *map(float, p)] for one, p in zip(found, points, strict=True)],
        )
        figure = map_figure(points, labels)
        run.tracker.figure("figure_10", figure)
        layout = "UMAP" if self.neighbours else "principal components"
        page = Page(
            "Sounds among all parameters",
            f"{len(found)} sounds of {len(prompts.labels())} prompts, each a point in the space of "
            f"{theta.shape[1]} parameters, laid out by {layout}.\n\n"
            f"In the space itself the nearest other sound was made for the same prompt in "
            f"{written(groups.neighbours)} of cases; by chance it would be {groups.chance:.3f}. "
            f"The mean silhouette is {groups.silhouette:.3f}.",
            footer=footer(run),
        )
        page.figure(
            png(run, "figure_10.png", figure), f"The parameters of {len(found)} sounds by {layout}"
        )
        page.section("Hear them", "The first sound of each prompt.")
        for label in dict.fromkeys(labels):
            place = labels.index(label)
            wave, rate = audio.read(found[place].sound)
            card = page.card(label)
            card.sound(wave, rate, alt=f"Spectrogram of a sound for {label}")
            card.patch(patches[place].rows())
        publish(run, page, self.page)
        metrics = groups.neighbours.metrics("same_prompt_nearest")
        return metrics | {
            "same_prompt_by_chance": groups.chance,
            "silhouette": groups.silhouette,
            "sounds": float(len(found)),
        }

    def _plane(self, theta: Float[np.ndarray, "n n_params"], seed: int) -> Float[np.ndarray, "n 2"]:
        """Two numbers a sound."""
        if self.neighbours:
            return umap_points(theta, seed, self.neighbours, "euclidean")
        return principal_components(theta).points(theta)


def map_figure(points: Float[np.ndarray, "n 2"], labels: Sequence[str]) -> Figure:
    """A point a sound, a colour and a marker a prompt, whose name stands at its middle."""
    figure = Figure(figsize=(7.5, 6.0), layout="constrained")
    axes = figure.subplots()
    names = list(dict.fromkeys(labels))
    for number, name in enumerate(names):
        own = points[[label == name for label in labels]]
        colour = colormaps["tab10"](number % 10)
        marker = "osD^vP"[(number // 10) % 6]
        axes.scatter(*own.T, s=34, color=[colour], marker=marker, label=name, linewidths=0)
        middle = np.median(own, axis=0)
        axes.annotate(
            name, (float(middle[0]), float(middle[1])), fontsize=8, ha="center", va="bottom",
            xytext=(0, 6), textcoords="offset points",
            bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0},
        )  # fmt: skip
    axes.set(xticks=[], yticks=[])
    axes.spines[["top", "right"]].set_visible(False)
    return figure
