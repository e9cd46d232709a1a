"""The two regressions against scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eval.parameters.regression import ALPHAS, nearest, ridge


def made(n, dimension, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n + 20, dimension)) * np.geomspace(0.1, 10, dimension) + 2
    y = x[:, :3] @ rng.normal(size=(3, 4)) + rng.normal(size=(n + 20, 4)) * [0.1, 1, 5, 20]
    return x[:n], y[:n], x[n:]


@pytest.mark.parametrize(("n", "dimension"), [(80, 10), (30, 60)], ids=["tall", "wide"])
def test_ridge_is_sklearns_with_a_penalty_a_target(n, dimension):
    x, y, test = made(n, dimension)
    theirs = make_pipeline(StandardScaler(), RidgeCV(ALPHAS, alpha_per_target=True)).fit(x, y)
    np.testing.assert_allclose(ridge(x, test)(y), theirs.predict(test), rtol=1e-6, atol=1e-8)


def test_neighbours_are_sklearns():
    x, y, test = made(60, 5)
    theirs = make_pipeline(StandardScaler(), KNeighborsRegressor(10)).fit(x, y)
    np.testing.assert_allclose(nearest(x, test)(y), theirs.predict(test), atol=1e-12)


def test_a_column_that_never_moves_does_no_harm():
    x, y, test = made(40, 5)
    x[:, 4] = test[:, 4] = 7.0
    expected = ridge(x[:, :4], test[:, :4])(y)
    np.testing.assert_allclose(ridge(x, test)(y), expected, atol=1e-9)
    assert np.isfinite(nearest(x, test)(y)).all()
