"""Delta over training: curves against their formulas, and a controller against a plant."""

import json
import math

import numpy as np
import pytest

from doppel.schedule import Adaptive, Constant, Ramp, Schedule


@pytest.mark.parametrize("schedule", [Constant(0.1), Ramp(0.01, 0.25), Adaptive()])
def test_a_schedule_is_one_and_its_state_goes_through_json(schedule):
    assert isinstance(schedule, Schedule)
    state = schedule.after(schedule.start(), 1.3)
    assert json.loads(json.dumps(state)) == state
    assert schedule.delta(state, 0.5) >= 0


def test_constant_stays():
    schedule = Constant(0.25)
    assert {schedule.delta({}, share) for share in np.linspace(0, 1, 11)} == {0.25}
    assert Constant(0.0).delta({}, 0.3) == 0


@pytest.mark.parametrize("shape", ["linear", "cosine", "geometric"])
@pytest.mark.parametrize(("first", "last"), [(0.02, 0.5), (0.5, 0.02)])
def test_ramps_go_from_end_to_end_and_only_one_way(shape, first, last):
    ramp = Ramp(first, last, shape, begin=0.2, share=0.5)
    shares = np.linspace(0, 1, 101)
    deltas = np.array([ramp.delta({}, share) for share in shares])
    np.testing.assert_allclose(deltas[shares <= 0.2], first)
    np.testing.assert_allclose(deltas[shares >= 0.7], last)
    assert (np.sign(last - first) * np.diff(deltas) >= -1e-12).all()
    middle = {
        "linear": (first + last) / 2,
        "cosine": (first + last) / 2,
        "geometric": math.sqrt(first * last),
    }
    assert ramp.delta({}, 0.45) == pytest.approx(middle[shape])


def test_curves_between_the_ends():
    assert Ramp(0.0, 0.4).delta({}, 0.25) == pytest.approx(0.1)
    # cos(pi/3) = 1/2: a third of the way is a quarter of the distance.
    assert Ramp(0.0, 0.4, "cosine").delta({}, 1 / 3) == pytest.approx(0.1)
    np.testing.assert_allclose(
        [Ramp(0.01, 0.64, "geometric").delta({}, i / 6) for i in range(7)],
        [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64],
    )
    jump = Ramp(0.1, 0.3, begin=0.5, share=0.0)
    assert [jump.delta({}, x) for x in (0.49, 0.5, 1)] == [0.1, 0.3, 0.3]


def follow(schedule, loss_of, steps, state=None):
    state = schedule.start() if state is None else state
    deltas = []
    for _ in range(steps):
        deltas.append(schedule.delta(state, 0.0))
        state = schedule.after(state, loss_of(deltas[-1]))
    return np.array(deltas), state


def test_adaptive_holds_the_loss_at_its_level():
    """A plant whose loss is 2 delta / (delta + 0.1): 1.0 at delta 0.1, from either side."""
    rng = np.random.default_rng(0)

    def loss(delta):
        return 2 * delta / (delta + 0.1) + 0.1 * rng.standard_normal()

    for first in (0.011, 0.49):
        deltas, state = follow(Adaptive(level=1.0, first=first), loss, 3000)
        assert deltas[-500:].mean() == pytest.approx(0.1, rel=0.1)
        assert state["smoothed"] == pytest.approx(1.0, abs=0.1)
        assert deltas.min() >= 0.01
        assert deltas.max() <= 0.5


def test_adaptive_rests_on_its_bounds_and_comes_back_at_once():
    schedule = Adaptive(level=1.0, first=0.1, smoothing=0.0, hold=0, rate=0.1)
    deltas, state = follow(schedule, lambda delta: 0.0, 200)
    assert deltas[-1] == 0.5
    deltas, state = follow(schedule, lambda delta: 2.0, 2, state)
    assert deltas[1] < 0.5
    deltas, _ = follow(schedule, lambda delta: 2.0, 200, state)
    assert deltas[-1] == 0.01


def test_adaptive_waits_smooths_and_passes_over_what_is_no_number():
    schedule = Adaptive(first=0.1, hold=5, smoothing=0.5)
    deltas, state = follow(schedule, lambda delta: 0.0, 7)
    np.testing.assert_array_equal(deltas[:6], 0.1)
    assert deltas[6] == pytest.approx(0.1 * math.exp(0.02))
    for nothing in (math.nan, math.inf):
        assert schedule.after(state, nothing) == state
    state = schedule.after(schedule.after(schedule.start(), 2.0), 1.0)
    assert state["smoothed"] == pytest.approx(1.5)


def test_a_run_goes_on_from_its_state():
    schedule, noise = (
        Adaptive(hold=3),
        iter(np.random.default_rng(1).uniform(0, 2, 40).tolist() * 2),
    )
    whole, _ = follow(schedule, lambda delta: next(noise), 40)
    first, state = follow(schedule, lambda delta: next(noise), 17)
    rest, _ = follow(schedule, lambda delta: next(noise), 23, json.loads(json.dumps(state)))
    np.testing.assert_array_equal(np.concatenate([first, rest]), whole)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Constant(-0.1), "value is a delta, a number of 0 or more, got -0.1"),
        (lambda: Constant(math.nan), "got nan"),
        (lambda: Ramp(0.0, 0.5, "geometric"), "deltas above 0 at both ends"),
        (lambda: Ramp(0.1, 0.5, begin=0.6, share=0.5), "1 at most together, got 0.6 and 0.5"),
        (lambda: Adaptive(first=0.6), "lowest <= first <= highest is needed, got 0.01, 0.6, 0.5"),
        (lambda: Adaptive(level=0), "level lies between 0"),
        (lambda: Adaptive(smoothing=1.0), r"smoothing in \[0, 1\)"),
    ],
)
def test_wrong_settings_are_refused(made, message):
    with pytest.raises(ValueError, match=message):
        made()
