"""Scores against hear-eval-kit's and scikit-learn's, with ties, weights and labels nobody has."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, roc_auc_score

from eval.probe.ranking import Ranking
from eval.probe.scores import SCORES, counted, hits, score


def a_problem(kind, n=60, n_labels=25, seed=0, ties=False):
    generator = np.random.default_rng(seed)
    if kind == "multiclass":
        labels = np.concatenate([np.arange(n_labels), generator.integers(0, n_labels, n)])
        targets = np.eye(n_labels)[labels]
    else:
        targets = (generator.random((n, n_labels)) < 0.2).astype(float)
        targets[0], targets[1] = 1.0, 0.0
    scores = generator.standard_normal(targets.shape) + targets
    return (np.round(scores) if ties else scores).astype(np.float32), targets.astype(np.float32)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("name", list(SCORES))
def test_score_is_the_one_of_hear_eval_kit(name, ties):
    available = pytest.importorskip("heareval.score").available_scores
    kind = "multiclass" if name.endswith("_acc") else "multilabel"
    scores, targets = a_problem(kind, ties=ties)
    theirs = available[name](label_to_idx={})(scores, targets)
    assert score(name, scores, targets) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("ties", [False, True])
def test_ranked_scores_are_those_of_scikit_learn_with_and_without_weights(ties):
    scores, targets = a_problem("multilabel", ties=ties)
    weights = np.random.default_rng(1).integers(0, 4, len(scores)).astype(float)
    weights[:2] = 1.0
    ranking = Ranking(scores, targets)
    for given in (None, weights):
        np.testing.assert_allclose(
            ranking.average_precision(given),
            average_precision_score(targets, scores, average=None, sample_weight=given),
            rtol=1e-12,
        )
        np.testing.assert_allclose(
            ranking.area_under_roc(given),
            roc_auc_score(targets, scores, average=None, sample_weight=given),
            rtol=1e-12,
        )


def test_counting_a_sound_twice_is_having_it_twice():
    counts = np.random.default_rng(2).integers(0, 3, 85).astype(float)
    for name in SCORES:
        kind = "multiclass" if name.endswith("_acc") else "multilabel"
        scores, targets = a_problem(kind, n=60 if kind == "multiclass" else 85)
        rows = np.repeat(np.arange(85), counts.astype(int))
        found = counted(name, scores, targets)(counts[None])
        assert found[0] == pytest.approx(score(name, scores[rows], targets[rows]), rel=1e-12)


def test_accuracy_is_that_of_scikit_learn_and_chroma_forgives_octaves():
    scores, targets = a_problem("multiclass")
    guessed, true = scores.argmax(1), targets.argmax(1)
    assert score("top1_acc", scores, targets) == pytest.approx(accuracy_score(true, guessed))
    octave_up = np.roll(np.eye(25), 12, axis=1)[:12]
    assert score("chroma_acc", octave_up, np.eye(25)[:12]) == 1.0
    assert score("pitch_acc", octave_up, np.eye(25)[:12]) == 0.0
    np.testing.assert_array_equal(hits("top1_acc", scores, targets), guessed == true)


def test_labels_that_nobody_has_are_left_out_of_the_mean():
    targets = np.array([[1, 0, 1], [0, 0, 1.0]])
    scores = np.array([[0.9, 0.5, 0.1], [0.1, 0.4, 0.2]])
    assert score("mAP", scores, targets) == 1.0
    assert score("aucroc", scores, targets) == 1.0
    assert score("d_prime", scores, targets) == np.inf
    assert np.isnan(score("mAP", scores, np.zeros_like(targets)))
    assert np.isnan(score("aucroc", scores[:1], targets[:1]))


def test_scores_all_alike_are_chance():
    targets = np.eye(4)
    assert score("aucroc", np.zeros((4, 4)), targets) == 0.5
    assert score("mAP", np.zeros((4, 4)), targets) == pytest.approx(0.25)
    assert score("d_prime", np.zeros((4, 4)), targets) == 0.0


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(ValueError, match="no score 'map': it is one of top1_acc"):
        score("map", np.eye(2), np.eye(2))
    with pytest.raises(ValueError, match="at least one sound"):
        score("mAP", np.zeros((0, 3)), np.zeros((0, 3)))
    with pytest.raises(ValueError, match="1 of 4 scores are not a number"):
        score("mAP", np.array([[np.nan, 1.0], [0.0, 1.0]]), np.eye(2))
    with pytest.raises(ValueError, match="mAP is no accuracy"):
        hits("mAP", np.eye(2), np.eye(2))
