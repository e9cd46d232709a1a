"""Samples, intervals, FAD-infinity and the floor, against what is known of Gaussians."""

import numpy as np
import pytest

from eval.distances.fad import fad, fad_with_interval
from eval.distances.floor import floor
from eval.distances.infinity import fad_infinity
from eval.distances.resampling import bootstrap, groups_of
from eval.distances.sample import Sample
from eval.embedding import Embedded, EmbeddedFrames
from eval.sounds.base import Unreadable


def gaussian(n, d, seed, shift=0.0):
    return Sample.of_vectors(np.random.default_rng(seed).normal(size=(n, d)) + shift)


def test_a_sample_is_what_could_be_read():
    bad = (Unreadable("b", "not audio"),)
    vectors = np.array([[1.0], [np.nan], [3.0]], np.float32)
    clips = Sample.of(Embedded(vectors, ("a", "b", "c"), bad))
    assert len(clips) == 2
    np.testing.assert_array_equal(np.concatenate([*clips.chunks()]), [[1.0], [3.0]])
    frames = np.arange(5, dtype=np.float32)[:, None]
    starts = np.array([0, 2, 2, 5])
    pieces = Sample.of(EmbeddedFrames(frames, starts, ("a", "b", "c"), bad))
    assert len(pieces) == 2
    np.testing.assert_array_equal(pieces.rows([1, 0, 1]), [2, 3, 4, 0, 1, 2, 3, 4])
    np.testing.assert_array_equal(np.concatenate([*pieces.chunks([1])])[:, 0], [2, 3, 4])
    turned = pieces.taken([1, 0])
    np.testing.assert_array_equal(turned.vectors[:, 0], [2, 3, 4, 0, 1])
    np.testing.assert_array_equal(turned.starts, [0, 3, 5])
    with pytest.raises(ValueError, match="0 sounds, 0 of them without"):
        Sample.of(Embedded(vectors[1:2], ("b",), bad))
    with pytest.raises(ValueError, match="rows 0 to 4 belong to sounds, but there are 5"):
        Sample(frames, np.array([0, 4]))
    with pytest.raises(ValueError, match="not finite"):
        next(Sample.of_vectors(vectors).chunks())


def test_the_bias_goes_with_one_over_n_and_is_extrapolated_away():
    """Equal Gaussians are 0 apart: what is measured is bias. Mean of 12 simulations."""
    d, n = 12, 200
    biased, customary, unbiased = [], [], []
    for seed in range(12):
        x, y = gaussian(n, d, 2 * seed), gaussian(n, d, 2 * seed + 1)
        settings = {"sizes": 6, "draws": 4, "n_groups": 2, "seed": seed}
        biased.append(fad(x, y))
        customary.append(fad_infinity(x, y, **settings).estimate.value)
        unbiased.append(fad_infinity(x, y, both=True, **settings).estimate.value)
    # Half of the bias is the reference's, which the customary way leaves.
    assert np.mean(customary) == pytest.approx(np.mean(biased) / 2, rel=0.25)
    assert abs(np.mean(unbiased)) < 0.15 * np.mean(biased)


def test_a_known_distance_is_met_and_lies_in_the_interval():
    x, y = gaussian(600, 8, 0), gaussian(2000, 8, 1, shift=1.0)
    found = fad_infinity(x, y, draws=4)
    assert found.estimate.value == pytest.approx(8.0, rel=0.1)
    assert found.estimate.low < 8.0 < found.estimate.high
    assert abs(found.estimate.value - 8.0) < abs(fad(x, y) - 8.0) + 0.1
    assert len(found.n) == len(found.distances) == 32
    assert found.n.max() == 600
    assert found.n.min() == 200
    again = fad_infinity(x, y, draws=4)
    np.testing.assert_array_equal(found.distances, again.distances)
    assert not np.array_equal(fad_infinity(x, y, draws=4, seed=1).distances, again.distances)


def test_an_exact_line_is_found_back():
    """Distances that are a line over 1 / n: r2 is 1. Here by a fit on given points."""
    from eval.distances.infinity import _fit

    n = np.array([10, 20, 40, 80])
    assert _fit(n, 3.0 + 7.0 / n) == pytest.approx((3.0, 7.0, 1.0))
    assert _fit(n, np.full(4, 2.0)) == pytest.approx((2.0, 0.0, 1.0))


def test_the_bootstrap_of_a_mean_has_the_width_that_theory_gives_it():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=400), 2 * rng.normal(size=100)
    found = bootstrap(lambda i, j: float(x[i].mean() - y[j].mean()), (400, 100), 1000, seed=0)
    error = np.sqrt(x.var() / 400 + y.var() / 100)
    assert found.value == pytest.approx(x.mean() - y.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert bootstrap(lambda i, j: float(i.mean()), (9, 9), 5, seed=1) == bootstrap(
        lambda i, j: float(i.mean()), (9, 9), 5, seed=1
    )


def test_the_interval_of_a_distance_is_around_it_and_shrinks_with_more_sounds():
    few = fad_with_interval(gaussian(50, 4, 0), gaussian(50, 4, 1, 1.0), repeats=60)
    many = fad_with_interval(gaussian(800, 4, 0), gaussian(800, 4, 1, 1.0), repeats=60)
    for found in (few, many):
        assert found.low < found.value < found.high
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(4.0, rel=0.4)


def test_intervals_in_principal_directions_are_as_wide_as_in_all():
    """Spectra that fall as those of embeddings do; the values are those of all dimensions."""
    rng = np.random.default_rng(5)
    axes = np.linalg.qr(rng.normal(size=(60, 60)))[0] * (1 / np.arange(1, 61))
    x = Sample.of_vectors(rng.normal(size=(150, 60)) @ axes.T + 0.1)
    y = Sample.of_vectors(1.2 * rng.normal(size=(150, 60)) @ axes.T)
    for measure in (
        lambda k: fad_with_interval(x, y, repeats=60, directions=k),
        lambda k: fad_infinity(x, y, sizes=4, draws=2, n_groups=8, directions=k).estimate,
    ):
        whole, some = measure(60), measure(12)
        assert some.value == pytest.approx(whole.value, rel=1e-9)
        assert (some.high - some.low) / (whole.high - whole.low) == pytest.approx(1.0, rel=0.2)


def test_groups_part_the_sounds():
    groups = groups_of(23, 5, seed=0)
    assert sorted(np.concatenate(groups)) == list(range(23))
    assert sorted(map(len, groups)) == [4, 4, 5, 5, 5]
    with pytest.raises(ValueError, match="3 sounds cannot be dealt into 4 groups"):
        groups_of(3, 4, seed=0)


def test_the_floor_is_between_halves_that_share_nothing():
    seen = []

    def distance(these, those):
        seen.append((these, those))
        return float(len(seen))

    found = floor(distance, 11, repeats=21, seed=0)
    for these, those in seen:
        assert sorted([*these, *those]) == list(range(11))
        assert len(these) == 5
    assert len({tuple(these) for these, _ in seen}) > 15
    assert (found.mean, found.low, found.high) == pytest.approx((11.0, 1.5, 20.5))
    with pytest.raises(ValueError, match="4 sounds and 1 split at least, got 3 sounds"):
        floor(distance, 3)


def test_wrong_settings_are_refused():
    x = gaussian(20, 2, 0)
    with pytest.raises(ValueError, match=r"got 1, 3 and 0\.333"):
        fad_infinity(x, x, sizes=1)
    with pytest.raises(ValueError, match="2 repeats at least, got 1"):
        fad_with_interval(x, x, repeats=1)
