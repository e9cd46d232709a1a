"""The job of `eval/listening_pairs`: a listening test of pairs, and what people answered."""

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from eval.embedders.base import Embedder
from eval.harness.files import write_json, write_text
from eval.similarity.pairs import cosines
from eval.sounds.arrays import ArraySounds
from eval.sounds.base import Clip
from eval.study.answers import Answers, answers_of, read_answers
from eval.study.page import Encoding, Sound, survey_page
from eval.study.pairs import RatingAnalysis, analyse_ratings, pair_study
from eval.study.plan import StudyPlan
from eval.study.simulated import simulated_ratings
from scripts.jobs.comparing import play, write_csv
from scripts.jobs.pages import footer, publish
from scripts.jobs.picture import png
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from scripts.sounds.pairs import PairSounds
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)

STAND_IN = "stand_in"
SILENCE = 1e-3  # of full scale: a pair with a peak below it is not put to people
CANDIDATES = 4  # drawn for every pair that is wanted, since some are silent


@dataclass(frozen=True)
class ListeningPairs:
    """Build the survey of pairs' similarity by delta; with answers, analyse them too.

    Writes `survey.html` (one file for people), `plan.json` (for the experimenter: it tells the
    conditions), `pairs.csv`; with answers `ratings.csv`, `ratings.png` and `index.html`. The
    survey and its version are decided by the settings and the seed, not by the answers.

    Attributes:
        synth: what plays.
        embedder: what hears beside the people.
        deltas: rising.
        pairs_per_delta: pairs in the test, of different patches at every delta.
        per_person: pairs that one person hears; a multiple of the number of deltas.
        orders: different orders; give people's links `?id=NAME&order=0`, 1, 2, ... to use all.
        answers: the folder of the files that people saved. null: none yet. stand_in: simulated
            people, for tests.
        encoding: of the sounds in the page: mp3 or wav.
        page: where a copy of the survey goes; None: nowhere.
    """

    synth: Synth
    embedder: Embedder
    deltas: tuple[float, ...] = (0.01, 0.05, 0.10, 0.25, 0.50)
    pairs_per_delta: int = 12
    per_person: int = 30
    orders: int = 60
    answers: Path | None = None
    encoding: Encoding = "mp3"
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Build the survey, and analyse what was answered."""
        conditions, sounds, passed_over = self._pairs(run.seed)
        factors = {f"{delta:g}": delta for delta in self.deltas}
        try:
            plan = pair_study(conditions, self.per_person, self.orders, run.seed)
        except ValueError as error:
            raise UserError(f"per_person: {error}") from error
        similarities = self._similarities(conditions, sounds)
        survey = survey_page(plan, sounds, self.encoding)
        for path in filter(None, [run.artifact("survey.html"), self.page]):
            write_text(path, survey)
        write_json(run.artifact("plan.json"), dataclasses.asdict(plan) | {"version": plan.version})
        write_csv(
            run,
            "pairs.csv",
            ["pair", "delta", "similarity"],
            [[pair, factors[delta], similarities[pair]] for pair, delta in conditions.items()],
        )
        log.info("the survey: %s", run.artifact("survey.html").resolve())
        metrics = {"pairs": float(len(conditions)), "silent_passed_over": float(passed_over)}
        if self.answers is None:
            return metrics
        answers = self._answers(plan, factors, run.seed)
        for one in answers.excluded:
            log.warning("%s does not count: %s", one.participant, one.reason)
        analysis = analyse_ratings(plan, answers, factors, similarities, run.seed)
        self._write_results(run, analysis, answers, sounds)
        return metrics | _metrics(analysis, answers)

    def _pairs(self, seed: int) -> tuple[dict[str, str], dict[str, Sound], int]:
        """Delta of every pair by name, its sounds, and how many were passed over as silent."""
        conditions: dict[str, str] = {}
        sounds: dict[str, Sound] = {}
        passed_over = 0
        pool = CANDIDATES * self.pairs_per_delta
        for place, delta in enumerate(self.deltas):
            sides = [
                PairSounds(self.synth, pool * len(self.deltas), delta, side, seed)
                for side in ("first", "second")
            ]
            # Every delta has patches of its own, so that nobody hears one patch again and again.
            numbers = range(place * pool, (place + 1) * pool)
            found = 0
            for number, *pair in zip(
                numbers, *(side.clips(numbers) for side in sides), strict=True
            ):
                if found == self.pairs_per_delta:
                    break
                waves = [clip.wave for clip in pair if isinstance(clip, Clip)]
                if min(np.abs(wave).max() for wave in waves) < SILENCE:
                    passed_over += 1
                    continue
                found += 1
                name = f"pair-{number}"
                conditions[name] = f"{delta:g}"
                for side, wave in zip(("first", "second"), waves, strict=True):
                    sounds[f"{name}/{side}"] = (wave, self.synth.config.sample_rate)
            if found < self.pairs_per_delta:
                raise UserError(
                    f"only {found} of {pool} pairs at delta {delta:g} can be heard, "
                    f"{self.pairs_per_delta} are wanted: take fewer, or another synth"
                )
        return conditions, sounds, passed_over

    def _similarities(
        self, conditions: Mapping[str, str], sounds: Mapping[str, Sound]
    ) -> dict[str, float]:
        """The cosine of each pair, by name."""
        from eval.embedding import embed

        rate = self.synth.config.sample_rate
        sides = []
        for side in ("first", "second"):
            waves = [sounds[f"{pair}/{side}"][0] for pair in conditions]
            sides.append(np.asarray(embed(ArraySounds(side, waves, rate), self.embedder).vectors))
        return dict(zip(conditions, cosines(*sides).tolist(), strict=True))

    def _answers(self, plan: StudyPlan, factors: Mapping[str, float], seed: int) -> Answers:
        if str(self.answers) == STAND_IN:
            return answers_of(plan, simulated_ratings(plan, factors, 12, seed))
        assert self.answers is not None
        try:
            return read_answers(plan, self.answers)
        except (FileNotFoundError, ValueError) as error:
            raise UserError(f"answers: {error}") from error

    def _write_results(
        self, run: "Run", analysis: RatingAnalysis, answers: Answers, sounds: Mapping[str, Sound]
    ) -> None:
        write_text(run.artifact("ratings.csv"), analysis.pairs.to_csv(lineterminator="\n"))
        simulated = str(self.answers) == STAND_IN
        people = "simulated people" if simulated else "people"
        page = Page(
            "What people hear in pairs",
            f"{len(answers.participants)} {people} rated the similarity of {len(analysis.pairs)} "
            f"pairs from 1 to 7; {len(answers.excluded)} more do not count. Beside them "
            f"{self.embedder.name}."
            + ("\n\nNobody listened: these answers are made up, to test." if simulated else ""),
            footer=footer(run),
        )
        figure = rating_figure(analysis, self.embedder.name)
        run.tracker.figure("ratings", figure)
        page.figure(
            png(run, "ratings.png", figure),
            f"Ratings over delta, and over the similarity that {self.embedder.name} hears",
            "A point is a pair; rings are means with 95 % intervals over people.",
        )
        model = analysis.model
        page.table(
            ["quantity", "value"],
            [
                [f"mean rating at delta {delta}", str(mean)]
                for delta, mean in analysis.by_condition.items()
            ]
            + [
                ["rank correlation of ratings and embedding", str(analysis.with_similarity)],
                ["rank correlation of ratings and delta", str(analysis.with_factor)],
                ["rank correlation of a person and all others", str(analysis.agreement)],
                ["points for a tenfold delta (mixed model)", str(model.slope)],
                ["deviation of people", model.person],
                ["deviation of pairs", model.sound],
                ["deviation of the rest", model.rest],
            ],
        )
        if answers.excluded:
            page.table(
                ["who does not count", "why"],
                [[one.participant, one.reason] for one in answers.excluded],
            )
        page.section("Hear them", "The pairs that were rated least and most similar.")
        ordered = analysis.pairs.sort_values("rating").index
        for pair in (ordered[0], ordered[-1]):
            row = analysis.pairs.loc[pair]
            card = page.card(
                f"rated {row['rating']:.1f}",
                f"delta {row['condition']}, {self.embedder.name} {row['similarity']:.3f}",
                wide=True,
            )
            for side, letter in zip(("first", "second"), "AB", strict=True):
                play(card, Clip(pair, *sounds[f"{pair}/{side}"]), letter)
        publish(run, page, None, "the results")


def rating_figure(analysis: RatingAnalysis, embedder: str) -> Figure:
    """Mean ratings of pairs over delta, and over the embedding's similarity."""
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    pairs = analysis.pairs
    left.scatter(pairs["factor"], pairs["rating"], s=14, color="#94a3b8", linewidths=0)
    factors = dict(zip(pairs["condition"], pairs["factor"], strict=True))
    for condition, mean in analysis.by_condition.items():
        place = factors[condition]
        left.plot([place, place], [mean.low, mean.high], color="#c2410c", linewidth=2)
        left.plot(place, mean.value, "o", color="#c2410c", markersize=8, fillstyle="none")
    left.set_xscale("log")
    left.set_xticks(list(factors.values()), list(factors))
    left.xaxis.set_minor_locator(NullLocator())
    left.set(xlabel="delta", ylabel="mean rating", ylim=(0.8, 7.2))
    right.scatter(pairs["similarity"], pairs["rating"], s=18, color="#1d4ed8", linewidths=0)
    right.set_xlabel(f"cosine similarity, {embedder}")
    right.set_title(f"rank correlation {analysis.with_similarity.value:.2f}", fontsize=10)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _metrics(analysis: RatingAnalysis, answers: Answers) -> dict[str, float]:
    model = analysis.model
    metrics = {
        "people": float(len(answers.participants)),
        "excluded": float(len(answers.excluded)),
        "slope_p": model.p,
        "deviation/people": model.person,
        "deviation/pairs": model.sound,
        "deviation/rest": model.rest,
    }
    for delta, mean in analysis.by_condition.items():
        metrics |= mean.metrics(f"delta_{delta}/rating")
    metrics |= model.slope.metrics("slope")
    metrics |= analysis.with_similarity.metrics("spearman_embedding")
    metrics |= analysis.with_factor.metrics("spearman_delta")
    return metrics | analysis.agreement.metrics("agreement")
