"""What is predicted of parameters that a vector holds wholly, partly, or not at all."""

import numpy as np
import pytest
from sklearn.metrics import r2_score

from eval.parameters.prediction import predict_parameters

NAMES = ["osc.pitch", "osc.level", "noise.level", "noise.fixed"]


def made(n=300, dimension=12, seed=0):
    """The vector holds pitch whole, level with as much noise, the noise's level not at all."""
    rng = np.random.default_rng(seed)
    theta = rng.uniform(size=(n, 4))
    theta[:, 3] = 0.5
    hidden = theta.copy()
    hidden[:, 1] += rng.uniform(size=n) - 0.5
    vectors = hidden[:, :2] @ rng.normal(size=(2, dimension))
    return vectors.astype(np.float32), theta


@pytest.mark.parametrize("method", ["ridge", "nearest"])
def test_what_a_vector_holds_is_found(method):
    found = predict_parameters(*made(), NAMES, method)
    pitch, level, noise, fixed = found.r2
    assert pitch.low > 0.9
    assert level.low < 0.5 < level.high + 0.1
    assert noise.high < 0.1
    assert np.isnan([fixed.value, fixed.low, fixed.high]).all()
    assert found.known == ("osc.pitch", "osc.level")


def test_the_value_is_sklearns_r2_of_the_held_out_predictions():
    vectors, theta = made()
    found = predict_parameters(vectors, theta, NAMES)
    expected = r2_score(theta[:, :3], found.predicted[:, :3], multioutput="raw_values")
    np.testing.assert_allclose([r2.value for r2 in found.r2[:3]], expected, atol=1e-10)
    assert all(r2.low < r2.value < r2.high for r2 in found.r2[:3])
    assert found.modules["osc"].value == pytest.approx(expected[:2].mean())
    assert found.modules["noise"].value == pytest.approx(expected[2])
    assert found.mean.value == pytest.approx(expected.mean())


def test_no_sound_is_predicted_by_a_model_that_has_seen_it():
    """Vectors of pure noise in more dimensions than sounds would fit their own targets."""
    rng = np.random.default_rng(1)
    vectors, theta = rng.normal(size=(60, 100)), rng.uniform(size=(60, 2))
    found = predict_parameters(vectors, theta, ["a.x", "a.y"])
    assert found.mean.value < 0.1
    assert found.known == ()
    assert (found.chance < 0.4).all()


def test_permutations_know_nothing_and_a_seed_decides_all():
    first, again = (predict_parameters(*made(), NAMES, seed=3) for _ in range(2))
    assert (first.chance[:3] < 0.1).all()
    assert first.r2[0] == again.r2[0]
    np.testing.assert_array_equal(first.predicted, again.predicted)
    assert not np.array_equal(predict_parameters(*made(), NAMES, seed=4).predicted, first.predicted)


def test_rotating_the_vectors_changes_little():
    vectors, theta = made()
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(12, 12)))[0]
    found = predict_parameters(vectors @ turn, theta, NAMES)
    assert found.r2[0].value == pytest.approx(
        predict_parameters(vectors, theta, NAMES).r2[0].value, abs=0.01
    )


def test_folds_are_reported():
    seen = []
    predict_parameters(*made(40), NAMES, folds=4, permutations=1, progress=seen.append)
    assert seen == [1, 2, 3, 4]


def test_what_cannot_be_predicted_is_refused():
    vectors, theta = made(20)
    with pytest.raises(ValueError, match="do not fit"):
        predict_parameters(vectors[:-1], theta, NAMES)
    with pytest.raises(ValueError, match="9 sounds, 5 folds"):
        predict_parameters(vectors[:9], theta[:9], NAMES)
    vectors[3] = np.nan
    with pytest.raises(ValueError, match="finite"):
        predict_parameters(vectors, theta, NAMES)
