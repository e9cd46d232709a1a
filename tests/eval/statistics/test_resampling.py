"""What is drawn again, and how often."""

import numpy as np
import pytest

from eval.statistics.resampling import draws, resample_counts


def test_every_thing_is_drawn_as_often_as_any_other():
    (rows,) = next(draws(7, seed=0, resamples=20_000))
    assert rows.shape == (20_000, 7)
    np.testing.assert_allclose(np.bincount(rows.reshape(-1)) / rows.size, 1 / 7, atol=0.003)


def test_counts_are_those_of_the_draws_group_by_group():
    first, second = next(draws((3, 5), seed=1, resamples=50))
    (counts,) = resample_counts((3, 5), seed=1, resamples=50)
    assert counts.shape == (50, 8)
    np.testing.assert_array_equal(counts[:, :3].sum(axis=1), 3)
    np.testing.assert_array_equal(counts[:, 3:].sum(axis=1), 5)
    for row in (0, 49):
        np.testing.assert_array_equal(counts[row, :3], np.bincount(first[row], minlength=3))
        np.testing.assert_array_equal(counts[row, 3:], np.bincount(second[row], minlength=5))


def test_blocks_do_not_change_the_resamples_of_a_group(monkeypatch):
    (at_once,) = draws(7, seed=3, resamples=50)
    monkeypatch.setattr("eval.statistics.resampling.BATCH_VALUES", 30)
    blocks = list(draws(7, seed=3, resamples=50))
    assert [len(rows) for (rows,) in blocks] == [4] * 12 + [2]
    np.testing.assert_array_equal(np.concatenate([rows for (rows,) in blocks]), at_once[0])


@pytest.mark.parametrize(("sizes", "resamples"), [(0, 9), ((), 9), ((3, 0), 9), (3, 0)])
def test_nothing_to_draw_from_is_refused(sizes, resamples):
    with pytest.raises(ValueError, match="nothing to draw from"):
        next(draws(sizes, 0, resamples))
