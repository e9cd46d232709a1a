"""A listening test of what sounds are: who hears what was asked for (CTAG, section 4.6.8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.study.plan import Gate, Question, StudyPlan, Trial, balanced_orders

__all__ = ["ARTISTIC", "CATEGORY", "CONFIDENCE", "SURE", "Stimulus", "identification_study"]

CATEGORY, CONFIDENCE, ARTISTIC = "category", "confidence", "artistic"
SURE = (
    "Completely confident",
    "Fairly confident",
    "Somewhat confident",
    "Slightly confident",
    "Not confident at all",
)
_SECONDS_A_TRIAL = 15
_INTRODUCTION = """We are conducting a survey to assess the quality of a novel method for \
text-to-audio generation. You will be presented with a series of short sounds, and asked to select \
the closest category from a given list, the confidence in your prediction, and how artistically \
designed the sound is compared to a more realistic interpretation.

It takes about {minutes} minutes. Your answers stay on this device until you save them at the end \
and send the file yourself."""
_GATES = (
    Gate(
        "consent",
        "I consent to participate. I understand that my participation is voluntary and I may "
        "withdraw my consent at any time.",
        needed="Yes",
    ),
    Gate("adult", "I am at least 18 years old.", needed="Yes"),
    Gate("hearing_loss", "Do you have any hearing loss or hearing difficulties?"),
    Gate("fluent", "Are you fluent in English?"),
)


@dataclass(frozen=True)
class Stimulus:
    """A sound of the test.

    Attributes:
        sound: its name, under which the page gets it; it may tell what it is.
        system: what made it.
        prompt: what it was made for, one of the categories.
    """

    sound: str
    system: str
    prompt: str


def identification_study(
    stimuli: Sequence[Stimulus],
    per_person: int | None = None,
    n_orders: int = 60,
    seed: int = 0,
    name: str = "identification",
    title: str = "What do you hear?",
    check: str = "",
) -> tuple[StudyPlan, dict[str, str]]:
    """Plan the survey of the thesis: category, confidence, realistic or artistic, for each sound.

    After the last sound two questions check attention: one names the category to be selected, the
    other asks whether all sounds were the same.

    Args:
        stimuli: the sounds; a trial each, called by a number drawn at random, and so are the sounds
            in the page: neither tells the system or the prompt.
        per_person: sounds a person hears, a multiple of the number of systems; None: all.
        n_orders: how many orders are made; people beyond that share them.
        seed: of orders and numbers.
        name, title: of the study.
        check: the category that the first check names; empty: the one in the middle of the list.

    Returns:
        The plan, and for every sound's name in it the name of the stimulus's sound.

    Raises:
        ValueError: fewer than two categories, a sound that is there twice, `check` is no category,
            or per_person does not fit; see `balanced_orders`.
    """
    categories = tuple(dict.fromkeys(stimulus.prompt for stimulus in stimuli))
    if len(categories) < 2 or len({stimulus.sound for stimulus in stimuli}) < len(stimuli):
        raise ValueError(
            f"{len(stimuli)} sounds of {len(categories)} categories: a test needs two categories "
            "or more, and every sound once"
        )
    check = check or categories[len(categories) // 2]
    if check not in categories:
        raise ValueError(f"the check asks for {check!r}, which is none of {', '.join(categories)}")
    # The list of categories has an order of its own: the sounds' would tell what belongs together.
    rng = np.random.default_rng([seed, 1])
    listed = tuple(categories[place] for place in rng.permutation(len(categories)))
    numbers = rng.permutation(len(stimuli))
    names = {f"s{number:03d}": stimulus for number, stimulus in zip(numbers, stimuli, strict=True)}
    trials = tuple(
        Trial(f"t{sound[1:]}", (sound,), stimulus.system, label=stimulus.prompt)
        for sound, stimulus in names.items()
    )
    each = len(stimuli) if per_person is None else per_person
    orders = balanced_orders([trial.condition for trial in trials], each, n_orders, seed)
    questions = (
        Question(
            CATEGORY, "Select the closest category for the following sound:", "choice", listed
        ),
        Question(CONFIDENCE, "How confident are you in your selected answer?", "choice", SURE),
        Question(
            ARTISTIC,
            "Would you associate this sound more with a realistic portrayal or an artistic "
            "interpretation of the category that you selected?",
            "scale",
            ("Realistic portrayal", "", "", "", "Artistic interpretation"),
        ),
    )
    closing = (
        Gate("check_select", f'Please select "{check}" from the options below:', listed, check),
        Gate(
            "check_same",
            "All of the sounds you heard during this survey were the same.",
            needed="No",
        ),
    )
    minutes = max(2, round(_SECONDS_A_TRIAL * each / 60))
    plan = StudyPlan(
        name,
        title,
        _INTRODUCTION.format(minutes=minutes),
        _GATES,
        questions,
        trials,
        orders,
        closing,
    )
    return plan, {sound: stimulus.sound for sound, stimulus in names.items()}
