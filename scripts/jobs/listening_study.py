"""The job of `ctag/study`: the survey of what sounds are, and what people answered."""

import dataclasses
import logging
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib.figure import Figure

from ctag.prompts import PromptSet
from eval.harness.files import write_json, write_text
from eval.sounds.base import Clip
from eval.study.answers import Answers, answers_of, read_answers
from eval.study.contrasts import Contrast
from eval.study.identification import Stimulus, identification_study
from eval.study.page import Encoding, Sound, survey_page
from eval.study.plan import StudyPlan
from eval.study.recognition import ACCURACY, MEASURES, Recognition, analyse_recognition
from eval.study.simulated_recognition import simulated_recognition
from eval.study.subset import TextEmbedder, representatives
from scripts.jobs.comparing import play, write_csv, written
from scripts.jobs.judging import labels_of
from scripts.jobs.pages import footer, publish
from scripts.jobs.picture import png
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from scripts.systems.base import System, plain

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)

STAND_IN = "stand_in"
SIMULATED = 10  # people
SILENCE = 1e-3  # of full scale
COLOURS = ("#1d4ed8", "#64748b", "#c2410c", "#047857", "#7c3aed")
TITLES = {
    "accuracy": "accuracy",
    "confidence": "confidence, 1 to 5",
    "artistic": "artistic interpretation, 1 to 5",
}


@dataclass(frozen=True)
class ListeningStudy:
    """Build the survey; with answers, analyse them too (CTAG, Tables 3 and 7 to 9, Figure 9).

    Writes `survey.html` (one file for people), `plan.json` and `stimuli.csv` (for the experimenter:
    they tell what is what); with answers `answers.csv`, `contrasts.csv`, `prompts.csv`,
    `figure_9.png` and `index.html`. Settings and seed decide the survey and its version.

    Attributes:
        systems: by name, in the order of the contrasts.
        prompts: what the sounds are of.
        text: embeds the prompts, where fewer are to be chosen than there are.
        prompt_set: what they are called, for the record.
        n_prompts: so many, chosen by facility location; None: all.
        each: sounds of every prompt and system to draw from.
        drawn: so many of them are put to people.
        per_person: sounds that one person hears; a multiple of the number of systems; None: all.
        orders: different orders; give people's links `?id=NAME&order=0`, 1, 2, ... to use all.
        check: the prompt that the first attention check names; empty: any.
        answers: the folder of the files that people saved. null: none yet. stand_in: simulated
            people, for tests.
        encoding: of the sounds in the page: mp3 or wav.
        page: where a copy of the survey goes; None: nowhere.
    """

    systems: Mapping[str, System]
    prompts: PromptSet
    text: TextEmbedder
    prompt_set: str = ""
    n_prompts: int | None = 10
    each: int = 10
    drawn: int = 2
    per_person: int | None = None
    orders: int = 60
    check: str = ""
    answers: Path | None = None
    encoding: Encoding = "mp3"
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Build the survey, and analyse what was answered."""
        prompts = self._chosen_prompts()
        stimuli, waves = self._stimuli(run, prompts)
        try:
            plan, names = identification_study(
                stimuli, self.per_person, self.orders, run.seed, "identification", check=self.check
            )
        except ValueError as error:
            raise UserError(f"the study cannot be planned: {error}") from error
        sounds = {number: waves[name] for number, name in names.items()}
        survey = survey_page(plan, sounds, self.encoding)
        for path in filter(None, [run.artifact("survey.html"), self.page]):
            write_text(path, survey)
        write_json(run.artifact("plan.json"), dataclasses.asdict(plan) | {"version": plan.version})
        told = [[t.name, t.condition, t.label, names[t.sounds[0]]] for t in plan.trials]
        write_csv(run, "stimuli.csv", ["trial", "system", "prompt", "sound"], told)
        log.info("the survey: %s", run.artifact("survey.html").resolve())
        metrics = {"stimuli": float(len(stimuli)), "prompts": float(len(prompts.labels()))}
        if self.answers is None:
            return metrics
        answers = self._answers(plan, run.seed)
        for one in answers.excluded:
            log.warning("%s does not count: %s", one.participant, one.reason)
        try:
            analysis = analyse_recognition(plan, answers, tuple(self.systems))
        except ValueError as error:
            raise UserError(f"answers: {error}") from error
        self._write_results(run, analysis, answers, plan, sounds)
        return metrics | _metrics(analysis, answers)

    def _chosen_prompts(self) -> PromptSet:
        """The prompts of the test."""
        labels = labels_of(self.prompts)
        if self.n_prompts is None or self.n_prompts >= len(labels):
            return self.prompts
        try:
            chosen = representatives(labels, self.text, self.n_prompts)
        except ValueError as error:
            raise UserError(f"n_prompts: {error}") from error
        log.info("prompts chosen by %s: %s", self.text.name, ", ".join(chosen))
        return replace(self.prompts, texts=tuple(chosen), file=None)

    def _stimuli(self, run: "Run", prompts: PromptSet) -> tuple[list[Stimulus], dict[str, Sound]]:
        """The sounds that are put to people, and their waves by name."""
        if len(self.systems) < 2 or not 1 <= self.drawn <= self.each:
            raise UserError(
                f"{len(self.systems)} systems, drawn={self.drawn} of each={self.each}: two systems "
                "are needed, and no more can be drawn than there are"
            )
        names = [system.name for system in self.systems.values()]
        if len(set(names)) < len(names):
            raise UserError(
                f"systems: two are called the same ({', '.join(names)}): give job.systems.X.name=Y"
            )
        stimuli: list[Stimulus] = []
        waves: dict[str, Sound] = {}
        for name, system in self.systems.items():
            prompted = system.sounds(run, prompts, self.each)
            for label in prompts.labels():
                numbers = [n for n, own in enumerate(prompted.labels) if own == label]
                # A draw depends on its own prompt and system, not on which others there are.
                seed = [run.seed, zlib.crc32(f"{name}/{label}".encode())]
                order = np.random.default_rng(seed).permutation(numbers)
                heard = 0
                for number in order.tolist():
                    (clip,) = prompted.sounds.clips([number])
                    if heard == self.drawn:
                        break
                    if not isinstance(clip, Clip) or np.abs(clip.wave).max() < SILENCE:
                        log.warning("%s of %s is silent or cannot be read", clip.name, name)
                        continue
                    sound = f"{name}/{plain(label)}/{number}"
                    stimuli.append(Stimulus(sound, name, label))
                    waves[sound] = (clip.wave / max(1.0, np.abs(clip.wave).max()), clip.sample_rate)
                    heard += 1
                if heard < self.drawn:
                    raise UserError(
                        f"{name} has {heard} sounds of {label!r} that can be heard, "
                        f"{self.drawn} are wanted"
                    )
        return stimuli, waves

    def _answers(self, plan: StudyPlan, seed: int) -> Answers:
        if str(self.answers) == STAND_IN:
            return answers_of(plan, simulated_recognition(plan, SIMULATED, seed))
        assert self.answers is not None
        try:
            return read_answers(plan, self.answers)
        except (FileNotFoundError, ValueError) as error:
            raise UserError(f"answers: {error}") from error

    def _write_results(
        self,
        run: "Run",
        analysis: Recognition,
        answers: Answers,
        plan: StudyPlan,
        sounds: Mapping[str, Sound],
    ) -> None:
        write_text(
            run.artifact("answers.csv"), analysis.table.to_csv(index=False, lineterminator="\n")
        )
        rows = [
            [measure, *_plain_row(one)]
            for measure in MEASURES
            for one in analysis.outcomes[measure].contrasts
        ]
        head = ["contrast", "estimate", "se", "df", "low", "high", "statistic", "p"]
        write_csv(run, "contrasts.csv", ["measure", *head], rows)
        write_csv(
            run,
            "prompts.csv",
            ["system", "prompt", "accuracy", "low", "high"],
            [[*key, *estimate] for key, estimate in analysis.by_prompt.items()],
        )
        simulated = str(self.answers) == STAND_IN
        page = Page(
            "What people hear",
            f"{len(answers.participants)} {'simulated people' if simulated else 'people'} said "
            f"what {len(plan.trials)} sounds are; {len(answers.excluded)} more do not count."
            + ("\n\nNobody listened: these answers are made up, to test." if simulated else ""),
            footer=footer(run),
        )
        self._tables(page, analysis)
        figure = prompt_figure(analysis)
        run.tracker.figure("figure_9", figure)
        page.figure(
            png(run, "figure_9.png", figure),
            "Share of right answers by prompt and system",
            "Bars are 95 % intervals.",
        )
        if answers.excluded:
            page.table(
                ["who does not count", "why"],
                [[one.participant, one.reason] for one in answers.excluded],
            )
        self._players(page, analysis, plan, sounds)
        publish(run, page, None, "the results")

    def _tables(self, page: Page, analysis: Recognition) -> None:
        page.table(
            ["system", *TITLES.values()],
            [
                [system, *(written(analysis.outcomes[m].means[system]) for m in MEASURES)]
                for system in analysis.systems
            ],
            "Means, with 95 % intervals over people",
        )
        for measure in MEASURES:
            outcome = analysis.outcomes[measure]
            is_odds = measure == ACCURACY
            value, test = ("odds ratio", "z") if is_odds else ("estimate", "t")
            kind = "logistic" if is_odds else "linear"
            rows = [
                [str(cell) if isinstance(cell, str) else f"{cell:.3g}" for cell in _plain_row(one)]
                for one in outcome.contrasts
            ]
            page.table(
                ["contrast", value, "SE", "df", "low", "high", test, "p"],
                rows,
                f"{TITLES[measure].split(',')[0].capitalize()}: {kind} mixed model, Bonferroni",
            )
            if not outcome.converged:
                page.text(
                    "This model could not be fitted: a system is always right or never, or nobody "
                    "differs. Its contrasts say nothing."
                )

    def _players(
        self, page: Page, analysis: Recognition, plan: StudyPlan, sounds: Mapping[str, Sound]
    ) -> None:
        page.section("Hear them", "The sound of each system that was recognised best, and least.")
        table: Any = analysis.table  # pandas comes without types
        shares: Any = table.groupby("trial")[ACCURACY].mean().sort_values()
        trials = {trial.name: trial for trial in plan.trials}
        for system in analysis.systems:
            own = [name for name in shares.index if trials[name].condition == system]
            card = page.card(system, wide=True)
            for name in (own[-1], own[0]):
                sound = trials[name].sounds[0]
                label = f"{trials[name].label}: {shares[name]:.0%} right"
                play(card, Clip(name, *sounds[sound]), label)


def prompt_figure(analysis: Recognition) -> Figure:
    """The share of right answers, a group of bars a prompt (Figure 9)."""
    prompts = sorted({prompt for _, prompt in analysis.by_prompt})
    figure = Figure(figsize=(1.0 * len(prompts) + 2.0, 3.6), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(analysis.systems)
    for number, system in enumerate(analysis.systems):
        found = [(at, analysis.by_prompt.get((system, p))) for at, p in enumerate(prompts)]
        shown = [(at, one) for at, one in found if one is not None]
        places = [at + (number - (len(analysis.systems) - 1) / 2) * width for at, _ in shown]
        values = [100 * one.value for _, one in shown]
        ends = [[100 * (one.value - one.low) for _, one in shown]]
        ends.append([100 * (one.high - one.value) for _, one in shown])
        colour = COLOURS[number % len(COLOURS)]
        axes.bar(places, values, 0.9 * width, color=colour, label=system)
        axes.errorbar(places, values, np.abs(ends), fmt="none", ecolor="#1c1917", linewidth=0.9)
    axes.set_xticks(range(len(prompts)), prompts, rotation=30, ha="right", fontsize=8)
    axes.set(ylabel="right answers, %", ylim=(0, 100))
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, ncols=len(analysis.systems), loc="outside upper center")
    return figure


def _plain_row(one: Contrast) -> list[str | float]:
    """A contrast as a row of numbers."""
    numbers = (one.estimate, one.error, one.freedom, one.low, one.high, one.statistic, one.p)
    return [f"{one.first}-{one.second}", *map(float, numbers)]


def _metrics(analysis: Recognition, answers: Answers) -> dict[str, float]:
    """`ctag/accuracy`, `contrast/accuracy/ctag-audioldm/estimate`, `prompt/water-tap/ctag`."""
    metrics = {
        "people": float(len(answers.participants)),
        "excluded": float(len(answers.excluded)),
        "answers": float(len(analysis.table)),
    }
    for measure, outcome in analysis.outcomes.items():
        metrics[f"{measure}/converged"] = float(outcome.converged)
        deviations = {"people": outcome.people, "prompts": outcome.prompts, "rest": outcome.rest}
        metrics |= {f"{measure}/deviation_{name}": value for name, value in deviations.items()}
        for system, mean in outcome.means.items():
            metrics |= mean.metrics(f"{system}/{measure}")
        for one in outcome.contrasts:
            name = f"contrast/{measure}/{one.first}-{one.second}"
            columns = ("estimate", "se", "df", "low", "high", "statistic", "p")
            row = _plain_row(one)[1:]
            metrics |= {
                f"{name}/{c}": float(v)
                for c, v in zip(columns, row, strict=True)
                if np.isfinite(float(v))
            }
    for (system, prompt), share in analysis.by_prompt.items():
        metrics |= share.metrics(f"prompt/{plain(prompt)}/{system}")
    return metrics
