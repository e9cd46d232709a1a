"""The job of the `ctag/ablation_...` experiments: one strategy, synthesizer, duration and seed."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ctag.history import SearchResult
from ctag.prompts import PromptSet
from ctag.scorers.protocol import Scorer
from ctag.search import Search
from ctag.strategies.base import Strategy
from eval.embedders.base import Classifier
from scripts.jobs.ablation.recognition import Recognition, recognise
from scripts.jobs.comparing import write_csv
from scripts.jobs.judging import OWN, Judgement, judged, labels_of, metrics_of, texts_for
from scripts.jobs.pages import footer, publish
from scripts.jobs.searching import (
    caveat_of,
    drift,
    file_stem,
    searched,
    title_of,
    write_history,
    write_sound,
)
from scripts.runtime.check import OutputPath
from scripts.runtime.page import Page
from synth.base import Synth
from synth.patch import Patch

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ablation:
    """Search for every prompt, and keep what comparisons need: curves, scores, patches.

    Writes `history.csv`, `scores.csv`, `patches/*.yaml`, and `sounds/*.wav` and `index.html` with
    the first `examples` prompts.

    Attributes:
        synth: what is played.
        strategy: the optimizer.
        scorer: the judge that is searched with.
        prompts: what to search for, and in which words.
        judges: other scorers, by name, that hear the best sounds; believe one that was not searched
            with.
        classifier: names what it hears in the best sounds; None: nobody does.
        iterations: generations.
        population: sounds a generation and prompt.
        examples: prompts whose sounds are kept and shown; the others' come from their patches.
        chunk_generations: generations between two checkpoints.
        chunk_samples: audio samples rendered and scored at a time, at most; None: by device.
        page: where a copy of the page goes; None: nowhere.
    """

    synth: Synth
    strategy: Strategy
    scorer: Scorer
    prompts: PromptSet
    judges: Mapping[str, Scorer] = field(default_factory=dict)
    classifier: Classifier | None = None
    iterations: int = 300
    population: int = 50
    examples: int = 10
    chunk_generations: int = 10
    chunk_samples: int | None = None
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Search, classify, write everything, and give the means over prompts."""
        prompts = labels_of(self.prompts)
        search = Search(
            self.synth,
            self.strategy,
            self.scorer,
            self.iterations,
            self.population,
            self.chunk_generations,
            self.chunk_samples,
        )
        texts = texts_for(self.scorer, self.prompts)
        result = searched(run, search, texts, title_of(self.strategy), prompts)
        judgements = judged(run, self.scorer, self.judges, self.prompts, result)
        heard = self._heard(result)
        write_history(run, result)
        _write_scores(run, result, judgements, heard)
        self._write_sounds(run, result, heard)
        return {
            "score": float(result.score.mean()),
            "score_lowest": float(result.score.min()),
            "score_drift": drift(result),
            "sounds_tried": float(self.iterations * self.population * len(prompts)),
            "n_params": float(self.synth.n_params),
            **metrics_of(judgements, prompts),
            **({} if heard is None else heard.metrics()),
        }

    def _heard(self, result: SearchResult) -> Recognition | None:
        """What the classifier says of the sounds; None without one."""
        if self.classifier is None:
            return None
        return recognise(self.classifier, result.prompts, result.audio, result.sample_rate)

    def _write_sounds(self, run: "Run", result: SearchResult, heard: Recognition | None) -> None:
        """Write the patches, and the first sounds with a page to hear them."""
        page = Page(
            f"{title_of(self.strategy)}, {type(self.synth).__name__}",
            f"Out of {self.iterations} generations of {self.population} sounds a prompt, of "
            f"{result.audio.shape[1] / result.sample_rate:g} s, the one with the highest score. "
            f"The first {min(self.examples, len(result.prompts))} of {len(result.prompts)} "
            "prompts; the patches of all are in this run's folder.",
            footer=footer(run),
        )
        if caveat := caveat_of(self.scorer):
            page.section("Sounds", caveat)
        for place, prompt in enumerate(result.prompts):
            theta, wave = result.theta[place], result.audio[place]
            stem = file_stem(place, prompt)
            if place >= self.examples:
                Patch.from_theta(self.synth, theta, name=prompt).save(
                    run.artifact(f"patches/{stem}.yaml")
                )
                continue
            write_sound(run, stem, self.synth, theta, wave, prompt)
            card = page.card(prompt, badge=f"score {result.score[place]:.2f}")
            card.sound(wave, result.sample_rate, alt=f"Spectrogram of the sound for {prompt}")
            card.curve(result.history.best[:, place].tolist(), "best score", "generation")
            if heard is not None:
                card.facts(heard.facts(place))
        if self.examples:
            publish(run, page, self.page)


def _write_scores(
    run: "Run",
    result: SearchResult,
    judgements: Sequence[Judgement],
    heard: Recognition | None,
) -> None:
    """Write `scores.csv`, a row a prompt; `class/...` is what the classifier says."""
    columns: dict[str, Iterable[object]] = {"prompt": result.prompts, "score": result.score}
    for judgement in judgements:
        if judgement.judge != OWN:
            columns[f"judge/{judgement.judge}"] = judgement.score
        if judgement.rank is not None:
            columns["/".join(filter(None, ("rank", judgement.judge)))] = judgement.rank
    if heard is not None:
        columns |= {f"class/{name}": values for name, values in heard.columns().items()}
    rows = zip(*columns.values(), strict=True)
    write_csv(run, "scores.csv", list(columns), [[_plain(cell) for cell in row] for row in rows])


def _plain(cell: object) -> object:
    return float(cell) if isinstance(cell, np.floating) else cell
