"""The job of `ctag/search` and `ctag/demo`: prompts become sounds, patches and a page."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ctag.history import SearchResult
from ctag.locks import Lock
from ctag.prompts import PromptSet
from ctag.scorers.protocol import Scorer
from ctag.search import Search as CtagSearch
from ctag.strategies.base import Strategy
from scripts.jobs.judging import OWN, Judgement, judged, labels_of, metrics_of, texts_for
from scripts.jobs.pages import footer, publish
from scripts.jobs.searching import (
    caveat_of,
    drift,
    explain,
    file_stem,
    held_by,
    searched,
    title_of,
    write_history,
    write_sound,
)
from scripts.runtime.check import OutputPath
from scripts.runtime.page import Card, Page
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Search:
    """Search for the sound of every prompt (CTAG, Algorithm 1).

    Writes `sounds/*.wav`, `patches/*.yaml`, `history.csv` and `index.html` to the run's folder.
    The metrics are the scores of the sounds as saved.

    Attributes:
        synth: what is played.
        strategy: the optimizer.
        scorer: the judge.
        prompts: what to search for, and in which words.
        iterations: generations.
        population: sounds a generation and prompt.
        title: of the page.
        chunk_generations: generations between two checkpoints.
        chunk_samples: audio samples rendered and scored at a time, at most; None: by device.
        page: where a copy of the page goes; None: nowhere.
        judges: other scorers, by name, that hear the best sounds; each adds `judge/NAME`. Where
            there is a choice, believe a judge that the search did not use.
        lock: parameters that are fixed (a number in human units), or kept in a range ([low, high]),
            by module and name; see `ctag.locks`.
    """

    synth: Synth
    strategy: Strategy
    scorer: Scorer
    prompts: PromptSet
    iterations: int = 300
    population: int = 50
    title: str = "Sounds from words"
    chunk_generations: int = 10
    chunk_samples: int | None = None
    page: OutputPath | None = None
    judges: Mapping[str, Scorer] = field(default_factory=dict)
    lock: Lock = field(default_factory=dict)

    def __call__(self, run: "Run") -> dict[str, float]:
        """Search, write everything, and give the scores."""
        prompts = labels_of(self.prompts)
        held = held_by(self.synth, self.lock)
        search = CtagSearch(
            self.synth,
            self.strategy,
            self.scorer,
            self.iterations,
            self.population,
            self.chunk_generations,
            self.chunk_samples,
            self.lock,
        )
        texts = texts_for(self.scorer, self.prompts)
        result = searched(run, search, texts, "searching", prompts)
        write_history(run, result)
        judgements = judged(run, self.scorer, self.judges, self.prompts, result)
        self._write_page(run, result, judgements, held)
        self._tell(result)
        scores = {
            f"score/{prompt}": float(s) for prompt, s in zip(prompts, result.score, strict=True)
        }
        return {
            "score": float(result.score.mean()),
            "score_lowest": float(result.score.min()),
            "score_drift": drift(result),
            "sounds_tried": float(self.iterations * self.population * len(prompts)),
            **scores,
            **metrics_of(judgements, prompts),
        }

    def _write_page(
        self, run: "Run", result: SearchResult, judgements: Sequence[Judgement], held: str
    ) -> None:
        """Write the sounds, their patches, and the page that shows them."""
        caveat = caveat_of(self.scorer)
        page = Page(self.title, self._intro(len(result.prompts)) + held, footer=footer(run))
        if caveat:
            page.section("Sounds", caveat)
        for place, prompt in enumerate(result.prompts):
            theta, wave, score = result.theta[place], result.audio[place], result.score[place]
            stem = file_stem(place, prompt)
            patch = write_sound(run, stem, self.synth, theta, wave, prompt)
            card = page.card(prompt, badge=f"score {score:.2f}")
            card.sound(wave, result.sample_rate, alt=f"Spectrogram of the sound for {prompt}")
            card.curve(result.history.best[:, place].tolist(), "best score", "generation")
            if hasattr(self.scorer, "explain"):
                explain(card, self.scorer.explain(prompt, wave, result.sample_rate))  # pyright: ignore[reportAttributeAccessIssue]
            _tell_judgements(card, judgements, place)
            card.patch(patch.rows())
            card.download(f"{stem}.yaml", patch.text())
            run.tracker.audio(f"sounds/{stem}", wave, result.sample_rate, f"{prompt}: {score:.3f}")
        publish(run, page, self.page, "the page with all sounds")

    def _intro(self, n_prompts: int) -> str:
        return (
            f"Each of these {n_prompts} sounds was searched for from its words alone: out of "
            f"{self.iterations * self.population:,} sounds of a synthesizer with "
            f"{self.synth.n_params} parameters ({type(self.synth).__name__}), the one that the "
            f"judge liked best. {title_of(self.strategy)} chose what to try next.\n\n"
            "A sound is its patch: the parameters below it, in human units, make it again on any "
            "machine, and can be edited."
        )

    def _tell(self, result: SearchResult) -> None:
        """Log the scores, with what the scorer wants said about them."""
        for prompt, score in zip(result.prompts, result.score, strict=True):
            log.info("%s: score %.3f", prompt, score)
        if caveat := caveat_of(self.scorer):
            log.info("%s", caveat)


def _tell_judgements(card: Card, judgements: Sequence[Judgement], place: int) -> None:
    """Show on a card what the judges say of its sound."""
    rows = []
    for judgement in judgements:
        name = "this search's" if judgement.judge == OWN else judgement.judge.replace("_", " ")
        rank = "" if judgement.rank is None else f"{judgement.rank[place]:.0f}"
        if np.isfinite(judgement.score[place]):
            rows.append((name, f"{judgement.score[place]:.3f}", rank))
    if rows:
        card.table(["judge", "score", "rank of the class"], rows, title="Other judges")
