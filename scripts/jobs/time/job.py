"""The job of `ctag/time`: seconds of a search by generations and population (Table 4)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax
import numpy as np

from ctag.prompts import PromptSet
from ctag.scorers.protocol import Scorer
from ctag.strategies.base import Strategy
from scripts.jobs.comparing import write_csv
from scripts.jobs.judging import texts_for
from scripts.jobs.pages import footer, publish
from scripts.jobs.picture import png
from scripts.jobs.time.clock import Clock, Seconds
from scripts.jobs.time.figures import bars
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)

Size = tuple[int, int]
"""Generations and population."""


@dataclass(frozen=True)
class Timing:
    """Measure how long searches take, and how much of that is beyond the scorer's network.

    Writes `seconds.csv`, `seconds.png` and `index.html` to the run's folder.

    Attributes:
        synth, strategy, scorer: of the search.
        prompts: the first is searched for alone; all together, for their cost at once.
        iterations: generations, several.
        populations: sounds a generation, several.
        repeats: searches of each size.
        at_once: how many of the prompts are searched for at once; 0: that is not measured.
        at_once_iterations: generations of that, one repeat of each population.
        chunk_samples: audio samples rendered and scored at a time, at most; None: by device.
        page: where a copy of the page goes; None: nowhere.
    """

    synth: Synth
    strategy: Strategy
    scorer: Scorer
    prompts: PromptSet
    iterations: tuple[int, ...] = (50, 100, 300)
    populations: tuple[int, ...] = (25, 50, 100)
    repeats: int = 5
    at_once: int = 50
    at_once_iterations: int = 10
    chunk_samples: int | None = None
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Measure everything, write it, and give the seconds."""
        texts = self._texts()
        found: dict[Size, Seconds] = {}
        together: dict[int, Seconds] = {}
        warm: dict[int, float] = {}
        total = len(self.populations) * (len(self.iterations) + bool(self.at_once))
        with run.progress(total, "timing searches") as bar:
            for population in self.populations:
                clock = self._clock(run, texts[:1], population)
                warm[population] = clock.warm_up()
                for iterations in self.iterations:
                    found[iterations, population] = clock.measure(iterations, self.repeats)
                    bar.update()
                if self.at_once:
                    clock = self._clock(run, texts[: self.at_once], population)
                    clock.warm_up()
                    together[population] = clock.measure(self.at_once_iterations, 1)
                    bar.update()
        found = {size: found[size] for size in sorted(found)}
        self._write(run, found, together, warm)
        return self._metrics(found, together, warm)

    def _texts(self) -> list[str]:
        texts = texts_for(self.scorer, self.prompts)
        if self.at_once > len(texts):
            raise UserError(
                f"at_once is {self.at_once}, and there are {len(texts)} prompts: give more "
                "(prompts=esc50), or set job.at_once"
            )
        if min(self.repeats, *(min(s, default=0) for s in (self.iterations, self.populations))) < 1:
            raise UserError("repeats, iterations and populations: give at least one, each from 1")
        return texts

    def _clock(self, run: "Run", texts: list[str], population: int) -> Clock:
        most = self.chunk_samples or (2**22 if jax.default_backend() == "cpu" else 2**26)
        return Clock(
            self.synth,
            self.strategy,
            self.scorer,
            texts,
            population,
            max(self.iterations),
            most,
            jax.random.PRNGKey(run.seed),
        )

    def _each(self, seconds: Seconds, iterations: int) -> float:
        """Seconds a prompt and search, of searches for several prompts at once."""
        return seconds.mean / self.at_once / self.at_once_iterations * iterations

    def _metrics(
        self,
        found: Mapping[Size, Seconds],
        together: Mapping[int, Seconds],
        warm: Mapping[int, float],
    ) -> dict[str, float]:
        metrics: dict[str, float] = {}
        for (iterations, population), one in found.items():
            at = f"iterations_{iterations}/population_{population}"
            metrics[f"{at}/seconds"] = one.mean
            metrics[f"{at}/sd"] = one.deviation
            metrics[f"{at}/network"] = float(np.mean(one.network))
            metrics[f"{at}/beyond"] = one.beyond
            if population in together:
                metrics[f"{at}/each_at_once"] = self._each(together[population], iterations)
        beyond = [one.beyond for one in found.values()]
        metrics["beyond"] = float(np.median(beyond))
        metrics["beyond_most"] = max(beyond)
        metrics["warm_up"] = max(warm.values())
        return {name: value for name, value in metrics.items() if np.isfinite(value)}

    def _write(
        self,
        run: "Run",
        found: Mapping[Size, Seconds],
        together: Mapping[int, Seconds],
        warm: Mapping[int, float],
    ) -> None:
        write_csv(
            run,
            "seconds.csv",
            ["iterations", "population", "repeat", "search", "network"],
            (
                [iterations, population, repeat, search, network]
                for (iterations, population), one in found.items()
                for repeat, (search, network) in enumerate(
                    zip(one.search, one.network, strict=True), 1
                )
            ),
        )
        page = Page("How long a search takes", self._intro(run, found), footer=footer(run))
        figure = bars(found)
        run.tracker.figure("seconds", figure)
        page.figure(
            png(run, "seconds.png", figure),
            "Bars of seconds by generations and population",
            "Seconds of a search for one prompt; blue is the scorer's network on as many sounds.",
        )
        columns = ["generations", "population", "seconds", "sd", "network alone", "beyond, %"]
        rows = [
            [iterations, population, one.mean, one.deviation, float(np.mean(one.network)),
             100 * one.beyond]
            for (iterations, population), one in found.items()
        ]  # fmt: skip
        if together:
            columns.append(f"each of {self.at_once} at once")
            for row, (iterations, population) in zip(rows, found, strict=True):
                row.append(self._each(together[population], iterations))
        page.table(columns, rows, "Table 4: one prompt, compilation apart")
        page.text(self._notes(together, warm))
        publish(run, page, self.page)
        log.info("beyond the network: %.2f %%", 100 * np.median([o.beyond for o in found.values()]))

    def _intro(self, run: "Run", found: Mapping[Size, Seconds]) -> str:
        seconds = self.synth.n_samples / self.synth.config.sample_rate
        assets = run.config.get("assets", "")
        weights = (
            "The networks' weights are random numbers of the published architecture (assets="
            "stand_in): the scores mean nothing, but which numbers are multiplied does not change "
            "how long it takes."
            if assets == "stand_in"
            else ""
        )
        return (
            f"Searches for one prompt, {seconds:g} s at {self.synth.config.sample_rate:g} Hz, with "
            f"{type(self.synth).__name__}; {self.repeats} of each size. What a search takes beyond "
            "the scorer's network, rendering, strategy and all copies, should be at most 5 % of "
            f"the network's own time: here it is {self._beyond(found)}. {weights}"
        ).strip()

    def _beyond(self, found: Mapping[Size, Seconds]) -> str:
        every = [100 * one.beyond for one in found.values()]
        return f"{np.median(every):.2f} % in the median, {max(every):.2f} % at most"

    def _notes(self, together: Mapping[int, Seconds], warm: Mapping[int, float]) -> str:
        at_once = (
            f"Seconds of each of {self.at_once} prompts at once are measured over "
            f"{self.at_once_iterations} generations and multiplied to the length of the search. "
            if together
            else ""
        )
        return (
            f"{at_once}Before anything is measured, one generation is made, compilation and the "
            f"loading of weights included: {max(warm.values()):.1f} s at most. The share beyond "
            "the network is the median over pairs of a search and the network right after it."
        )
