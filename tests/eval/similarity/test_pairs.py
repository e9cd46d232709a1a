"""Similarity of pairs on vectors whose cosines are known."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from eval.similarity.pairs import cosines, pair_similarity, unrelated_similarity


def vectors(n=40, dimension=8, seed=0, noise=0.5):
    rng = np.random.default_rng(seed)
    first = rng.normal(size=(n, dimension)).astype(np.float32)
    return first, (first + noise * rng.normal(size=first.shape)).astype(np.float32)


def test_cosines_are_sklearns():
    first, second = vectors()
    expected = np.diag(cosine_similarity(first.astype(float), second.astype(float)))
    np.testing.assert_allclose(cosines(first, second), expected, atol=1e-12)


def test_unrelated_sounds_are_all_the_other_pairs():
    first, second = vectors()
    table = cosine_similarity(first.astype(float), second.astype(float))
    expected = table[~np.eye(len(table), dtype=bool)].mean()
    found = unrelated_similarity(first, second)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low < expected < found.high


def test_a_cone_makes_unrelated_sounds_alike_and_the_pairs_no_closer_than_them():
    rng = np.random.default_rng(0)
    first, second = (5 + rng.normal(size=(200, 16)) for _ in range(2))
    found = pair_similarity(first, second)
    assert found.pairs.value > 0.9
    assert abs(found.above_unrelated) < 0.1
    assert found.unrelated.low <= found.pairs.value <= found.unrelated.high + 0.01


def test_the_interval_of_unrelated_sounds_holds_the_expectation():
    """Independent normal vectors: the cosine's expectation is 0."""
    held = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found = unrelated_similarity(rng.normal(size=(30, 4)), rng.normal(size=(30, 4)), seed)
        held.append(found.low <= 0 <= found.high)
    assert np.mean(held) > 0.85


def test_neither_scale_nor_rotation_matters():
    first, second = (side.astype(np.float64) for side in vectors())
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(8, 8)))[0]
    found, turned = (
        pair_similarity(first, second),
        pair_similarity(first @ rotation * 3, second @ rotation * 0.1),
    )
    assert turned.pairs.value == pytest.approx(found.pairs.value, abs=1e-12)
    assert turned.unrelated.value == pytest.approx(found.unrelated.value, abs=1e-12)


def test_a_sound_against_itself_is_one():
    first, _ = vectors()
    found = pair_similarity(first, first)
    assert found.pairs.value == pytest.approx(1.0, abs=1e-12)
    assert found.above_unrelated == pytest.approx(1.0, abs=1e-12)


def test_pairs_without_vectors_are_left_out_and_counted():
    first, second = vectors()
    whole = pair_similarity(first[2:], second[2:])
    first[0], second[1] = np.nan, 0.0
    found = pair_similarity(first, second)
    assert found.left_out == 2
    assert found.pairs == whole.pairs


def test_too_few_pairs_are_refused():
    first, second = vectors(n=2)
    second[0] = np.nan
    with pytest.raises(ValueError, match="1 of 2 pairs"):
        pair_similarity(first, second)
    with pytest.raises(ValueError, match="equally many"):
        cosines(first, second[:1])
