"""Pictures of a space: principal components against sklearn, and UMAP."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from eval.similarity.projection import principal_components, umap_points


def a_cloud(n=50, dimension=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, dimension)) * np.arange(dimension, 0, -1) + 3


def test_components_are_sklearns_up_to_the_sign():
    cloud = a_cloud()
    ours, theirs = principal_components(cloud, 3), PCA(3, svd_solver="full").fit(cloud)
    np.testing.assert_allclose(np.abs(ours.axes), np.abs(theirs.components_), atol=1e-10)
    np.testing.assert_allclose(ours.explained, theirs.explained_variance_ratio_, atol=1e-12)
    np.testing.assert_allclose(
        np.abs(ours.points(cloud)), np.abs(theirs.transform(cloud)), atol=1e-9
    )


def test_signs_are_decided():
    cloud = a_cloud()
    axes = principal_components(cloud).axes
    assert (axes[np.arange(2), np.abs(axes).argmax(axis=1)] > 0).all()
    np.testing.assert_allclose(principal_components(6.0 - cloud).axes, axes, atol=1e-10)


def test_a_cloud_without_extent_has_no_shares():
    found = principal_components(np.ones((4, 3)))
    assert np.isnan(found.explained).all()
    np.testing.assert_allclose(found.points(np.ones((2, 3))), 0.0)


@pytest.mark.parametrize(
    ("cloud", "said"),
    [(np.full((5, 3), np.nan), "finite"), (np.ones((1, 3)), "2 axes cannot be had")],
)
def test_what_has_no_components_is_refused(cloud, said):
    with pytest.raises(ValueError, match=said):
        principal_components(cloud)


def test_too_few_for_a_umap_are_refused():
    with pytest.raises(ValueError, match="four finite vectors"):
        umap_points(np.ones((3, 2)))


@pytest.mark.slow
def test_a_umap_parts_what_is_apart_and_is_the_same_again():
    rng = np.random.default_rng(0)
    centres = np.eye(3)[np.repeat(np.arange(3), 30)]
    cloud = centres + 0.05 * rng.normal(size=centres.shape)
    points = umap_points(cloud, seed=4)
    groups = points.reshape(3, 30, 2)
    within = np.linalg.norm(groups - groups.mean(axis=1, keepdims=True), axis=2).max()
    middles = groups.mean(axis=1)
    between = min(np.linalg.norm(middles[i] - middles[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    assert between > 2 * within
    np.testing.assert_array_equal(points, umap_points(cloud, seed=4))
    assert umap_points(cloud[:5]).shape == (5, 2)
