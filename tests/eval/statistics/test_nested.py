"""The bootstrap of things measured several times, against its closed form."""

import numpy as np
import pytest

from eval.statistics.nested import nested_mean, nested_weights


def test_the_spread_of_resampled_means_is_the_two_stage_bootstraps():
    # Davison and Hinkley (1997), section 3.8: of n things with R repeats each the variance is
    # (between / n) + (within / (n R)), between and within taken without Bessel's correction.
    values = np.random.default_rng(1).normal(size=(4, 7)) + 3 * np.arange(7)
    weights = nested_weights(4, 7, seed=2, resamples=20_000)
    means = np.einsum("brt,rt->b", weights, values)
    expected = values.mean(axis=0).var() / 7 + values.var(axis=0).mean() / 28
    assert means.var() == pytest.approx(expected, rel=0.04)
    assert means.mean() == pytest.approx(values.mean(), abs=0.05)


def test_weights_are_those_of_means():
    weights = nested_weights(3, 5, resamples=50)
    np.testing.assert_allclose(weights.sum(axis=(1, 2)), 1.0)
    # A thing that is drawn k times has k fifths of the weight.
    times = 5 * weights.sum(axis=1)
    np.testing.assert_allclose(times, times.round(), atol=1e-9)


def test_what_does_not_vary_has_no_width_and_nothing_is_refused():
    found = nested_mean(np.full((2, 3), 0.25), nested_weights(2, 3, resamples=10))
    assert tuple(found) == pytest.approx((0.25, 0.25, 0.25))
    assert np.isnan(nested_mean(np.array([[np.nan, 1.0]]), nested_weights(1, 2)).value)
    with pytest.raises(ValueError, match="nothing to draw from"):
        nested_weights(0, 3)


def test_the_seed_decides():
    assert (nested_weights(2, 4, seed=5) == nested_weights(2, 4, seed=5)).all()
    assert (nested_weights(2, 4, seed=5) != nested_weights(2, 4, seed=6)).any()
