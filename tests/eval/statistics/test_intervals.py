"""Intervals by known distributions, against scipy's and by their formula."""

import numpy as np
import pytest
from scipy import stats

from eval.statistics.intervals import normal_interval, student_interval, t_interval, wilson


def test_t_interval_is_that_of_scipy():
    values = np.random.default_rng(0).normal(0.8, 0.1, 7)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    found = t_interval(values.tolist())
    assert found.value == pytest.approx(values.mean())
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


def test_intervals_of_a_standard_error_are_scipys():
    assert normal_interval(2.0, 0.5)[1:] == pytest.approx(stats.norm.interval(0.95, 2.0, 0.5))
    found = student_interval(2.0, 0.5, 3, level=0.9)
    assert found == pytest.approx((2.0, *stats.t.interval(0.9, 3, 2.0, 0.5)))
