"""What a comparison of cold and warm searches leaves behind: tables, sounds, and a page."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ctag.history import SearchResult
from eval.harness.files import write_text
from scripts.jobs.pages import footer, publish
from scripts.jobs.searching import caveat_of, file_stem, write_sound
from scripts.runtime.page import Page
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run

GOAL = 1 / 3


@dataclass(frozen=True)
class Race:
    """Cold and warm searches.

    Attributes:
        prompts: whose searches are timed; the cold ones come first in `cold`.
        ways: how seeds were found; in `warm`, all prompts of the first way come first.
        synth: what was played.
        cold, warm: what was found.
    """

    prompts: Sequence[str]
    ways: tuple[str, ...]
    synth: Synth
    cold: SearchResult
    warm: SearchResult

    def needed(self) -> Float[np.ndarray, "ways prompts"]:
        """Generations until a warm search has the cold one's final score; infinite if never."""
        goal = self.cold.history.best[-1, : len(self.prompts)]
        best = self.warm.history.best.reshape(-1, len(self.ways), len(self.prompts))
        return first_reached(best, goal)

    def first(self) -> Float[np.ndarray, "ways prompts"]:
        """The best score after the first generation."""
        return self.warm.history.best[0].reshape(len(self.ways), len(self.prompts))

    def last(self) -> Float[np.ndarray, "ways prompts"]:
        """The best score at the end."""
        return self.warm.history.best[-1].reshape(len(self.ways), len(self.prompts))


def first_reached(
    best: Float[np.ndarray, "generations *shape"], goal: Float[np.ndarray, "..."]
) -> Float[np.ndarray, "*shape"]:
    """The first generation, from 1 on, whose best score is the goal or more; infinite if none."""
    there = best >= goal
    return np.where(there.any(0), there.argmax(0) + 1.0, np.inf)


def write(run: "Run", race: Race, intro: str, scorer: Any) -> dict[str, float]:
    """Write all files, and give the metrics."""
    n, total = len(race.prompts), len(race.cold.history)
    needed, first, last = race.needed(), race.first(), race.last()
    cold = race.cold.history.best[:, :n]
    metrics = {"score/cold": float(cold[-1].mean())}
    for place, way in enumerate(race.ways):
        # One that never gets there counts as longer than the search, so that medians stand.
        share = np.where(np.isfinite(needed[place]), needed[place] / total, 2.0)
        metrics |= {
            f"share_of_generations/{way}": float(np.median(share)),
            f"reached/{way}": float(np.isfinite(needed[place]).mean()),
            f"within_a_third/{way}": float((share <= GOAL).mean()),
            f"score/{way}": float(last[place].mean()),
            f"first_generation/{way}": float(first[place].mean()),
        }
    metrics["first_generation/cold"] = float(cold[0].mean())
    columns = ["prompt", "way", "first_generation", "final", "cold_final", "generations_needed"]
    rows = [
        (
            prompt,
            way,
            float(first[w, p]),
            float(last[w, p]),
            float(cold[-1, p]),
            "never" if np.isinf(needed[w, p]) else int(needed[w, p]),
        )
        for p, prompt in enumerate(race.prompts)
        for w, way in enumerate(race.ways)
    ]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([f"{value:.6g}" if isinstance(value, float) else value for value in row])
    write_text(run.artifact("warm_start.csv"), table.getvalue())
    _write_page(run, race, intro, scorer, metrics, rows, total)
    return metrics


def _write_page(
    run: "Run",
    race: Race,
    intro: str,
    scorer: Any,
    metrics: dict[str, float],
    rows: Sequence[Sequence[Any]],
    total: int,
) -> None:
    page = Page("Warm starts", intro, footer=footer(run))
    page.table(
        ["begins at", "share of generations, median", "reached", "within a third", "final score"],
        [
            (
                way,
                metrics[f"share_of_generations/{way}"],
                f"{metrics[f'reached/{way}']:.0%}",
                f"{metrics[f'within_a_third/{way}']:.0%}",
                metrics[f"score/{way}"],
            )
            for way in race.ways
        ],
        title=f"Until the cold search's score after {total} generations (never counts as 2)",
    )
    page.table(
        ["prompt", "begins at", "first generation", "final", "cold, final", "generations needed"],
        rows,
    )
    page.section("Sounds", caveat_of(scorer))
    needed = race.needed()
    for place, prompt in enumerate(race.prompts):
        soonest = int(np.argmin(needed[:, place]))
        _card(run, page, race, place, prompt, soonest)
    publish(run, page, None)


def _card(run: "Run", page: Page, race: Race, place: int, prompt: str, soonest: int) -> None:
    """One prompt: the cold search's sound, and that of the way that was there soonest."""
    row = soonest * len(race.prompts) + place
    way, rate = race.ways[soonest], race.cold.sample_rate
    card = page.card(prompt, subtitle=f"soonest: {way}", wide=True)
    files = {}
    for name, result, index in (("cold", race.cold, place), (way, race.warm, row)):
        stem = f"{file_stem(place, prompt)}-{name}"
        theta, wave = result.theta[index], result.audio[index]
        patch = write_sound(run, stem, race.synth, theta, wave, f"{prompt}, {name}")
        card.sound(wave, rate, label=f"{name}: {result.score[index]:.3f}")
        files[f"{stem}.yaml"] = patch.text()
    for name, text in files.items():
        card.download(name, text)
    card.curve(race.cold.history.best[:, place].tolist(), "best score, cold", "generation")
    card.curve(race.warm.history.best[:, row].tolist(), f"best score, {way}", "generation")
