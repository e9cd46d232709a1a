"""What is asked in a listening test, about which sounds, and who hears them in which order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

__all__ = ["Gate", "Question", "Step", "StudyPlan", "Trial", "balanced_orders"]


@dataclass(frozen=True)
class Gate:
    """A question that is asked once, before the first sound or after the last.

    Attributes:
        name: of the answer's column.
        text: what is asked.
        options: what can be answered.
        needed: the only answer with which one may take part, or with which answers count; empty:
            any.
    """

    name: str
    text: str
    options: tuple[str, ...] = ("Yes", "No")
    needed: str = ""


@dataclass(frozen=True)
class Question:
    """A question that is asked about every trial.

    Attributes:
        name: of the answer's column.
        text: what is asked.
        kind: scale: the answers are 1 to the number of options, whose first and last are told to
            people and the rest too where they are not empty. choice: the answer is an option.
        options: of a choice, or the labels of a scale's points.
    """

    name: str
    text: str
    kind: Literal["scale", "choice"]
    options: tuple[str, ...]

    def allows(self, answer: Any) -> bool:
        """Whether that is an answer to it."""
        if self.kind == "scale":
            whole = isinstance(answer, int) and not isinstance(answer, bool)
            return whole and 1 <= answer <= len(self.options)
        return answer in self.options


@dataclass(frozen=True)
class Trial:
    """One or more sounds to judge.

    Attributes:
        name: says nothing about the condition: it stands in the page.
        sounds: names of the sounds, in the order A, B, ...
        condition: what is varied; it does not stand in the page.
        label: what is right to answer, or else belongs to the sounds; neither does it.
        note: told above the sounds.
        expected: of an attention check, the answers that somebody who attends gives to a
            question; empty for all other trials.
    """

    name: str
    sounds: tuple[str, ...]
    condition: str = ""
    note: str = ""
    label: str = ""
    expected: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A trial's number, and whether its sounds are played in reverse."""

    trial: int
    swapped: bool = False


@dataclass(frozen=True)
class StudyPlan:
    """A listening test.

    Attributes:
        name: in the answers' files; letters, digits, dashes.
        title, introduction: what people read first; paragraphs are parted by empty lines.
        gates: asked once.
        questions: asked at every trial.
        trials: attention checks included.
        orders: what a person hears; who comes takes one of them.
        closing: asked once after the last sound; one with an answer that is needed is an attention
            check.
    """

    name: str
    title: str
    introduction: str
    gates: tuple[Gate, ...]
    questions: tuple[Question, ...]
    trials: tuple[Trial, ...]
    orders: tuple[tuple[Step, ...], ...]
    closing: tuple[Gate, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a plan that contradicts itself.

        Raises:
            ValueError: names twice, no trial, question or order, a step to no trial, or a check
                that expects what cannot be answered.
        """
        names = [trial.name for trial in self.trials]
        asked = {question.name: question for question in self.questions}
        wrong: list[str] = []
        once = [gate.name for gate in (*self.gates, *self.closing)]
        if len(set(once)) != len(once):
            wrong.append("a question that is asked once has a name twice")
        for gate in (*self.gates, *self.closing):
            if gate.needed and gate.needed not in gate.options:
                wrong.append(f"{gate.name} needs {gate.needed!r}, which cannot be answered")
        if len(set(names)) != len(names) or len(asked) != len(self.questions):
            wrong.append("a trial or a question has a name twice")
        if not (self.trials and self.questions and self.orders):
            wrong.append("a trial, a question and an order are needed")
        if any(not 0 <= step.trial < len(names) for order in self.orders for step in order):
            wrong.append("an order names a trial that is not there")
        for trial in self.trials:
            for question, answers in trial.expected.items():
                if question not in asked or not all(map(asked[question].allows, answers)):
                    wrong.append(f"{trial.name} expects what cannot be answered to {question}")
        if wrong:
            raise ValueError(f"study {self.name}: {'; '.join(wrong)}")

    @property
    def version(self) -> str:
        """Twelve hex digits of everything in the plan: answers of another one are refused."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def balanced_orders(
    conditions: Sequence[str],
    per_person: int,
    n_orders: int,
    seed: int,
    checks: Sequence[int] = (),
) -> tuple[tuple[Step, ...], ...]:
    """Return orders in which every condition comes equally often, early and late alike.

    An order is made of blocks with one trial of each condition at random places. Over all orders
    the trials of a condition come equally often, up to one, and each is played swapped in every
    second order that it comes in. Attention checks stand at random places, one in each of as many
    equal parts, never first.

    Args:
        conditions: of every trial that is not a check, by its number.
        per_person: trials a person hears, checks not counted; a multiple of the number of
            conditions.
        n_orders: how many.
        seed: of all choices.
        checks: numbers of the trials that are checks.

    Raises:
        ValueError: per_person is no such multiple, or is more than there is to hear.
    """
    of_condition: dict[str, list[int]] = {}
    for number, condition in enumerate(conditions):
        of_condition.setdefault(condition, []).append(number)
    n_conditions = max(len(of_condition), 1)
    fewest = min(map(len, of_condition.values()), default=0)
    blocks, rest = divmod(per_person, n_conditions)
    if rest or not 1 <= blocks <= fewest or n_orders < 1:
        raise ValueError(
            f"{per_person} trials a person and {n_orders} orders: with {n_conditions} conditions "
            f"of {fewest} trials or more, give a multiple of {n_conditions} up to "
            f"{n_conditions * fewest}, and one order or more"
        )
    rng = np.random.default_rng(seed)
    queues = {name: rng.permutation(numbers) for name, numbers in of_condition.items()}
    heard = rng.integers(0, 2, len(conditions))  # its parity says which sound comes first
    orders: list[tuple[Step, ...]] = []
    for number in range(n_orders):
        chosen = []
        for queue in queues.values():
            places = (number * blocks + np.arange(blocks)) % len(queue)
            chosen.append(rng.permutation(queue[places]))
        steps: list[Step] = []
        for block in np.stack(chosen, axis=1):
            for trial in rng.permutation(block):
                steps.append(Step(int(trial), bool(heard[trial] % 2)))
                heard[trial] += 1
        edges = np.linspace(1, len(steps), len(checks) + 1)
        # From the last one on, so that those before keep their places.
        for place, check in reversed(list(enumerate(rng.permutation(list(checks))))):
            at = int(rng.integers(int(edges[place]), int(edges[place + 1]) + 1))
            steps.insert(at, Step(int(check)))
        orders.append(tuple(steps))
    return tuple(orders)
