"""Ridge and logistic probes against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, RidgeCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from eval.probe import base
from eval.probe.logistic import LogisticProbe
from eval.probe.ridge import Decomposition, RidgeProbe
from eval.probe.scores import score
from tests.eval.probe.problems import a_problem

SIZES = [{"n": 300, "dimension": 20}, {"n": 60, "dimension": 200}]


def scaled(problem, test):
    x, x_test = (part.vectors[part.rows].astype(np.float64) for part in (problem.train, test))
    scaler = StandardScaler().fit(x)
    return scaler.transform(x), scaler.transform(x_test)


@pytest.fixture(params=[False, True], ids=["one chunk", "many chunks"])
def chunks(request, monkeypatch):
    if request.param:
        plain = base.Examples.chunks
        monkeypatch.setattr(base.Examples, "chunks", lambda self, size=7: plain(self, 7))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("alpha", [1e-2, 30.0])
def test_ridge_is_that_of_scikit_learn(size, alpha, chunks):
    problem, test = a_problem("multiclass", **size)
    fitted = RidgeProbe((alpha,), refit=False).fit(problem, [0])[0]
    x, x_test = scaled(problem, test)
    theirs = RidgeClassifier(alpha=alpha).fit(x, problem.train.targets.argmax(1))
    said = fitted.scores(test)
    np.testing.assert_allclose(said, theirs.decision_function(x_test), atol=1e-9)
    np.testing.assert_array_equal(said.argmax(1), theirs.predict(x_test))


def test_ridge_of_raw_features_is_centred_too():
    problem, test = a_problem("multilabel")
    fitted = RidgeProbe((5.0,), refit=False, standardise=False).fit(problem, [0])[0]
    x = problem.train.vectors[problem.train.rows].astype(np.float64)
    theirs = Ridge(alpha=5.0).fit(x, 2.0 * problem.train.targets - 1.0)
    expected = theirs.predict(test.vectors[test.rows].astype(np.float64))
    np.testing.assert_allclose(fitted.scores(test), expected, atol=1e-9)


@pytest.mark.parametrize("size", SIZES)
def test_errors_of_examples_left_out_are_those_of_scikit_learn(size, chunks):
    problem, _ = a_problem("multilabel", **size)
    alphas = (0.1, 3.0, 100.0)
    x = problem.train.vectors[problem.train.rows].astype(np.float64)
    x = StandardScaler().fit_transform(x)
    theirs = RidgeCV(alphas=alphas, store_cv_results=True).fit(x, 2.0 * problem.train.targets - 1.0)
    ours = Decomposition(problem.train).leave_one_out_errors(alphas)
    np.testing.assert_allclose(ours, theirs.cv_results_.mean(axis=(0, 1)), rtol=1e-6)


def test_ridge_chooses_the_penalty_that_validates_best_and_fits_again():
    problem, test = a_problem("multiclass", n=80, dimension=100, spread=6.0, n_labels=3)
    probe = RidgeProbe()
    fitted = probe.fit(problem, [0])[0]
    found = {}
    for alpha in probe.alphas:
        single = RidgeProbe((alpha,), refit=False).fit(problem, [0])[0]
        found[alpha] = score("top1_acc", single.scores(problem.valid), problem.valid.targets)
    assert fitted.validation == max(found.values())
    assert found[fitted.settings["alpha"]] == max(found.values())
    alpha = fitted.settings["alpha"]
    whole = Decomposition(problem.train.joined(problem.valid)).solved(alpha)
    np.testing.assert_array_equal(fitted.scores(test), whole(test.vectors[test.rows]))


def test_leaving_one_out_needs_no_score():
    problem, test = a_problem("multilabel")
    fitted = RidgeProbe(choose="leave_one_out").fit(problem, [0])[0]
    whole = Decomposition(problem.train.joined(problem.valid))
    errors = whole.leave_one_out_errors(RidgeProbe().alphas)
    assert fitted.settings["alpha"] == RidgeProbe().alphas[errors.argmin()]
    assert score("mAP", fitted.scores(test), test.targets) > 0.9


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
@pytest.mark.parametrize(("c", "size"), [(0.01, SIZES[0]), (0.3, SIZES[1])])
def test_logistic_regression_is_that_of_scikit_learn(kind, c, size):
    problem, test = a_problem(kind, spread=2.0, **size)
    probe = LogisticProbe((c,), refit=False, tolerance=1e-7, max_iterations=5000)
    fitted = probe.fit(problem, [0])[0]
    x, x_test = scaled(problem, test)
    theirs = LogisticRegression(C=c, tol=1e-10, max_iter=10_000)
    if kind == "multiclass":
        theirs.fit(x, problem.train.targets.argmax(1))
    else:
        theirs = OneVsRestClassifier(theirs).fit(x, problem.train.targets)
    np.testing.assert_allclose(fitted.scores(test), theirs.predict_proba(x_test), atol=2e-5)


def test_logistic_regression_reads_again_what_it_does_not_hold(chunks):
    for size in SIZES:
        problem, test = a_problem("multiclass", **size)
        held, read = (
            LogisticProbe((0.01, 0.1), tolerance=1e-6, chunk_mb=mb).fit(problem, [0])[0]
            for mb in (100, 0)
        )
        np.testing.assert_allclose(held.scores(test), read.scores(test), atol=1e-4)


def test_the_path_ends_at_the_best_penalty():
    problem, _ = a_problem("multiclass", n=120, dimension=60, spread=4.0)
    fitted = LogisticProbe().fit(problem, [0, 1])
    assert fitted[0] is fitted[1]
    single = LogisticProbe((fitted[0].settings["c"],), refit=False).fit(problem, [0])[0]
    assert single.validation == pytest.approx(fitted[0].validation, abs=0.04)


def test_a_feature_that_never_varies_changes_nothing():
    problem, test = a_problem("multiclass")
    flat = np.full((len(problem.train.vectors), 1), 0.1, np.float32)
    wide = np.concatenate([problem.train.vectors, flat], axis=1)

    def widened(part):
        return base.Examples(wide, part.rows, part.targets)

    wider = base.Problem(widened(problem.train), widened(problem.valid), "multiclass", "mAP", 1)
    for probe in (RidgeProbe((1.0,)), LogisticProbe((1.0,))):
        np.testing.assert_allclose(
            probe.fit(wider, [0])[0].scores(widened(test)),
            probe.fit(problem, [0])[0].scores(test),
            atol=1e-5,
        )


def test_penalties_that_are_none_are_refused():
    with pytest.raises(ValueError, match="alphas should be positive"):
        RidgeProbe((0.0, 1.0))
    with pytest.raises(ValueError, match="cs should be positive"):
        LogisticProbe(())
