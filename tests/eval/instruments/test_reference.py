"""What is learned from instruments, whole ones and ones with notes missing."""

import numpy as np
import pytest

from eval.instruments.notes import Instrument
from eval.instruments.reference import Reference
from tests.eval.instruments.made import at_random, equal_cosines, of_cosines, of_vectors

GRID = [(60, 25), (60, 100), (61, 25), (61, 100)]


def test_notes_are_ordered_by_pitch_and_then_by_velocity():
    vectors = np.diag([1.0, 2.0, 3.0, 4.0])
    made = Instrument.of("x", [GRID[3], GRID[0], GRID[2], GRID[1]], vectors)
    assert list(made.keys) == GRID
    np.testing.assert_array_equal(made.vectors, np.eye(4)[[1, 3, 2, 0]])


def test_affinities_and_templates_are_means_over_instruments():
    instruments = [at_random(4, 5, seed, keys=GRID) for seed in range(7)]
    learned = Reference.learn(instruments)
    cosines = np.mean([one.vectors @ one.vectors.T for one in instruments], axis=0)
    np.testing.assert_allclose(learned.affinity, cosines, atol=1e-12)
    means = np.mean([one.vectors for one in instruments], axis=0)
    np.testing.assert_allclose(
        learned.templates, means / np.linalg.norm(means, axis=1, keepdims=True), atol=1e-12
    )
    assert (learned.n_instruments, learned.repaired, learned.keys) == (7, 0.0, tuple(GRID))


def test_a_missing_note_takes_part_in_no_mean():
    whole = of_cosines(equal_cosines(3, 0.5), name="whole")
    part = of_vectors(np.eye(3)[:2], name="part")
    learned = Reference.learn([whole, part])
    np.testing.assert_allclose(
        learned.affinity, [[1, 0.25, 0.5], [0.25, 1, 0.5], [0.5, 0.5, 1]], atol=1e-12
    )
    assert learned.repaired == 0.0


def test_means_that_contradict_each_other_are_repaired():
    """a like b, b like c, a opposite to c: no three vectors have those cosines."""
    keys = [(1,), (2,), (3,)]
    pairs = [((0, 1), 1.0), ((1, 2), 1.0), ((0, 2), -1.0)]
    made = [
        of_vectors(np.array([[1.0, 0.01], [sign, 0.02]]), keys=[keys[i], keys[j]])
        for (i, j), sign in pairs
    ]
    learned = Reference.learn(made)
    assert learned.repaired > 0.2
    assert np.linalg.eigvalsh(learned.affinity).min() > -1e-12
    np.testing.assert_allclose(np.diag(learned.affinity), 1.0)


@pytest.mark.parametrize(
    ("instruments", "said"),
    [
        ([], "at least one instrument"),
        ([at_random(dimension=3), at_random(dimension=4)], "different dimensions"),
        ([at_random(2, keys=[(1,), (2,)]), at_random(2, keys=[(2,), (3,)])], "together"),
        ([of_vectors(np.eye(2)), of_vectors(-np.eye(2))], "no direction"),
    ],
)
def test_what_cannot_be_averaged_is_refused(instruments, said):
    with pytest.raises(ValueError, match=said):
        Reference.learn(instruments)


@pytest.mark.parametrize(
    ("keys", "vectors", "said"),
    [
        ([(1,)], np.ones((2, 3)), "1 notes, but vectors"),
        ([], np.ones((0, 3)), "0 notes"),
        ([(1,), (1,)], np.ones((2, 3)), r"note \(1,\) more than once"),
        ([(1,), (2,)], np.eye(2) * [1, 0], "1 vectors are zero"),
        ([(1,)], np.array([[np.nan, 1.0]]), "not finite"),
    ],
)
def test_what_is_no_instrument_is_refused(keys, vectors, said):
    with pytest.raises(ValueError, match=said):
        Instrument.of("x", keys, vectors)
