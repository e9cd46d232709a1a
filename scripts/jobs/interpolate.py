"""The job of `ctag/interpolate`: what lies between the sounds of two prompts (Figure 8 of CTAG)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib

matplotlib.use("Agg")
from matplotlib.figure import Figure

from ctag.interpolation import Line, line_between
from ctag.scorers.protocol import Scorer
from ctag.search import Search
from ctag.strategies.base import Strategy
from scripts.jobs.comparing import write_csv
from scripts.jobs.pages import footer, publish
from scripts.jobs.picture import png
from scripts.jobs.searching import (
    caveat_of,
    drift,
    file_stem,
    searched,
    write_history,
    write_sound,
)
from scripts.jobs.spectrograms import Picture, spectrograms
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)

Pair = tuple[str, str]


@dataclass(frozen=True)
class Interpolate:
    """Search both ends of pairs of prompts, and go from one to the other in parameter space.

    Writes `sounds/*.wav` and `patches/*.yaml` of every step, `scores.csv`, `history.csv`,
    `figure_8.png`, `scores.png` and `index.html`. The metrics are the scores of every step.

    Attributes:
        synth: what is played.
        strategy: the optimizer.
        scorer: the judge.
        pairs: two prompts each; one that comes in several pairs is searched for once.
        steps: sounds between the two ends.
        iterations: generations.
        population: sounds a generation and prompt.
        chunk_generations: generations between two checkpoints.
        chunk_samples: audio samples rendered and scored at a time, at most; None: by device.
        page: where a copy of the page goes; None: nowhere.
    """

    synth: Synth
    strategy: Strategy
    scorer: Scorer
    pairs: Sequence[Sequence[str]]
    steps: int = 3
    iterations: int = 300
    population: int = 50
    chunk_generations: int = 10
    chunk_samples: int | None = None
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Search, interpolate, write everything, and give the scores along the way."""
        pairs = self._pairs()
        search = Search(
            self.synth,
            self.strategy,
            self.scorer,
            self.iterations,
            self.population,
            self.chunk_generations,
            self.chunk_samples,
        )
        prompts = list(dict.fromkeys(prompt for pair in pairs for prompt in pair))
        result = searched(run, search, prompts, "searching the ends")
        write_history(run, result)
        place = {prompt: row for row, prompt in enumerate(prompts)}
        lines = {
            pair: line_between(
                self.synth,
                self.scorer,
                pair,
                result.theta[[place[pair[0]], place[pair[1]]]],
                self.steps,
            )
            for pair in pairs
        }
        _write_scores(run, lines)
        self._write_page(run, lines)
        return {"score": float(result.score.mean()), "score_drift": drift(result)} | _metrics(lines)

    def _pairs(self) -> list[Pair]:
        found: list[Pair] = []
        for pair in self.pairs:
            if isinstance(pair, str) or len(pair) != 2 or not all(word.strip() for word in pair):
                raise UserError(f"pairs: {pair!r} is not two prompts: give [[spray, machine gun]]")
            found.append((pair[0].strip(), pair[1].strip()))
        if not found or len(set(found)) < len(found) or self.steps < 0:
            raise UserError(
                f"pairs, steps: {len(found)} pairs and {self.steps} steps; at least one pair is "
                "needed, each once, and no negative number of steps"
            )
        return found

    def _write_page(self, run: "Run", lines: Mapping[Pair, Line]) -> None:
        rate = self.synth.config.sample_rate
        caveat = caveat_of(self.scorer)
        page = Page(
            "From one sound to another",
            f"Both ends of each of {len(lines)} pairs were searched for from their words. The "
            f"{self.steps} sounds between them are on the straight line from one's parameters to "
            "the other's, at equal steps: nothing was searched for them.\n\n" + caveat,
            footer=footer(run),
        )
        rows: list[list[Picture]] = []
        for pair, line in lines.items():
            titles = [_title(pair, share) for share in line.shares]
            rows.append([Picture(*item, rate) for item in zip(titles, line.audio, strict=True)])
        figure = spectrograms(rows)
        run.tracker.figure("figure_8", figure)
        named = "; ".join(f"from {start} to {end}" for start, end in lines)
        page.figure(png(run, "figure_8.png", figure), f"Spectrograms {named}")
        scores = score_figure(lines)
        run.tracker.figure("scores", scores)
        page.figure(
            png(run, "scores.png", scores),
            f"Scores of both prompts {named}",
            "How well each sound fits the prompt of the start and that of the end.",
        )
        number = 0
        for pair, line in lines.items():
            card = page.card(f"{pair[0]} to {pair[1]}", wide=True)
            for share, theta, wave in zip(line.shares, line.theta, line.audio, strict=True):
                title = _title(pair, share)
                stem = file_stem(number, f"{pair[0]} to {pair[1]} {share:.0%}")
                write_sound(run, stem, self.synth, theta, wave, title)
                card.sound(wave, rate, title)
                run.tracker.audio(f"sounds/{stem}", wave, rate, title)
                number += 1
            card.table(
                ["on the way", f"score: {pair[0]}", f"score: {pair[1]}"],
                [
                    [f"{share:.0%}", f"{first:.3f}", f"{second:.3f}"]
                    for share, first, second in zip(line.shares, *line.scores, strict=True)
                ],
            )
        publish(run, page, self.page)


def score_figure(lines: Mapping[Pair, Line]) -> Figure:
    """Scores of both prompts on the way, a panel a pair."""
    figure = Figure(figsize=(3.4 * len(lines), 2.9), layout="constrained")
    panels = figure.subplots(1, len(lines), squeeze=False, sharey=True)[0]
    for axes, (pair, line) in zip(panels, lines.items(), strict=True):
        for prompt, scores, colour in zip(pair, line.scores, ("#c2410c", "#1d4ed8"), strict=True):
            axes.plot(100 * line.shares, scores, "o-", color=colour, label=prompt)
        axes.set_xlabel("on the way, %")
        axes.legend(frameon=False, fontsize=8)
        axes.grid(color="#e2e8f0", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("score")
    return figure


def _title(pair: Pair, share: float) -> str:
    """What a step is called: the prompts at the ends, how far it is between them."""
    if share in (0.0, 1.0):
        return pair[int(share)]
    return f"{share:.0%} of the way"


def _write_scores(run: "Run", lines: Mapping[Pair, Line]) -> None:
    rows = [
        [*pair, float(share), float(first), float(second)]
        for pair, line in lines.items()
        for share, first, second in zip(line.shares, *line.scores, strict=True)
    ]
    write_csv(run, "scores.csv", ["from", "to", "share", "score_from", "score_to"], rows)


def _metrics(lines: Mapping[Pair, Line]) -> dict[str, float]:
    """`spray_to_machine-gun/from_0.25`: the score of the start's prompt a quarter on the way."""
    metrics: dict[str, float] = {}
    for pair, line in lines.items():
        name = "_to_".join(prompt.lower().replace(" ", "-") for prompt in pair)
        for side, scores in zip(("from", "to"), line.scores, strict=True):
            for share, score in zip(line.shares, scores, strict=True):
                metrics[f"{name}/{side}_{share:g}"] = float(score)
    return metrics
