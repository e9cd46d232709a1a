"""Means over clusters: the interval is that of the clusters' own means."""

import numpy as np
import pytest

from eval.statistics.bootstrap import mean_interval
from eval.statistics.clusters import clustered_mean


def test_sounds_of_a_prompt_that_agree_are_one_piece_of_news():
    of_prompts = np.random.default_rng(0).normal(size=40)
    values, clusters = np.repeat(of_prompts, 10), np.repeat(np.arange(40), 10)
    found, alone = clustered_mean(values, clusters.tolist()), mean_interval(of_prompts)
    assert found.value == pytest.approx(of_prompts.mean())
    assert found.high - found.low == pytest.approx(alone.high - alone.low, rel=0.1)
    naive = mean_interval(values)
    assert naive.high - naive.low < 0.4 * (found.high - found.low)


def test_values_that_are_not_there_are_left_out():
    found = clustered_mean([1.0, np.nan, 3.0, np.nan], ["a", "a", "b", "c"])
    assert found.value == 2.0
    assert np.isnan(clustered_mean([np.nan], ["a"]).value)
    assert clustered_mean([1.0, 2.0], ["a", "a"]) == (
        1.5,
        pytest.approx(np.nan, nan_ok=True),
        pytest.approx(np.nan, nan_ok=True),
    )
