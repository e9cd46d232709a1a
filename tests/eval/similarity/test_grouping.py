"""Groups that are there are found, those that are not are chance."""

import numpy as np
import pytest

from eval.similarity.grouping import grouping


def test_groups_that_are_far_apart_are_their_own_neighbours():
    rng = np.random.default_rng(0)
    labels = [f"label {n}" for n in range(10) for _ in range(10)]
    vectors = rng.normal(0, 0.01, (100, 5)) + np.repeat(np.eye(10)[:, :5] * 3, 10, axis=0)
    vectors[50:] += np.repeat(np.arange(1, 6), 10)[:, None] * 5.0
    found = grouping(vectors, labels)
    assert found.neighbours.value == 1
    assert found.chance == pytest.approx(9 / 99)
    assert found.silhouette > 0.9


def test_no_groups_are_chance():
    rng = np.random.default_rng(1)
    labels = [str(n % 10) for n in range(400)]
    found = grouping(rng.normal(size=(400, 8)), labels)
    assert found.neighbours.low < found.chance < found.neighbours.high
    assert found.silhouette == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("labels", [["a"] * 4, list("abcd")])
def test_labels_without_groups_are_refused(labels):
    with pytest.raises(ValueError, match="no groups"):
        grouping(np.eye(4), labels)
