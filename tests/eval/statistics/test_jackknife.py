"""Leaving out, against closed forms."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from eval.statistics.jackknife import jackknife, without_each


def test_leaving_one_out_of_a_mean_gives_its_standard_error():
    x = np.random.default_rng(3).normal(size=30)
    without = np.array([np.delete(x, i).mean() for i in range(30)])
    found = jackknife(x.mean(), [without])
    interval = ttest_1samp(x, 0.0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_each_thing_is_left_out_in_turn():
    x = np.random.default_rng(4).normal(size=30)
    found = without_each(lambda counts: counts @ x / counts.sum(axis=1), 30)
    assert found == pytest.approx((x.sum() - x) / 29)
