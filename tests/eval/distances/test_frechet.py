"""Fréchet distance against closed forms, SciPy's square root, and what must not change it."""

import numpy as np
import pytest
import scipy.linalg

from eval.distances.frechet import Gaussian, frechet_distance

RNG = np.random.default_rng(0)


def a_rotation(d, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]


def a_covariance(d, seed):
    x = np.random.default_rng(seed).normal(size=(3 * d, d)) * np.linspace(0.1, 3, d)
    return x.T @ x / (3 * d)


def of_vectors(x):
    return Gaussian.fit([x])


def by_eigenvalues(x, y):
    """From the eigenvalues of the product of covariances; right for singular ones too."""
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    values = np.linalg.eigvals(a @ b).real.clip(0)
    apart = np.sum((x.mean(0) - y.mean(0)) ** 2)
    return apart + np.trace(a) + np.trace(b) - 2 * np.sqrt(values).sum()


@pytest.mark.parametrize("d", [1, 2, 30])
def test_covariances_with_the_same_axes_have_a_closed_form(d):
    """The squared distance of the means, and of the standard deviations along each axis."""
    first, second = RNG.uniform(0.1, 3, d), RNG.uniform(0.1, 3, d)
    shift, turn = RNG.normal(size=d), a_rotation(d)
    a = Gaussian.of_moments(np.zeros(d), turn * first**2 @ turn.T)
    b = Gaussian.of_moments(shift, turn * second**2 @ turn.T)
    expected = np.sum(shift**2) + np.sum((first - second) ** 2)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("d", [2, 16, 64])
def test_it_is_the_trace_with_the_square_root_of_scipy(d):
    a, b = a_covariance(d, 1), a_covariance(d, 2)
    means = RNG.normal(size=(2, d))
    root = scipy.linalg.sqrtm(a @ b).real
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(a + b - 2 * root)
    ours = frechet_distance(Gaussian.of_moments(means[0], a), Gaussian.of_moments(means[1], b))
    assert ours == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("n", "m", "d"), [(500, 300, 12), (8, 500, 40), (7, 5, 40), (2, 2, 3)])
def test_vectors_fewer_or_more_than_dimensions(n, m, d):
    x, y = RNG.normal(size=(n, d)) * 2, RNG.normal(size=(m, d)) + 0.3
    ours = frechet_distance(of_vectors(x), of_vectors(y))
    # The eigenvalues' rounding is under a square root there.
    assert ours == pytest.approx(by_eigenvalues(x, y), rel=1e-6)
    moments = [Gaussian.of_moments(v.mean(0), np.cov(v, rowvar=False)) for v in (x, y)]
    assert frechet_distance(*moments) == pytest.approx(ours, rel=1e-9)


def test_sets_of_one_plane_each_have_a_closed_form():
    """Degenerate Gaussians along two lines at an angle: tr of the root is s t |cos|."""
    angle = 0.7
    x = np.outer(RNG.normal(size=50), [1.0, 0.0, 0.0])
    y = np.outer(RNG.normal(size=60), [np.cos(angle), np.sin(angle), 0.0])
    s, t = (np.sqrt(np.trace(np.cov(v, rowvar=False))) for v in (x, y))
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + s**2 + t**2 - 2 * s * t * np.cos(angle)
    assert frechet_distance(of_vectors(x), of_vectors(y)) == pytest.approx(expected, rel=1e-12)


def test_equal_sets_are_no_distance_apart_and_nothing_is_ever_below():
    for n, d in ((4, 64), (64, 64), (65, 64), (1000, 64)):
        x = RNG.normal(size=(n, d)) * 10 ** RNG.uniform(-4, 4, d)
        a = of_vectors(x)
        assert 0 <= frechet_distance(a, a) <= 1e-11 * np.sum(a.factor**2)
        b = of_vectors(x[::-1])
        assert 0 <= frechet_distance(a, b) <= 1e-11 * np.sum(a.factor**2)


def test_turning_and_moving_both_sets_changes_nothing_and_stretching_squares():
    x, y = RNG.normal(size=(90, 10)), RNG.normal(size=(70, 10)) * 1.5 + 1
    plain = frechet_distance(of_vectors(x), of_vectors(y))
    turn = a_rotation(10, 3)
    assert frechet_distance(of_vectors(y), of_vectors(x)) == pytest.approx(plain, rel=1e-12)
    moved = frechet_distance(of_vectors(x @ turn + 100), of_vectors(y @ turn + 100))
    assert moved == pytest.approx(plain, rel=1e-10)
    stretched = frechet_distance(of_vectors(3 * x), of_vectors(3 * y))
    assert stretched == pytest.approx(9 * plain, rel=1e-12)


def test_a_shift_alone_is_its_squared_length():
    x = RNG.normal(size=(40, 6))
    shift = np.array([3.0, 4.0, 0, 0, 0, 0])
    assert frechet_distance(of_vectors(x), of_vectors(x + shift)) == pytest.approx(25, rel=1e-12)


@pytest.mark.parametrize("n", [5, 40, 1000])
def test_chunks_make_no_difference(n):
    x = RNG.normal(size=(n, 20)) * np.linspace(0.01, 5, 20)
    a = of_vectors(x)
    np.testing.assert_allclose(a.covariance, np.cov(x, rowvar=False), atol=1e-12)
    for size in (1, 7, 64):
        b = Gaussian.fit(x[i : i + size] for i in range(0, n, size))
        np.testing.assert_allclose(b.mean, x.mean(0), atol=1e-13)
        np.testing.assert_allclose(b.covariance, a.covariance, atol=1e-12)
        assert b.factor.shape[1] <= max(n + n // size + 1, 20)


def test_small_spreads_around_a_large_mean_are_kept():
    """Sums of squares would have lost all of them: 1e9 squared against 1e-3 squared."""
    spread = RNG.normal(size=(300, 4)) * 1e-3
    x = 1e6 + spread
    a = Gaussian.fit(x[i : i + 50] for i in range(0, 300, 50))
    np.testing.assert_allclose(a.covariance, np.cov(x - 1e6, rowvar=False), rtol=1e-6, atol=1e-12)


def test_float32_vectors_are_taken_in_float64():
    x = RNG.normal(size=(100, 5)).astype(np.float32)
    assert of_vectors(x).factor.dtype == np.float64
    np.testing.assert_allclose(of_vectors(x).mean, x.astype(np.float64).mean(0), rtol=1e-14)


def test_what_is_no_gaussian_is_refused():
    with pytest.raises(ValueError, match="needs 2 vectors at least, got 1"):
        of_vectors(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="got 0"):
        Gaussian.fit([])
    with pytest.raises(ValueError, match="finite vectors only"):
        of_vectors(np.array([[0.0, np.nan], [1.0, 2.0]]))
    with pytest.raises(ValueError, match="must be symmetric"):
        Gaussian.of_moments(np.zeros(2), np.array([[1.0, 0.5], [0.0, 1.0]]))
    with pytest.raises(ValueError, match="no negative eigenvalue, this one has -1"):
        Gaussian.of_moments(np.zeros(2), np.diag([1.0, -1.0]))
    with pytest.raises(ValueError, match="3 and 2 dimensions: embed both with the same"):
        frechet_distance(of_vectors(RNG.normal(size=(5, 3))), of_vectors(RNG.normal(size=(5, 2))))
