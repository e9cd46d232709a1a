"""Intervals against scipy, closed forms, and how often they hold the truth."""

import numpy as np
import pytest
from scipy import stats

from eval.descriptors.intervals import gap_closed, mean, ratio_of_means
from eval.statistics.rank import probability_above

GENERATOR = np.random.default_rng(0)


def test_the_interval_of_a_mean_is_scipys():
    values = GENERATOR.exponential(size=200)
    found = mean(values, seed=1)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", rng=2).confidence_interval
    assert found.value == values.mean()
    width = theirs.high - theirs.low
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.1 * width)
    assert mean(values, seed=1) == found


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    held = np.zeros(3)
    for trial in range(100):
        generator = np.random.default_rng(trial)
        first, second = generator.normal(2, 1, 80), generator.normal(1, 1, 60)
        truths = [2.0, 2.0, stats.norm.cdf(1 / np.sqrt(2))]
        found = [mean(first), ratio_of_means(first, second), probability_above(first, second)]
        held += [e.low <= truth <= e.high for e, truth in zip(found, truths, strict=True)]
    assert (held >= 88).all()


def test_the_gap_that_a_mixture_closes():
    real, synthetic = GENERATOR.normal(1, 0.1, 500), GENERATOR.normal(3, 0.1, 500)
    found = gap_closed(GENERATOR.normal(1.5, 0.1, 500), real, synthetic)
    assert found.value == pytest.approx(0.25, abs=0.02)
    assert found.low < found.value < found.high
    assert gap_closed(real, real, synthetic).value == 0
    assert gap_closed(synthetic, real, synthetic).value == 1


def test_values_that_are_not_there_are_left_out():
    values = np.array([1.0, np.nan, 3.0])
    assert mean(values).value == 2
    assert ratio_of_means(values, np.array([4.0, np.nan])).value == 0.5
    nothing = np.full(3, np.nan)
    for found in (
        mean(nothing),
        ratio_of_means(values, nothing),
        ratio_of_means(values, np.zeros(3)),
        gap_closed(nothing, values, values),
    ):
        assert np.isnan(found).all()
    one = mean(np.array([2.0]))
    assert one.value == 2
    assert np.isnan(one.low)
