"""Rank statistics against scipy's."""

import numpy as np
import pytest
from scipy import stats

from eval.statistics.rank import probability_above, spearman_interval

GENERATOR = np.random.default_rng(0)


def test_spearman_is_scipys_with_ties():
    rng = np.random.default_rng(3)
    x = rng.integers(0, 5, 50).astype(float)
    y = x + rng.normal(size=50)
    found = spearman_interval(x, y)
    assert found.value == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert found.low < found.value < found.high


def test_what_does_not_vary_has_no_correlation():
    assert np.isnan(spearman_interval(np.ones(5), np.arange(5.0)).value)


def test_too_few_for_a_correlation_are_refused():
    with pytest.raises(ValueError, match="n >= 3"):
        spearman_interval([1.0, 2.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="finite"):
        spearman_interval([1.0, 2.0, np.inf], [1.0, 2.0, 3.0])


def test_the_probability_above_is_mann_whitneys_statistic():
    first, second = GENERATOR.integers(0, 9, 50) * 1.0, GENERATOR.integers(2, 12, 70) * 1.0
    expected = stats.mannwhitneyu(first, second).statistic / (50 * 70)
    assert probability_above(first, second).value == pytest.approx(expected)
    assert probability_above(first, first).value == pytest.approx(0.5)
    apart = probability_above(np.arange(5.0) + 10, np.arange(5.0))
    assert (apart.value, apart.low, apart.high) == (1, 1, 1)


def test_sets_without_values_have_no_probability():
    values, nothing = np.array([1.0, np.nan, 3.0]), np.full(3, np.nan)
    assert probability_above(values, np.array([2.0, np.nan])).value == 0.5
    assert np.isnan(probability_above(nothing, values)).all()
