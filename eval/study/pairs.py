"""A listening test of how similar the two sounds of pairs are, and its analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eval.statistics.bootstrap import mean_interval
from eval.statistics.estimate import Estimate
from eval.statistics.rank import spearman_interval
from eval.study.answers import Answers
from eval.study.mixed import MixedModel, mixed_model
from eval.study.plan import Gate, Question, StudyPlan, Trial, balanced_orders

if TYPE_CHECKING:
    import pandas

__all__ = ["RatingAnalysis", "analyse_ratings", "pair_study"]

SIMILAR = "similar"
POINTS = 7
_INTRODUCTION = """You will hear pairs of short sounds, made by a synthesizer, and say how similar \
the two of each pair are.

There is no right or wrong: go by your ear. It takes about {minutes}. Your answers stay on \
this device until you save them at the end and send the file yourself."""
_GATES = (
    Gate(
        "consent",
        "I consent to participate. I understand that it is voluntary and that I may stop at any "
        "time.",
        needed="Yes",
    ),
    Gate("adult", "I am at least 18 years old.", needed="Yes"),
    Gate("hearing_loss", "Do you have any hearing loss or hearing difficulties?"),
)
_QUESTION = Question(
    SIMILAR,
    "How similar are the two sounds?",
    "scale",
    ("not at all", "", "", "", "", "", "the same"),
)
_SECONDS_A_TRIAL = 12


@dataclass(frozen=True)
class RatingAnalysis:
    """What people's ratings say.

    Attributes:
        by_condition: the mean rating of each condition, with an interval over people: everybody's
            own mean counts once.
        pairs: a row a pair: condition, factor, similarity, rating (mean), people.
        with_similarity: rank correlation of pairs' mean ratings and the embedding's similarity,
            with an interval over pairs.
        with_factor: the same with the factor.
        agreement: the mean, over people, of the rank correlation of their ratings and everybody
            else's means: about the most that an embedding could reach.
        model: rating by log10 of the factor, with people's and pairs' own intercepts.
    """

    by_condition: dict[str, Estimate]
    pairs: pandas.DataFrame
    with_similarity: Estimate
    with_factor: Estimate
    agreement: Estimate
    model: MixedModel


def pair_study(
    conditions: Mapping[str, str],
    per_person: int,
    n_orders: int = 60,
    seed: int = 0,
    name: str = "pairs",
    title: str = "How similar are two sounds?",
) -> StudyPlan:
    """Plan the test: consent, a rating from 1 to 7 a pair, two attention checks.

    The sounds of a pair are named `<pair>/first` and `<pair>/second`. One check plays the first
    sound of a pair twice and expects 6 or 7; the other asks for a 2, whatever is heard. The names
    of trials in the page are numbers drawn at random.

    Args:
        conditions: of every pair, by name.
        per_person: pairs a person hears.
        n_orders: how many orders are made; people beyond that share them.
        seed: of orders and numbers.
        name, title: of the study.

    Raises:
        ValueError: per_person does not fit the conditions; see `balanced_orders`.
    """
    pairs = list(conditions)
    numbers = np.random.default_rng([seed, 1]).permutation(len(pairs) + 2)
    names = [f"t{number:03d}" for number in numbers]
    trials = [
        Trial(trial, (f"{pair}/first", f"{pair}/second"), conditions[pair])
        for trial, pair in zip(names, pairs, strict=False)
    ]
    same, told = (
        Trial(names[-2], (f"{pairs[0]}/first",) * 2, expected={SIMILAR: (6, 7)}),
        Trial(
            names[-1],
            (f"{pairs[-1]}/first", f"{pairs[0]}/first"),
            note="A check that you are attending: whatever you hear this time, please choose 2.",
            expected={SIMILAR: (2,)},
        ),
    )
    n_pairs = len(pairs)
    orders = balanced_orders(
        [conditions[pair] for pair in pairs], per_person, n_orders, seed, (n_pairs, n_pairs + 1)
    )
    minutes = max(1, round(_SECONDS_A_TRIAL * (per_person + 2) / 60))
    return StudyPlan(
        name,
        title,
        _INTRODUCTION.format(minutes=f"{minutes} minutes" if minutes > 1 else "a minute"),
        _GATES,
        (_QUESTION,),
        (*trials, same, told),
        orders,
    )


def analyse_ratings(
    plan: StudyPlan,
    answers: Answers,
    factors: Mapping[str, float],
    similarities: Mapping[str, float],
    seed: int = 0,
) -> RatingAnalysis:
    """Analyse people's ratings of pairs.

    Args:
        plan: the test.
        answers: to it.
        factors: of each condition, above 0: delta.
        similarities: of each pair by name, as an embedder hears it.
        seed: of the bootstraps.

    Raises:
        ValueError: fewer than two people, or fewer than three pairs with answers.
    """
    pair_of = {trial.name: trial.sounds[0].rsplit("/", 1)[0] for trial in plan.trials}
    table: Any = answers.table  # pandas comes without types
    table = table.assign(
        pair=table["trial"].map(pair_of),
        factor=table["condition"].map(dict(factors)).astype(float),
    )
    if len(answers.participants) < 2 or table["pair"].nunique() < 3:
        raise ValueError(
            f"{len(answers.participants)} people rated {table['pair'].nunique()} pairs: an "
            "analysis needs two people and three pairs or more"
        )
    personal = table.groupby(["condition", "participant"])[SIMILAR].mean()
    by_condition = {
        condition: mean_interval(personal[condition].to_numpy(), seed)
        for condition in sorted(factors, key=lambda name: factors[name])
        if condition in personal.index.get_level_values(0)
    }
    pairs = table.groupby("pair").agg(
        condition=("condition", "first"),
        factor=("factor", "first"),
        rating=(SIMILAR, "mean"),
        people=("participant", "nunique"),
    )
    pairs.insert(2, "similarity", [similarities[pair] for pair in pairs.index])
    heard = pairs[np.isfinite(pairs["similarity"])]
    return RatingAnalysis(
        by_condition,
        pairs,
        spearman_interval(heard["rating"], heard["similarity"], seed),
        spearman_interval(pairs["rating"], pairs["factor"], seed),
        _agreement(table, seed),
        mixed_model(table[SIMILAR], np.log10(table["factor"]), table["participant"], table["pair"]),
    )


def _agreement(table: Any, seed: int) -> Estimate:
    """The mean rank correlation of each person with the means of all others."""
    wide = table.pivot_table(index="pair", columns="participant", values=SIMILAR)
    found = []
    for person in wide:
        others = wide.drop(columns=person).mean(axis=1)
        both = wide[person].notna() & others.notna()
        if both.sum() >= 3:
            correlation = wide.loc[both, person].corr(others[both], method="spearman")
            if np.isfinite(correlation):
                found.append(float(correlation))
    return mean_interval(found, seed) if found else Estimate(np.nan)
