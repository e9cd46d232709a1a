"""Bootstrap intervals against scipy's, and how often all intervals hold the truth."""

import numpy as np
import pytest
from scipy import stats

from eval.statistics.bootstrap import bootstrap, difference, mean_interval
from eval.statistics.intervals import t_interval, wilson


def mean_of(values):
    return lambda counts: counts @ values / counts.sum(axis=1)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_bootstrap_is_that_of_scipy(method):
    values = np.random.default_rng(1).exponential(1.0, 60)
    found = bootstrap(mean_of(values), 60, resamples=20_000, method=method)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method=method, rng=np.random.default_rng(2)
    ).confidence_interval
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_a_mean_has_the_interval_that_scipy_gives():
    values = np.random.default_rng(1).exponential(size=60)
    ours = mean_interval(values, seed=0, resamples=20_000)
    theirs = stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=20_000, rng=np.random.default_rng(2)
    ).confidence_interval
    assert ours.value == pytest.approx(values.mean(), rel=1e-12)
    spread = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.03 * spread)
    assert ours.high == pytest.approx(theirs.high, abs=0.03 * spread)


def test_a_seed_fixes_the_resamples_and_batches_of_them_change_nothing(monkeypatch):
    values = np.random.default_rng(3).random(30)
    one = bootstrap(mean_of(values), 30, resamples=101, seed=5)
    assert bootstrap(mean_of(values), 30, resamples=101, seed=5) == one
    assert bootstrap(mean_of(values), 30, resamples=101, seed=6) != one
    for module in ("resampling", "jackknife"):
        monkeypatch.setattr(f"eval.statistics.{module}.BATCH_VALUES", 60)
    few_at_a_time = bootstrap(mean_of(values), 30, resamples=4000, method="bca")
    monkeypatch.undo()
    at_once = bootstrap(mean_of(values), 30, resamples=4000, method="bca")
    assert few_at_a_time == pytest.approx(at_once, rel=1e-12)


def test_a_difference_of_pairs_is_narrower_than_of_strangers():
    generator = np.random.default_rng(4)
    shared = generator.normal(0, 1.0, 200)
    first, second = shared + 0.3, shared + generator.normal(0, 0.1, 200)
    paired = difference(mean_of(first), mean_of(second), 200)
    assert paired.low > 0.2
    assert paired.high < 0.4
    alone = bootstrap(mean_of(first), 200)
    assert paired.high - paired.low < (alone.high - alone.low) / 4
    swapped = difference(mean_of(second), mean_of(first), 200)
    assert (swapped.low, swapped.high) == pytest.approx((-paired.high, -paired.low))


def test_groups_are_drawn_each_for_itself():
    seen = []

    def keep(counts):
        seen.append(counts)
        return counts[:, 0]

    bootstrap(keep, (3, 5), resamples=50)
    counts = np.concatenate(seen)
    np.testing.assert_array_equal(counts[:, :3].sum(axis=1), 3)
    np.testing.assert_array_equal(counts[:, 3:].sum(axis=1), 5)


def coverage(interval, draw, truth, rounds=400):
    held = 0
    for seed in range(rounds):
        found = interval(draw(np.random.default_rng([9, seed])), seed)
        held += found.low <= truth <= found.high
    return held / rounds


@pytest.mark.parametrize(
    ("interval", "draw", "truth", "least"),
    [
        (lambda v, _: t_interval(v.tolist()), lambda g: g.normal(0.3, 2.0, 5), 0.3, 0.92),
        (lambda v, _: wilson(int(v.sum()), v.size), lambda g: g.random(50) < 0.9, 0.9, 0.92),
        (
            lambda v, s: bootstrap(mean_of(v), v.size, 200, seed=s),
            lambda g: (g.random(80) < 0.8).astype(float),
            0.8,
            0.90,
        ),
        (
            lambda v, s: bootstrap(mean_of(v), v.size, 200, seed=s, method="bca"),
            lambda g: g.exponential(1.0, 60),
            1.0,
            0.89,
        ),
        (lambda v, s: mean_interval(v, s, 400), lambda g: g.normal(size=40), 0.0, 0.90),
    ],
    ids=["t", "wilson", "percentile", "bca", "mean"],
)
def test_intervals_hold_the_truth_as_often_as_they_say(interval, draw, truth, least):
    assert least <= coverage(interval, draw, truth) <= 0.985


def test_one_value_has_a_mean_and_no_interval():
    found = mean_interval([2.0])
    assert found.value == 2.0
    assert np.isnan([found.low, found.high]).all()


@pytest.mark.parametrize("values", [[], [np.nan, 1.0], [[1.0, 2.0]]])
def test_what_has_no_mean_is_refused(values):
    with pytest.raises(ValueError, match="finite values"):
        mean_interval(values)


def test_what_cannot_be_resampled_is_refused():
    with pytest.raises(ValueError, match="nothing to draw from"):
        bootstrap(mean_of(np.ones(3)), 0)
    with pytest.raises(ValueError, match="finite for none of 7"):
        bootstrap(lambda counts: np.full(len(counts), np.nan), 3, resamples=7)
    constant = bootstrap(mean_of(np.ones(9)), 9, method="bca")
    assert constant == (1.0, 1.0, 1.0)
