"""Intervals against scipy's, and against how often they hold the truth."""

import numpy as np
import pytest
from scipy import stats

from eval.statistics.intervals import bootstrap, difference, t_interval, wilson


def mean_of(values):
    return lambda counts: counts @ values / counts.sum(axis=1)


def test_t_interval_is_that_of_scipy():
    values = np.random.default_rng(0).normal(0.8, 0.1, 7)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    found = t_interval(values.tolist())
    assert found.estimate == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert np.isnan(t_interval([0.5]).low)
    with pytest.raises(ValueError, match="given none"):
        t_interval([])


def test_wilson_interval_is_the_formula():
    z, n, share = stats.norm.ppf(0.975), 40, 37 / 40
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    assert wilson(37, 40) == pytest.approx((share, centre - half, centre + half))
    assert wilson(0, 3).low == 0.0
    with pytest.raises(ValueError, match="4 successes in 3 trials"):
        wilson(4, 3)


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_bootstrap_is_that_of_scipy(method):
    values = np.random.default_rng(1).exponential(1.0, 60)
    found = bootstrap(mean_of(values), 60, resamples=20_000, method=method)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method=method, rng=np.random.default_rng(2)
    ).confidence_interval
    assert found.estimate == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)


def test_a_seed_fixes_the_resamples_and_batches_of_them_change_nothing(monkeypatch):
    values = np.random.default_rng(3).random(30)
    one = bootstrap(mean_of(values), 30, resamples=101, seed=5)
    assert bootstrap(mean_of(values), 30, resamples=101, seed=5) == one
    assert bootstrap(mean_of(values), 30, resamples=101, seed=6) != one
    monkeypatch.setattr("eval.statistics.intervals.BATCH_VALUES", 60)
    few_at_a_time = bootstrap(mean_of(values), 30, resamples=4000, method="bca")
    monkeypatch.undo()
    at_once = bootstrap(mean_of(values), 30, resamples=4000, method="bca")
    assert few_at_a_time == pytest.approx(at_once, abs=0.01)


def test_groups_are_drawn_each_for_itself():
    seen = []

    def keep(counts):
        seen.append(counts)
        return counts[:, 0]

    bootstrap(keep, (3, 5), resamples=50)
    counts = np.concatenate(seen)
    np.testing.assert_array_equal(counts[:, :3].sum(axis=1), 3)
    np.testing.assert_array_equal(counts[:, 3:].sum(axis=1), 5)


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
    ],
    ids=["t", "wilson", "percentile", "bca"],
)
def test_intervals_hold_the_truth_as_often_as_they_say(interval, draw, truth, least):
    assert least <= coverage(interval, draw, truth) <= 0.985


def test_what_cannot_be_resampled_is_refused():
    with pytest.raises(ValueError, match="nothing to draw from"):
        bootstrap(mean_of(np.ones(3)), 0)
    with pytest.raises(ValueError, match="finite for none of 7"):
        bootstrap(lambda counts: np.full(len(counts), np.nan), 3, resamples=7)
    constant = bootstrap(mean_of(np.ones(9)), 9, method="bca")
    assert constant == (1.0, 1.0, 1.0)
