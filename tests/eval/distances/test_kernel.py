"""Kernel audio distance against closed forms and another library, and its lack of bias."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import rbf_kernel

from eval.distances import sample as sample_module
from eval.distances.kernel import bandwidth_of, kad, kad_with_interval
from eval.distances.sample import Sample

RNG = np.random.default_rng(0)


def plain(x, y, bandwidth):
    """Every pair of rows, by scikit-learn's kernel."""
    gamma = 1 / (2 * bandwidth**2)
    n, m = len(x), len(y)
    inner = [(rbf_kernel(v, v, gamma).sum() - len(v)) / (len(v) * (len(v) - 1)) for v in (x, y)]
    return inner[0] + inner[1] - 2 * rbf_kernel(x, y, gamma).sum() / (n * m)


def of(x):
    return Sample.of_vectors(x)


def test_it_is_the_mean_over_pairs_whatever_the_chunks(monkeypatch):
    x, y = RNG.normal(size=(70, 5)), RNG.normal(size=(55, 5)) + 0.5
    expected = 100 * plain(x, y, 1.7)
    assert kad(of(x), of(y), 1.7) == pytest.approx(expected, rel=1e-10)
    monkeypatch.setattr(sample_module, "_CHUNK_ROWS", 8)
    assert kad(of(x), of(y), 1.7) == pytest.approx(expected, rel=1e-10)
    assert kad(of(x), of(y), 1.7, scale=1.0) == pytest.approx(expected / 100, rel=1e-10)
    estimate = kad_with_interval(of(x), of(y), 1.7, n_groups=7)
    assert estimate.value == pytest.approx(expected, rel=1e-10)


def test_it_has_no_bias_even_for_five_vectors():
    """The mean over simulations against the discrepancy of the two Gaussians themselves.

    The mean of the kernel between N(a, u I) and N(b, v I) in d dimensions is
    (s^2 / w)^(d/2) exp(-||a - b||^2 / (2 w)), w = s^2 + u + v.
    """
    s, d, spreads, shift = 1.5, 3, (1.0, 2.0), 1.2

    def mean_kernel(u, v, apart):
        w = s**2 + u + v
        return (s**2 / w) ** (d / 2) * np.exp(-apart / (2 * w))

    truth = (
        mean_kernel(spreads[0], spreads[0], 0)
        + mean_kernel(spreads[1], spreads[1], 0)
        - 2 * mean_kernel(*spreads, d * shift**2)
    )
    found = [
        kad(
            of(RNG.normal(size=(5, d)) * np.sqrt(spreads[0])),
            of(RNG.normal(size=(6, d)) * np.sqrt(spreads[1]) + shift),
            s,
            scale=1.0,
        )
        for _ in range(500)
    ]
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - truth) < 3.5 * error
    assert error < 0.1 * truth, "the test could not see a bias otherwise"


def test_pieces_of_one_sound_are_no_pair():
    """By hand: three sounds of one to three pieces against two of two and one."""
    x, y, bandwidth = RNG.normal(size=(6, 2)), RNG.normal(size=(3, 2)), 1.3
    owners = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 0, 1])
    means = []
    for vectors, owner in ((x, owners[0]), (y, owners[1])):
        kernel = rbf_kernel(vectors, vectors, 1 / (2 * bandwidth**2))
        means.append(kernel[owner[:, None] != owner[None]].mean())
    cross = rbf_kernel(x, y, 1 / (2 * bandwidth**2)).mean()
    samples = Sample(x, np.array([0, 2, 3, 6])), Sample(y, np.array([0, 2, 3]))
    assert kad(*samples, bandwidth, scale=1.0) == pytest.approx(sum(means) - 2 * cross, rel=1e-10)


def test_sounds_of_alike_pieces_have_no_bias_either():
    """Equal distributions of sounds, five pieces each, which differ little within a sound."""

    def a_set():
        sounds = np.repeat(RNG.normal(size=(12, 2)), 5, axis=0)
        return Sample(sounds + 0.1 * RNG.normal(size=(60, 2)), np.arange(0, 61, 5))

    found = [kad(a_set(), a_set(), 1.5) for _ in range(120)]
    assert abs(np.mean(found)) < 3.5 * np.std(found) / np.sqrt(120)


def test_equal_distributions_are_around_zero_and_half_of_the_time_below():
    found = [kad(of(RNG.normal(size=(40, 4))), of(RNG.normal(size=(40, 4)))) for _ in range(100)]
    assert abs(np.mean(found)) < 3.5 * np.std(found) / np.sqrt(100)
    assert 0.3 < np.mean(np.array(found) < 0) < 0.8


def test_turning_both_sets_changes_nothing_nor_does_stretching():
    x, y = RNG.normal(size=(40, 6)), RNG.normal(size=(30, 6)) + 0.4
    turn = np.linalg.qr(RNG.normal(size=(6, 6)))[0]
    value = kad(of(x), of(y))
    assert kad(of(x @ turn + 5), of(y @ turn + 5)) == pytest.approx(value, rel=1e-9)
    # The bandwidth stretches along.
    assert kad(of(20 * x), of(20 * y)) == pytest.approx(value, rel=1e-9)


def test_the_bandwidth_is_the_median_distance():
    corners = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    assert bandwidth_of(of(corners)) == 4.0
    many = RNG.normal(size=(3000, 2))
    exact = np.median([np.linalg.norm(a - b) for a, b in RNG.choice(many, (20000, 2))])
    assert bandwidth_of(of(many)) == pytest.approx(exact, rel=0.03)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    s, d = 2.0, 2

    def mean_kernel(apart):
        return s**2 / (s**2 + 2) * np.exp(-apart / (2 * (s**2 + 2)))

    truth = 2 * mean_kernel(0) - 2 * mean_kernel(2.0)
    hits = 0
    for _ in range(50):
        x, y = RNG.normal(size=(60, d)), RNG.normal(size=(60, d)) + 1.0
        interval = kad_with_interval(of(x), of(y), s, scale=1.0, n_groups=8)
        hits += interval.low <= truth <= interval.high
    assert hits >= 42


def test_vectors_of_a_sound_stay_together_in_the_interval():
    """Ten copies of each vector are no more evidence than one."""
    x, y = RNG.normal(size=(40, 3)), RNG.normal(size=(40, 3)) + 0.5
    once = kad_with_interval(of(x), of(y), 2.0)
    starts = np.arange(0, 401, 10)
    copies = [Sample(np.repeat(v, 10, axis=0), starts) for v in (x, y)]
    tenfold = kad_with_interval(*copies, 2.0)
    assert tenfold.value == pytest.approx(once.value, rel=1e-9)
    ratio = (tenfold.high - tenfold.low) / (once.high - once.low)
    assert 0.9 < ratio < 1.1


def test_too_little_to_measure_is_refused():
    with pytest.raises(ValueError, match="they do not differ"):
        kad(of(RNG.normal(size=(4, 2))), of(np.ones((4, 2))))
    with pytest.raises(ValueError, match="needs 2 sounds in each set"):
        kad(of(np.ones((1, 2))), of(RNG.normal(size=(4, 2))))
    with pytest.raises(ValueError, match="2 and 3 dimensions"):
        kad(of(RNG.normal(size=(4, 2))), of(RNG.normal(size=(4, 3))))
