"""The CLAP score adapted to instruments, on ensembles whose affinities are known."""

import numpy as np
import pytest

from eval.instruments.correspondence import (
    coloured,
    ensemble,
    implied_key,
    score_by_instrument,
    score_by_note,
    text_score,
)
from eval.instruments.reference import Reference
from tests.eval.instruments.made import (
    at_random,
    equal_cosines,
    of_cosines,
    of_vectors,
    rotation,
)

METHODS = ["naive", "translation", "coloration"]


@pytest.fixture
def reference():
    rng = np.random.default_rng(0)
    common = rng.normal(size=(6, 12))
    return Reference.learn([of_vectors(common + rng.normal(size=(6, 12))) for _ in range(8)])


@pytest.fixture
def text(reference):
    return reference.templates[2] + 0.3 * np.random.default_rng(1).normal(size=12)


def test_scores_by_note_and_by_instrument():
    """Two notes at cosine 1 and one at 0: 2/3 by note, 1/2 by instrument."""
    first = [of_vectors(np.eye(3)[:2]), of_vectors(np.eye(3)[:1])]
    second = [of_vectors(np.eye(3)[:2]), of_vectors(np.eye(3)[1:2])]
    assert score_by_note(first, second) == pytest.approx(2 / 3)
    assert score_by_instrument(first, second) == pytest.approx(1 / 2)
    assert score_by_instrument(first[:1], second[:1]) == score_by_note(first[:1], second[:1])


def test_naive_compares_every_note_with_the_text(reference, text):
    instrument = at_random(6, 12, seed=9)
    expected = (instrument.vectors @ text / np.linalg.norm(text)).mean()
    assert text_score(reference, text, instrument, "naive") == pytest.approx(expected)
    wanted = ensemble(reference, text, "naive")
    np.testing.assert_allclose(wanted @ wanted.T, 1.0)


def test_translation_meets_the_text_at_the_note_that_it_implies(reference, text):
    assert implied_key(reference, text) == (62,)
    moved = ensemble(reference, text, "translation")
    z = text / np.linalg.norm(text)
    np.testing.assert_allclose(moved[2], z, atol=1e-12)
    # Before normalising, notes keep their differences: those of note 0 and 2, up to a scale.
    apart = reference.templates[0] + z - reference.templates[2]
    np.testing.assert_allclose(moved[0], apart / np.linalg.norm(apart), atol=1e-12)


def test_a_text_that_is_a_template_moves_nothing(reference):
    moved = ensemble(reference, reference.templates[4], "translation")
    np.testing.assert_allclose(moved, reference.templates, atol=1e-12)


def test_coloration_has_the_affinities_of_real_instruments(reference, text):
    made = ensemble(reference, text, "coloration")
    np.testing.assert_allclose(made @ made.T, reference.affinity, atol=1e-10)


def test_colouring_leaves_alone_what_has_the_colour():
    cosines = equal_cosines(5, 0.6)
    vectors = of_cosines(cosines, dimension=9).vectors @ rotation(9)
    np.testing.assert_allclose(coloured(vectors, cosines), vectors, atol=1e-10)


def test_colouring_to_no_affinity_is_whitening():
    """The orthonormal set closest to the vectors: their polar factor."""
    from scipy.linalg import polar

    vectors = at_random(5, 9, seed=2).vectors
    np.testing.assert_allclose(coloured(vectors, np.eye(5)), polar(vectors)[0], atol=1e-10)


def test_vectors_of_lower_rank_reach_what_they_can():
    """Notes in two dimensions cannot all be orthogonal: rows stay there, at length one."""
    vectors = at_random(5, 2, seed=2).vectors
    found = coloured(vectors, np.eye(5))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0)
    exact = coloured(vectors, vectors @ vectors.T)
    np.testing.assert_allclose(exact, vectors, atol=1e-7)


def test_a_wanted_affinity_of_rank_one_makes_all_notes_alike():
    found = coloured(at_random(4, 6).vectors, np.ones((4, 4)))
    np.testing.assert_allclose(found @ found.T, 1.0, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_rotating_the_space_changes_nothing(reference, text, method):
    instrument = at_random(6, 12, seed=9)
    turn = rotation(12, seed=5)
    turned = Reference(
        reference.keys, reference.templates @ turn, reference.affinity, 8, reference.repaired
    )
    assert text_score(turned, text @ turn, of_vectors(instrument.vectors @ turn), method) == (
        pytest.approx(text_score(reference, text, instrument, method), abs=1e-10)
    )


@pytest.mark.parametrize("method", METHODS)
def test_notes_that_an_instrument_lacks_do_not_count(reference, text, method):
    wanted = ensemble(reference, text, method)
    part = of_vectors(wanted[[1, 3]], keys=[(61,), (63,)])
    assert text_score(reference, text, part, method) == pytest.approx(1.0, abs=1e-12)


def test_an_instrument_that_moves_as_real_ones_do_scores_higher_adapted_than_naive(reference, text):
    """The paper's finding: the naive score punishes what a real keyboard does."""
    z = text / np.linalg.norm(text)
    real = of_vectors(reference.templates + (z - reference.templates[2]))
    naive, translation, coloration = (
        text_score(reference, text, real, method) for method in METHODS
    )
    assert translation == pytest.approx(1.0, abs=1e-12)
    assert naive < coloration < translation


def test_one_note():
    reference = Reference.learn([at_random(1, 3)])
    text = np.array([1.0, 2.0, 3.0])
    for method in METHODS:
        assert text_score(reference, text, of_vectors(text[None]), method) == pytest.approx(1.0)


def test_what_has_no_score_is_refused(reference, text):
    with pytest.raises(ValueError, match=r"the text's vector is \(3,\)"):
        ensemble(reference, np.ones(3), "naive")
    with pytest.raises(ValueError, match="no direction"):
        ensemble(reference, np.zeros(12), "naive")
    with pytest.raises(ValueError, match="cannot have cosines"):
        coloured(np.eye(3), np.eye(2))
    with pytest.raises(ValueError, match="cannot be paired"):
        score_by_note([], [])
    with pytest.raises((ValueError, TypeError), match="method"):
        ensemble(reference, text, "other")
