"""Orders: balanced in what is heard, where, and which way round."""

from collections import Counter

import numpy as np
import pytest

from eval.study.plan import Question, Step, StudyPlan, Trial, balanced_orders

CONDITIONS = [str(number % 3) for number in range(12)]


def test_every_block_has_every_condition_once():
    for order in balanced_orders(CONDITIONS, 9, 10, seed=0):
        assert len({step.trial for step in order}) == 9
        told = [CONDITIONS[step.trial] for step in order]
        assert all(sorted(told[at : at + 3]) == ["0", "1", "2"] for at in range(0, 9, 3))


def test_trials_come_equally_often_and_swapped_half_the_time():
    orders = balanced_orders(CONDITIONS, 6, 12, seed=0)
    steps = [step for order in orders for step in order]
    assert set(Counter(step.trial for step in steps).values()) == {6}
    swapped = Counter(step.trial for step in steps if step.swapped)
    assert set(swapped.values()) == {3}


def test_conditions_come_early_and_late_alike():
    orders = balanced_orders(CONDITIONS, 12, 300, seed=1)
    places = {name: [] for name in "012"}
    for order in orders:
        for place, step in enumerate(order):
            places[CONDITIONS[step.trial]].append(place)
    for found in places.values():
        assert np.mean(found) == pytest.approx(5.5, abs=0.15)


def test_checks_are_spread_and_never_first():
    orders = balanced_orders(CONDITIONS, 12, 200, seed=2, checks=(12, 13))
    places = [[p for p, step in enumerate(order) if step.trial >= 12] for order in orders]
    assert all(len(found) == 2 and found[0] >= 1 for found in places)
    assert all(found[0] <= 7 <= found[1] + 1 for found in places)
    assert len({tuple(found) for found in places}) > 10
    firsts = Counter(next(s.trial for s in order if s.trial >= 12) for order in orders)
    assert min(firsts.values()) > 60


def test_a_seed_decides_all():
    assert balanced_orders(CONDITIONS, 6, 5, 3) == balanced_orders(CONDITIONS, 6, 5, 3)
    assert balanced_orders(CONDITIONS, 6, 5, 3) != balanced_orders(CONDITIONS, 6, 5, 4)


@pytest.mark.parametrize(("per_person", "n_orders"), [(7, 5), (15, 5), (0, 5), (6, 0)])
def test_what_cannot_be_balanced_is_refused(per_person, n_orders):
    with pytest.raises(ValueError, match="multiple of 3 up to 12"):
        balanced_orders(CONDITIONS, per_person, n_orders, seed=0)


QUESTION = Question("similar", "How similar?", "scale", ("no", "", "yes"))
CHOICE = Question("what", "What is it?", "choice", ("a dog", "a cat"))


def a_plan(**changes):
    settings = {
        "name": "x",
        "title": "X",
        "introduction": "",
        "gates": (),
        "questions": (QUESTION, CHOICE),
        "trials": (Trial("a", ("s",)),),
        "orders": ((Step(0),),),
    }
    return StudyPlan(**settings | changes)


def test_answers_that_are_allowed():
    assert [answer for answer in (0, 1, 3, 4, "1", True, 2.0) if QUESTION.allows(answer)] == [1, 3]
    assert CHOICE.allows("a cat")
    assert not CHOICE.allows("a bird")


def test_a_version_is_of_everything():
    versions = {
        plan.version
        for plan in (a_plan(), a_plan(title="Y"), a_plan(orders=((Step(0, swapped=True),),)))
    }
    assert len(versions) == 3
    assert a_plan().version == a_plan().version


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"trials": (Trial("a", ("s",)), Trial("a", ("t",)))}, "name twice"),
        ({"orders": ()}, "an order are needed"),
        ({"orders": ((Step(1),),)}, "a trial that is not there"),
        ({"trials": (Trial("a", ("s",), expected={"similar": (4,)}),)}, "cannot be answered"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        a_plan(**changes)
