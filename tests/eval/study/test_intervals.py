"""Intervals against scipy, and how often they hold the truth."""

import numpy as np
import pytest
from scipy import stats

from eval.study.intervals import Interval, mean_interval, resample_counts, spearman_interval


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


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    held = [
        found.low <= 0.0 <= found.high
        for found in (mean_interval(rng.normal(size=40), resamples=400) for _ in range(300))
    ]
    assert 0.90 <= np.mean(held) <= 0.98


def test_spearman_is_scipys_with_ties():
    rng = np.random.default_rng(3)
    x = rng.integers(0, 5, 50).astype(float)
    y = x + rng.normal(size=50)
    found = spearman_interval(x, y)
    assert found.value == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert found.low < found.value < found.high


def test_what_does_not_vary_has_no_correlation():
    assert np.isnan(spearman_interval(np.ones(5), np.arange(5.0)).value)


def test_one_value_has_a_mean_and_no_interval():
    found = mean_interval([2.0])
    assert found.value == 2.0
    assert np.isnan([found.low, found.high]).all()
    assert str(Interval(0.5, 0.25, 0.75)) == "0.500 (0.250 to 0.750)"


@pytest.mark.parametrize("values", [[], [np.nan, 1.0], [[1.0, 2.0]]])
def test_what_has_no_mean_is_refused(values):
    with pytest.raises(ValueError, match="finite values"):
        mean_interval(values)


def test_too_few_for_a_correlation_are_refused():
    with pytest.raises(ValueError, match="n >= 3"):
        spearman_interval([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="finite"):
        spearman_interval([1.0, 2.0, np.inf], [1.0, 2.0, 3.0])


def test_resamples_draw_as_many_as_there_are():
    counts = np.concatenate(list(resample_counts(7, seed=0, resamples=50)))
    assert counts.shape == (50, 7)
    np.testing.assert_array_equal(counts.sum(axis=1), 7)
