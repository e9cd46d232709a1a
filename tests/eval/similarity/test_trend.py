"""The trend test: what it finds, and how often it finds what is not there."""

import numpy as np
import pytest

from eval.similarity.trend import fall

FACTORS = np.array([0.01, 0.05, 0.1, 0.25, 0.5])


def noise(seed, n=30):
    return np.random.default_rng(seed).normal(size=(n, FACTORS.size))


def test_a_fall_is_found():
    found = fall(noise(0, n=1000) - 4 * FACTORS, FACTORS)
    assert found.steadily
    assert found.share > 0.9
    assert found.p < 1e-6
    assert found.spearman.high < 0


def test_a_rise_is_none():
    found = fall(noise(0) + 4 * FACTORS, FACTORS)
    assert not found.steadily
    assert found.p > 0.999
    assert found.share == 0.0
    assert found.spearman.low > 0


def test_a_perfect_fall():
    found = fall(np.linspace(1, 0, 5)[None] + np.arange(6.0)[:, None] * 10, FACTORS)
    assert (found.steadily, found.share) == (True, 1.0)


def test_where_nothing_changes_it_is_wrong_as_rarely_as_it_says():
    found = [fall(noise(seed), FACTORS).p < 0.05 for seed in range(100)]
    assert np.mean(found) < 0.11


def test_a_fall_that_turns_is_not_steady():
    values = noise(1, n=300) * 0.1 - np.array([0, 1, 2, 3, 2.5])
    found = fall(values, FACTORS)
    assert not found.steadily
    assert found.share < 0.01


def test_what_is_no_trend_is_refused():
    with pytest.raises(ValueError, match="at least 2 sounds at 3 factors"):
        fall(noise(0)[:1], FACTORS)
    with pytest.raises(ValueError, match="rise"):
        fall(noise(0), FACTORS[::-1].copy())
