"""Measures the sounds of one system for one list of prompts (CTAG, Tables 1, 2, 5 and 6)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ctag.prompts import PromptSet
from eval.sounds.base import Clip
from eval.statistics.clusters import clustered_mean
from eval.statistics.estimate import Estimate
from scripts.jobs.comparing import counting, play, warn_of_unreadable, write_csv, written
from scripts.jobs.pages import footer, name_unreadable, publish
from scripts.jobs.systems.measures import Measure, Measurement
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from scripts.systems.base import Prompted, System

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MeasureSystem:
    """Measure what a system makes of prompts.

    Writes `sounds.csv` (a row a sound), `prompts.csv` (a row a prompt) and `index.html`. Metrics:
    every quantity's mean with its 95 % interval over prompts, whose sounds are not independent, and
    its standard deviation over sounds (`_sd`).

    Attributes:
        system: makes or finds the sounds.
        prompts: what they are of.
        measure: what is measured.
        each: sounds a prompt.
        n_prompts: the first so many prompts; None: all.
        prompt_set: what the prompts are called on the page.
        page: where a copy of the page goes; None: nowhere.
    """

    system: System
    prompts: PromptSet
    measure: Measure
    each: int = 10
    n_prompts: int | None = None
    prompt_set: str = ""
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Get the sounds, measure them, write everything, and give the means."""
        prompts = first_prompts(self.prompts, self.n_prompts)
        if self.each < 1:
            raise UserError(f"job.each={self.each}: at least one sound a prompt is needed")
        prompted = self.system.sounds(run, prompts, self.each)
        with counting(run, len(prompted.labels), f"measuring {self.system.name}") as of_set:
            found = self.measure.measure(run, prompted, prompts, of_set(self.system.name))
        warn_of_unreadable(self.system.name, len(prompted.labels), found.unreadable)
        means = {
            name: clustered_mean(values, prompted.labels, run.seed)
            for name, values in found.columns.items()
        }
        self._write(run, prompted, found, means)
        metrics = {
            "sounds": float(len(prompted.labels)),
            "prompts": float(len(set(prompted.labels))),
            "unreadable": float(len(found.unreadable)),
        }
        for name, mean in means.items():
            metrics |= mean.metrics(name)
            known = found.columns[name][np.isfinite(found.columns[name])]
            if known.size > 1:
                metrics[f"{name}_sd"] = float(known.std(ddof=1))
        for name, mean in means.items():
            factor = found.factors.get(name, 1.0)
            log.info("%s: %s", found.titles[name], written(mean.scaled(factor)))
        return metrics

    def _write(
        self, run: "Run", prompted: Prompted, found: Measurement, means: Mapping[str, Estimate]
    ) -> None:
        names = list(found.columns)
        values = np.stack([found.columns[name] for name in names], axis=1)
        labels = np.array(prompted.labels)
        of_sounds = zip(prompted.labels, found.names, values.tolist(), strict=True)
        write_csv(
            run,
            "sounds.csv",
            ["prompt", "sound", *names],
            [[label, sound, *row] for label, sound, row in of_sounds],
        )
        by_prompt = [
            [label, *_means(values[labels == label])] for label in dict.fromkeys(prompted.labels)
        ]
        write_csv(run, "prompts.csv", ["prompt", *names], by_prompt)
        run.tracker.table("prompts", ["prompt", *names], by_prompt)
        page = Page(
            f"Sounds of {self.system.name}",
            f"{len(labels)} sounds for {len(by_prompt)} prompts ("
            f"{' '.join(filter(None, [self.prompt_set, self.prompts.style]))}). "
            f"{found.what} In brackets: 95 % intervals over prompts.",
            footer=footer(run),
        )
        scaled = {name: means[name].scaled(found.factors.get(name, 1.0)) for name in names}
        page.table(
            ["quantity", "mean"],
            [[found.titles[name], written(scaled[name])] for name in names],
        )
        factors = np.array([found.factors.get(name, 1.0) for name in names])
        page.table(
            ["prompt", *(found.titles[name] for name in names)],
            [[row[0], *(f"{v:.3g}" for v in factors * row[1:])] for row in by_prompt],
            "By prompt",
        )
        page.section("Hear it", "The first sound of each of up to twelve prompts.")
        for label in list(dict.fromkeys(prompted.labels))[:12]:
            number = prompted.labels.index(label)
            (clip,) = prompted.sounds.clips([number])
            if isinstance(clip, Clip):
                card = page.card(label)
                play(card, clip, label)
                shown = zip(names, values[number] * factors, strict=True)
                card.facts([(found.titles[name], f"{value:.3g}") for name, value in shown])
        name_unreadable(
            page, ["sound", "why"], [[item.name, item.reason] for item in found.unreadable]
        )
        publish(run, page, self.page)


def first_prompts(prompts: PromptSet, n: int | None) -> PromptSet:
    """The first so many prompts of a list; None: all of them.

    Raises:
        UserError: the prompts cannot be read.
    """
    try:
        labels = prompts.labels()
        prompts.worded()
    except (ValueError, FileNotFoundError) as error:
        raise UserError(f"prompts: {error}") from error
    if n is None or n >= len(labels):
        return prompts
    return replace(prompts, texts=tuple(labels[:n]), file=None)


def _means(rows: np.ndarray) -> list[float]:
    """The mean of every column without what is NaN; NaN where nothing is left."""
    return [
        float(column[np.isfinite(column)].mean()) if np.isfinite(column).any() else float("nan")
        for column in rows.T
    ]
