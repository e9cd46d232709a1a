"""People who are not there: answers with known effects, to check an analysis and a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from eval.study.pairs import POINTS, SIMILAR
from eval.study.plan import StudyPlan

__all__ = ["simulated_ratings"]


def simulated_ratings(
    plan: StudyPlan,
    factors: Mapping[str, float],
    n_people: int,
    seed: int = 0,
    intercept: float = 2.0,
    slope: float = -1.5,
    person: float = 0.6,
    pair: float = 0.4,
    rest: float = 0.8,
    careless: int = 0,
) -> list[dict[str, Any]]:
    """Return records as the survey's page saves them.

    A rating is intercept + slope * log10(factor) + person + pair + rest, rounded and kept from 1
    to 7; the last three are normal, with the deviations given. Pairs are rated the same whichever
    sound comes first.

    Args:
        plan: of `pair_study`.
        factors: of each condition.
        n_people: person i takes order i.
        seed: of everything.
        intercept, slope, person, pair, rest: the effects.
        careless: so many of them, the last ones, answer at random, checks too.
    """
    rng = np.random.default_rng(seed)
    of_pair = rng.normal(0, pair, len(plan.trials))
    records: list[dict[str, Any]] = []
    for number in range(n_people):
        leaning = rng.normal(0, person)
        place = number % len(plan.orders)
        answers: list[dict[str, Any]] = []
        for position, step in enumerate(plan.orders[place]):
            trial = plan.trials[step.trial]
            if number >= n_people - careless:
                rating = int(rng.integers(1, POINTS + 1))
            elif trial.expected:
                rating = int(trial.expected[SIMILAR][0])
            else:
                mean = intercept + slope * np.log10(factors[trial.condition])
                drawn = mean + leaning + of_pair[step.trial] + rng.normal(0, rest)
                rating = int(np.clip(np.rint(drawn), 1, POINTS))
            answers.append(
                {
                    "trial": trial.name,
                    "position": position,
                    "swapped": step.swapped,
                    "answers": {SIMILAR: rating},
                    "plays": [1, 1],
                    "seconds": 5.0,
                }
            )
        records.append(
            {
                "study": plan.name,
                "version": plan.version,
                "participant": f"simulated-{number + 1}",
                "order": place,
                "answers": answers,
            }
        )
    return records
