"""People who are not there, who say what they hear: answers with known effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from eval.study.identification import ARTISTIC, CATEGORY, CONFIDENCE, SURE
from eval.study.plan import StudyPlan

__all__ = ["Effects", "simulated_recognition"]


@dataclass(frozen=True)
class Effects:
    """What is true of simulated people; the defaults are about what the thesis found.

    Attributes:
        log_odds: of the right category, by system.
        confidence, artistic: mean ratings from 1 to 5, by system.
        person, prompt: standard deviations of people's and prompts' own log odds, and half of that
            in points of the ratings.
        rest: of a rating.
    """

    log_odds: Mapping[str, float] = field(
        default_factory=lambda: {"audiogen": 0.45, "audioldm": -0.75, "ctag": 0.28}
    )
    confidence: Mapping[str, float] = field(
        default_factory=lambda: {"audiogen": 3.5, "audioldm": 2.95, "ctag": 3.0}
    )
    artistic: Mapping[str, float] = field(
        default_factory=lambda: {"audiogen": 2.3, "audioldm": 2.9, "ctag": 3.55}
    )
    person: float = 0.5
    prompt: float = 0.9
    rest: float = 1.1


def simulated_recognition(
    plan: StudyPlan,
    n_people: int = 10,
    seed: int = 0,
    effects: Effects | None = None,
    careless: int = 0,
) -> list[dict[str, Any]]:
    """Return records as the survey's page saves them.

    Args:
        plan: of `identification_study`.
        n_people: person i takes order i.
        seed: of everything.
        effects: of all systems of the plan; None takes the defaults, and 0 and 3 for systems that
            these do not know.
        careless: so many of them, the last ones, answer at random and fail a check.
    """
    truth = effects or Effects()
    rng = np.random.default_rng(seed)
    categories = next(one.options for one in plan.questions if one.name == CATEGORY)
    lift = dict(zip(categories, rng.normal(0, truth.prompt, len(categories)), strict=True))
    records = []
    for number in range(n_people):
        own, order = rng.normal(0, truth.person), number % len(plan.orders)
        is_careless = number >= n_people - careless
        answers = []
        for position, step in enumerate(plan.orders[order]):
            trial = plan.trials[step.trial]
            ease = own + lift[trial.label]
            odds = truth.log_odds.get(trial.condition, 0.0) + ease
            chance = 1 / len(categories) if is_careless else 1 / (1 + np.exp(-odds))
            others = [category for category in categories if category != trial.label]
            right = rng.uniform() < chance
            category = trial.label if right else others[rng.integers(len(others))]

            def rating(means: Mapping[str, float], ease: float, system: str) -> int:
                drawn = means.get(system, 3.0) + ease / 2 + rng.normal(0, truth.rest)
                return int(np.clip(np.rint(drawn), 1, 5))

            answers.append(
                {
                    "trial": trial.name,
                    "position": position,
                    "swapped": step.swapped,
                    "answers": {
                        CATEGORY: category,
                        CONFIDENCE: SURE[5 - rating(truth.confidence, ease, trial.condition)],
                        ARTISTIC: rating(truth.artistic, ease, trial.condition),
                    },
                    "plays": [1],
                    "seconds": 8.0,
                }
            )
        closing = {gate.name: gate.needed for gate in plan.closing}
        if is_careless:
            closing[plan.closing[-1].name] = "Yes"
        records.append(
            {
                "study": plan.name,
                "version": plan.version,
                "participant": f"simulated-{number + 1}",
                "order": order,
                "answers": answers,
                "closing": closing,
            }
        )
    return records
