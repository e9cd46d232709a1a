"""Measures of disentanglement on codes whose value is known."""

import numpy as np
import pytest

from eval.parameters.disentanglement import (
    dci,
    importance,
    mutual_information_gap,
    separation,
)


@pytest.fixture(scope="module")
def factors():
    return np.random.default_rng(0).uniform(size=(2000, 3))


def turned(factors):
    """Three codes that each hold all three factors alike, up to the sign."""
    signs = np.array([[1, 1, 1], [1, -1, 1], [1, 1, -1]])
    return (factors - 0.5) @ signs


def doubled(factors):
    rng = np.random.default_rng(1)
    return np.hstack([factors, -2 * factors]) + 1e-3 * rng.normal(size=(len(factors), 6))


def test_closed_forms_of_importances():
    assert dci(np.eye(4)[:, [2, 0, 3, 1]] * [1, 5, 2, 9]).disentanglement == 1.0
    uniform = dci(np.ones((5, 3)))
    assert uniform.disentanglement == pytest.approx(0.0, abs=1e-12)
    assert uniform.completeness == pytest.approx(0.0, abs=1e-12)
    # Each factor in two codes of its own, of four: entropy log 2 of log 4.
    split = dci(np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]]))
    assert (split.disentanglement, split.completeness) == (1.0, pytest.approx(0.5))
    # One code holds both factors: it is mixed, they are each whole.
    shared = dci(np.array([[1.0, 1.0], [0, 0]]))
    assert shared.disentanglement == pytest.approx(0.0, abs=1e-12)
    assert shared.completeness == 1.0


def test_a_code_weighs_what_it_counts():
    """Code 0, of weight 3, is pure; code 1, of weight 1, is mixed evenly."""
    found = dci(np.array([[3.0, 0.0], [0.5, 0.5]]))
    assert found.disentanglement == pytest.approx(0.75)
    first = 1 + (6 / 7 * np.log2(6 / 7) + 1 / 7 * np.log2(1 / 7))
    assert found.completeness == pytest.approx((first + 1.0) / 2)


def test_factors_that_no_code_holds_are_counted():
    found = dci(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    assert (found.disentanglement, found.completeness, found.unheld) == (1.0, 1.0, 1)
    nothing = dci(np.zeros((2, 2)))
    assert np.isnan(nothing.disentanglement)
    assert np.isnan(nothing.completeness)
    assert nothing.unheld == 2


@pytest.mark.parametrize("regressor", ["lasso", "forest"])
def test_factors_themselves_are_disentangled_and_mixtures_are_not(factors, regressor):
    few = factors[:500]
    pure, mixed = importance(few, few, regressor), importance(turned(few), few, regressor)
    assert pure.r2.min() > 0.95
    found, worse = dci(pure.weights), dci(mixed.weights)
    assert found.disentanglement > 0.95
    assert found.completeness > 0.95
    # Of the inverse of the mixing each row and column has two equal entries: log 2 of log 3.
    most = 1 - np.log(2) / np.log(3) + 0.02
    assert worse.disentanglement < most
    assert worse.completeness < most


def test_a_lasso_of_a_mixture_counts_as_its_inverse_does(factors):
    """The codes are a linear map of the factors: the coefficients are those of its inverse."""
    signs = np.array([[1, 1, 1], [1, -1, 1], [1, 1, -1]])
    codes = turned(factors)
    found = importance(codes, factors).weights
    expected = np.abs(np.linalg.inv(signs)) * codes.std(axis=0)[:, None] / factors.std(axis=0)
    np.testing.assert_allclose(found, expected, atol=0.1)


def test_gaps_are_whole_for_the_factors_themselves(factors):
    np.testing.assert_allclose(separation(factors, factors), 1.0, atol=0.01)
    # What two independent ones of 20 bins share by chance: 19^2 / (2 n) nats of log 20.
    by_chance = 19**2 / (2 * len(factors)) / np.log(20)
    np.testing.assert_allclose(mutual_information_gap(factors, factors), 1 - by_chance, atol=0.015)


@pytest.mark.parametrize("codes", [turned, doubled])
def test_gaps_vanish_for_mixtures_and_copies(factors, codes):
    assert np.abs(separation(codes(factors), factors)).max() < 0.06
    assert np.abs(mutual_information_gap(codes(factors), factors)).max() < 0.06


def test_separation_has_the_closed_form(factors):
    """A code of x + y knows half of either; a code of x + 2 y a fifth and four fifths."""
    x, y = factors[:, 0], factors[:, 1]
    codes = np.stack([x + y, x + 2 * y], axis=1)
    np.testing.assert_allclose(separation(codes, factors[:, :2]), [0.5 - 0.2, 0.8 - 0.5], atol=0.05)


def test_bending_a_code_changes_no_information(factors):
    bent = np.exp(5 * factors)
    np.testing.assert_allclose(
        mutual_information_gap(bent, factors), mutual_information_gap(factors, factors), atol=1e-3
    )


def test_copies_are_disentangled_but_not_complete(factors):
    """A forest shares a factor among its copies: entropy log 2 of log 6."""
    found = dci(importance(doubled(factors[:400]), factors[:400], "forest").weights)
    assert found.disentanglement > 0.9
    assert found.completeness < 0.9


def test_a_factor_that_does_not_vary_has_no_measure(factors):
    fixed = factors[:300].copy()
    fixed[:, 1] = 0.25
    codes = factors[:300]
    assert np.isnan(mutual_information_gap(codes, fixed)).tolist() == [False, True, False]
    assert np.isnan(separation(codes, fixed)).tolist() == [False, True, False]
    found = importance(codes, fixed)
    assert np.isnan(found.r2).tolist() == [False, True, False]
    assert dci(found.weights).unheld == 1


def test_what_has_no_measure_is_refused(factors):
    with pytest.raises(ValueError, match="2 codes"):
        separation(factors[:, :1], factors)
    with pytest.raises(ValueError, match="20 sounds"):
        mutual_information_gap(factors[:19], factors[:19])
    with pytest.raises(ValueError, match="12 or more"):
        importance(factors[:11], factors[:11])
    with pytest.raises(ValueError, match="none negative"):
        dci(-np.eye(2))
