"""A small survey with short tones, for tests of the page."""

import numpy as np

from eval.study.page import survey_page
from eval.study.pairs import pair_study

RATE = 16000
DELTAS = {"0.01": 0.01, "0.5": 0.5}
PLAN = pair_study({f"p{n}": list(DELTAS)[n % 2] for n in range(4)}, 4, n_orders=8, seed=3)


def tone(hz, seconds=0.25):
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(RATE * seconds)) / RATE)).astype("f4")


def sounds():
    names = sorted({name for trial in PLAN.trials for name in trial.sounds})
    return {name: (tone(300 + 100 * place), float(RATE)) for place, name in enumerate(names)}


def write_survey(folder):
    path = folder / "survey.html"
    path.write_text(survey_page(PLAN, sounds()), encoding="utf-8")
    return path
