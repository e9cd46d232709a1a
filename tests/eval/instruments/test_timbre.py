"""Timbre consistency on affinities whose value is known in closed form."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from eval.instruments.reference import Reference
from eval.instruments.timbre import (
    affinity,
    instrument_consistency,
    paired_consistency,
    timbre_consistency,
)
from tests.eval.instruments.made import (
    at_random,
    equal_cosines,
    of_cosines,
    of_vectors,
    rotation,
)


def test_an_affinity_has_trace_one():
    instrument = at_random()
    assert np.trace(affinity(instrument, instrument)) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("rho", "sigma"), [(0.0, 0.0), (0.3, 0.8), (0.0, 0.9), (1.0, 0.5)])
def test_equal_cosines_have_the_closed_form(rho, sigma):
    """(1 - r) I + r J has eigenvalues 1 + (n - 1) r once and 1 - r else; both share the axes."""
    n = 7
    first, second = of_cosines(equal_cosines(n, rho)), of_cosines(equal_cosines(n, sigma))
    expected = (
        np.sqrt((1 + (n - 1) * rho) * (1 + (n - 1) * sigma))
        + (n - 1) * np.sqrt((1 - rho) * (1 - sigma))
    ) / n
    assert paired_consistency([first], [second]) == pytest.approx(expected, abs=1e-7)
    learned = Reference.learn([first])
    assert instrument_consistency(learned, second) == pytest.approx(expected, abs=1e-7)


def test_one_timbre_against_notes_without_anything_in_common():
    n = 9
    alike = of_vectors(np.tile(np.eye(n)[0], (n, 1)))
    assert paired_consistency([alike], [of_vectors(np.eye(n))]) == pytest.approx(1 / np.sqrt(n))


def test_two_halves_against_two_other_halves():
    """Notes 1,2 | 3,4 against 1,3 | 2,4: overlaps of the blocks give 4 singular values of 1/4."""
    first = of_vectors(np.eye(2)[[0, 0, 1, 1]])
    second = of_vectors(np.eye(2)[[0, 1, 0, 1]])
    # The product matrix is all ones (2, 2) over 4: one singular value of 2 / 4.
    assert paired_consistency([first], [second]) == pytest.approx(0.5, abs=1e-12)


def test_general_affinities_agree_with_the_square_root_of_the_product():
    for seed in range(5):
        first, second = at_random(seed=seed), at_random(seed=seed + 50)
        product = affinity(first, first) @ affinity(second, second)
        expected = np.trace(sqrtm(product)).real
        assert paired_consistency([first], [second]) == pytest.approx(expected, abs=1e-6)


def test_embeddings_shorter_than_the_keyboard():
    """40 notes in 3 dimensions: affinities of rank 3, where a square root of a product breaks."""
    first, second = at_random(40, 3, seed=1), at_random(40, 3, seed=2)
    values, axes = np.linalg.eigh(affinity(first, first))
    root = (axes * np.sqrt(np.maximum(values, 0))) @ axes.T
    inner = np.linalg.eigvalsh(root @ affinity(second, second) @ root)
    expected = np.sqrt(np.maximum(inner, 0)).sum()
    assert paired_consistency([first], [second]) == pytest.approx(expected, abs=1e-6)


def test_only_affinities_matter_not_where_the_notes_lie():
    first, second = at_random(seed=3), at_random(seed=4)
    turned = of_vectors(second.vectors @ rotation(10))
    found = paired_consistency([first], [second])
    assert paired_consistency([first], [turned]) == pytest.approx(found, abs=1e-12)
    assert paired_consistency([second], [first]) == pytest.approx(found, abs=1e-12)
    assert paired_consistency([first], [of_vectors(first.vectors @ rotation(10))]) == (
        pytest.approx(1.0, abs=1e-12)
    )


def test_it_lies_between_nothing_and_one():
    found = [
        paired_consistency([at_random(seed=seed)], [at_random(seed=seed + 99)])
        for seed in range(20)
    ]
    assert 0 < min(found) < max(found) < 1


def test_one_note_is_consistent_with_itself():
    one = at_random(n=1)
    assert paired_consistency([one], [at_random(n=1, seed=8)]) == pytest.approx(1.0)
    assert instrument_consistency(Reference.learn([one]), one) == pytest.approx(1.0)


def test_of_the_learned_affinities_those_of_the_notes_that_are_there_count():
    cosines = equal_cosines(6, 0.4)
    whole = of_cosines(cosines)
    part = of_vectors(whole.vectors[[1, 4]], keys=[(61,), (64,)])
    assert instrument_consistency(Reference.learn([whole]), part) == pytest.approx(1, abs=1e-8)


def test_the_score_is_the_mean_over_instruments():
    reference = Reference.learn([at_random(seed=seed) for seed in range(4)])
    instruments = [at_random(seed=seed) for seed in range(10, 16)]
    single = [instrument_consistency(reference, one) for one in instruments]
    found = timbre_consistency(reference, instruments)
    assert found.value == pytest.approx(np.mean(single), abs=1e-12)
    assert min(single) < found.low < found.high < max(single)


def test_instruments_that_cannot_be_compared_are_refused():
    one, other = at_random(), at_random(keys=[(n,) for n in range(6)])
    with pytest.raises(ValueError, match="not the same notes"):
        paired_consistency([one], [other])
    with pytest.raises(ValueError, match="not the same notes"):
        affinity(one, other)
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_consistency([], [])
    with pytest.raises(ValueError, match="6 notes that no reference instrument has"):
        instrument_consistency(Reference.learn([one]), other)
    with pytest.raises(ValueError, match="at least one instrument"):
        timbre_consistency(Reference.learn([one]), [])
