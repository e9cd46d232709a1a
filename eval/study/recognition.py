"""What people's answers say of the systems that made the sounds (CTAG, Tables 3, 7, 8, 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eval.statistics.estimate import Estimate
from eval.statistics.intervals import t_interval, wilson
from eval.study.answers import Answers
from eval.study.contrasts import Contrast, contrasts
from eval.study.identification import ARTISTIC, CATEGORY, CONFIDENCE, SURE
from eval.study.linear import fit_linear, indicators
from eval.study.logistic import fit_logistic
from eval.study.plan import StudyPlan

if TYPE_CHECKING:
    import pandas

__all__ = ["ACCURACY", "MEASURES", "Outcome", "Recognition", "analyse_recognition"]

ACCURACY = "accuracy"
MEASURES = (ACCURACY, CONFIDENCE, ARTISTIC)
_POINTS = len(SURE)


@dataclass(frozen=True)
class Outcome:
    """One measure of all systems.

    Attributes:
        means: of each system, with 95 % intervals over people: everybody's own mean counts once.
        contrasts: every system less each one listed before it; of accuracy, the ratio of odds, and
            none where the model could not be fitted.
        people, prompts, rest: standard deviations of the mixed model's intercepts and of what is
            left (NaN for accuracy), in the measure's units; of accuracy, in log odds.
        converged: whether the model could be fitted; not where a system is always right or never.
    """

    means: dict[str, Estimate]
    contrasts: tuple[Contrast, ...]
    people: float
    prompts: float
    rest: float
    converged: bool


@dataclass(frozen=True)
class Recognition:
    """The analysis.

    Attributes:
        systems: in the order of the contrasts.
        outcomes: accuracy (share of right categories), confidence (1 not at all, 5 completely: the
            survey's scale turned round) and artistic (1 realistic, 5 artistic).
        by_prompt: the share of right categories by system and prompt, with Wilson's intervals.
        table: a row an answer: participant, trial, system, prompt, category, accuracy, confidence,
            artistic, seconds.
    """

    systems: tuple[str, ...]
    outcomes: dict[str, Outcome]
    by_prompt: dict[tuple[str, str], Estimate]
    table: pandas.DataFrame


def analyse_recognition(
    plan: StudyPlan, answers: Answers, systems: Sequence[str] | None = None
) -> Recognition:
    """Fit the mixed models and their contrasts.

    Accuracy by a logistic model, confidence and artistic by linear ones, each with an intercept for
    every system and random intercepts of people and, crossed with them, of prompts. The thesis
    names no random effects; its 579 degrees of freedom are Satterthwaite's for exactly these, with
    ten people, ten prompts and 600 answers.

    Args:
        plan: the test.
        answers: to it.
        systems: in the order of the contrasts; None: sorted.

    Raises:
        ValueError: fewer than two people, prompts or systems with answers, or `systems` are others.
    """
    trials = {trial.name: trial for trial in plan.trials}
    given: Any = answers.table  # pandas comes without types
    table = given.assign(
        system=[trials[name].condition for name in given["trial"]],
        prompt=[trials[name].label for name in given["trial"]],
    )
    table[ACCURACY] = (table[CATEGORY] == table["prompt"]).astype(float)
    table[CONFIDENCE] = table[CONFIDENCE].map({name: _POINTS - n for n, name in enumerate(SURE)})
    table[ARTISTIC] = table[ARTISTIC].astype(float)
    found = sorted(set(table["system"]))
    order = tuple(found if systems is None else systems)
    if sorted(order) != found:
        raise ValueError(f"the answers are to sounds of {', '.join(found)}, not {', '.join(order)}")
    if min(len(order), len(answers.participants), table["prompt"].nunique()) < 2:
        raise ValueError(
            f"{len(answers.participants)} people, {table['prompt'].nunique()} prompts and "
            f"{len(order)} systems: two of each are needed at least"
        )
    by_prompt = {
        (system, prompt): wilson(int(rows[ACCURACY].sum()), len(rows))
        for (system, prompt), rows in table.groupby(["system", "prompt"])
    }
    columns = ["participant", "trial", "system", "prompt", CATEGORY, *MEASURES, "seconds"]
    return Recognition(
        order,
        {measure: _outcome(table, measure, order) for measure in MEASURES},
        by_prompt,
        table[columns].reset_index(drop=True),
    )


def _outcome(table: Any, measure: str, systems: tuple[str, ...]) -> Outcome:
    personal = table.groupby(["system", "participant"])[measure].mean()
    means = {system: t_interval(personal[system].tolist()) for system in systems}
    values = table[measure].to_numpy(float)
    place = {system: number for number, system in enumerate(systems)}
    design = indicators(table["system"].map(place).to_numpy())
    groups = [table["participant"].to_numpy(str), table["prompt"].to_numpy(str)]
    if measure == ACCURACY:
        if len(np.unique(values)) < 2:
            return Outcome(means, (), np.nan, np.nan, np.nan, False)
        fit = fit_logistic(values, design, groups)
        found = ()  # odds without an end are no result
        if fit.converged:
            found = contrasts(systems, fit.coefficients, fit.covariance, odds=True)
        people, prompts = map(float, fit.deviations)
        return Outcome(means, found, people, prompts, float("nan"), fit.converged)
    linear = fit_linear(values, design, groups)
    found = contrasts(systems, linear.coefficients, linear.covariance, linear.freedom)
    people, prompts = map(float, linear.deviations)
    return Outcome(means, found, people, prompts, linear.rest, linear.converged)
