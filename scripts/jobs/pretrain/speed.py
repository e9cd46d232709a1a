"""The job of `doppel/speed`: pairs a second of a pretraining, and where the time goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

import jax
import numpy as np
import torch
from matplotlib.figure import Figure

from doppel.front_end import FrontEnd
from doppel.training.recipe import Recipe
from eval.harness.arrays import to_torch
from eval.harness.devices import Device, torch_device
from scripts.jobs.comparing import write_csv
from scripts.jobs.pages import footer, publish
from scripts.jobs.picture import png
from scripts.jobs.speed.peers import synthax
from scripts.jobs.speed.renderers import Sounds
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["Feed", "PretrainSpeed"]

Feed = Literal["ours", "synthax"]
Views = tuple[torch.Tensor, torch.Tensor]
STAGES: tuple[str, ...] = ("render", "front_end", "encoder", "backward", "optimizer")


@dataclass(frozen=True)
class PretrainSpeed:
    """Time the steps of a pretraining fed by our renderer, and by SynthAX' in the same process.

    Everything is waited for after each stage. The feeds take turns, round by round, so that a
    machine that slows down slows both. SynthAX renders two batches of sounds with parameters of its
    own; it need not perturb them.

    Attributes:
        recipe: the training.
        feeds: which renderers.
        steps: of a round and feed.
        rounds: of which the medians are reported.
        device: where.
    """

    recipe: Recipe
    feeds: tuple[Feed, ...] = ("ours", "synthax")
    steps: int = 5
    rounds: int = 5
    device: Device = "auto"

    def __call__(self, run: Run) -> dict[str, float]:
        """Measure, and give pairs a second and shares by feed."""
        device = torch_device(self.device)
        feeds = {feed: self._feed(feed, run.seed) for feed in self.feeds}
        training = _Training(self.recipe, run.seed, device)
        rows: list[dict[str, Any]] = []
        with run.progress((self.rounds + 1) * len(feeds), "timing steps") as bar:
            # The first round compiles and is not counted.
            for number in range(self.rounds + 1):
                for feed, views in feeds.items():
                    spent = dict.fromkeys(STAGES, 0.0)
                    for step in range(self.steps if number else 1):
                        training.step(views, number * self.steps + step, spent)
                    if number:
                        rows.append({"feed": feed, "round": number, **spent})
                    bar.update()
        return self._report(run, rows)

    def _feed(self, feed: Feed, seed: int) -> Callable[[int], Views]:
        """Views by the number of a step."""
        if feed == "ours":
            stream = self.recipe.source.training(seed, self.recipe.batch_size)
            return lambda step: stream.batch(0, step).to_torch()
        try:
            batch, rate = self.recipe.batch_size, self.recipe.source.sample_rate
            renderer: Any = synthax(Sounds(batch=batch, sample_rate=int(rate), duration_s=1.0))
        except ImportError as error:
            raise UserError(
                f"SynthAX is not installed ({error}): make setup-bench, or job.feeds=[ours]"
            ) from error

        def views(step: int) -> Views:
            both = []
            for view in range(2):
                renderer.render(2 * step + view)
                renderer.wait()
                both.append(to_torch(jax.numpy.asarray(renderer.latest, np.float32)))
            return both[0], both[1]

        return views

    def _report(self, run: Run, rows: list[dict[str, Any]]) -> dict[str, float]:
        figures: dict[str, float] = {}
        for feed in self.feeds:
            mine = [row for row in rows if row["feed"] == feed]
            totals = [sum(row[stage] for stage in STAGES) for row in mine]
            pairs = self.steps * self.recipe.batch_size
            figures[f"{feed}/pairs_per_second"] = pairs / median(totals)
            for stage in STAGES:
                shares = [row[stage] / total for row, total in zip(mine, totals, strict=True)]
                figures[f"{feed}/share/{stage}"] = median(shares)
        if {"ours", "synthax"} <= set(self.feeds):
            figures["ratio"] = (
                figures["ours/pairs_per_second"] / figures["synthax/pairs_per_second"]
            )
        write_csv(run, "seconds.csv", list(rows[0]), [list(row.values()) for row in rows])
        page = Page(
            "How fast an encoder is trained",
            f"Steps of {self.recipe.batch_size} pairs, everything waited for after each stage; "
            f"medians of {self.rounds} rounds of {self.steps} steps, the feeds in turns.",
            footer(run),
        )
        page.figure(png(run, "shares.png", _bars(figures, self.feeds)), "Seconds a step, by stage")
        page.table(["figure", "value"], list(figures.items()))
        publish(run, page, None)
        return figures


class _Training:
    """An encoder in training, timed stage by stage."""

    def __init__(self, recipe: Recipe, seed: int, device: torch.device) -> None:
        self.recipe, self.device = recipe, device
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.encoder = recipe.encoder.build().to(device)
        if recipe.channels_last:
            self.encoder.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.front_end = FrontEnd().to(device)
        self.optimizer = recipe.optimizer.build(self.encoder.parameters(), recipe.batch_size)

    def step(self, feed: Callable[[int], Views], number: int, spent: dict[str, float]) -> None:
        """Make one step, and add what its stages took."""
        with self._timed(spent, "render"):
            views = feed(number)
        with self._timed(spent, "front_end"):
            pictures = self.front_end(torch.cat([view.to(self.device) for view in views]))
        half = self.recipe.precision == "bfloat16"
        with self._timed(spent, "encoder"):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
                vectors = self.encoder(pictures)
            vectors = vectors.float()
            if self.recipe.loss.normalised:
                vectors = torch.nn.functional.normalize(vectors, dim=1)
            loss = self.recipe.loss(*vectors.chunk(2))
        with self._timed(spent, "backward"):
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
        with self._timed(spent, "optimizer"):
            self.optimizer.step()

    @contextmanager
    def _timed(self, spent: dict[str, float], stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        spent[stage] += time.perf_counter() - start


def _bars(figures: dict[str, float], feeds: tuple[Feed, ...]) -> Figure:
    figure = Figure(figsize=(7.0, 0.8 + 0.6 * len(feeds)), layout="constrained")
    panel = figure.subplots()
    left = np.zeros(len(feeds))
    for stage in STAGES:
        widths = np.array(
            [1000 * figures[f"{f}/share/{stage}"] / figures[f"{f}/pairs_per_second"] for f in feeds]
        )
        panel.barh(list(feeds), widths, left=left, label=stage.replace("_", " "))
        left += widths
    panel.invert_yaxis()
    panel.set_xlabel("milliseconds a pair")
    figure.legend(loc="outside upper center", ncols=len(STAGES), fontsize=8)
    return figure
