"""A whole evaluation: folds, seeds, sounds that cannot be read, interruption, comparison."""

import dataclasses

import numpy as np
import pytest

from eval.embedding import Embedded
from eval.probe.evaluate import evaluate
from eval.probe.linear import LinearProbe
from eval.probe.logistic import LogisticProbe
from eval.probe.mlp_grid import MlpGridProbe
from eval.probe.predictions import Predictions, same_sounds
from eval.probe.ridge import RidgeProbe
from eval.probe.scores import score
from eval.probe.splits import tenth
from eval.sounds.arrays import ArraySounds
from eval.sounds.base import Unreadable
from eval.statistics.bootstrap import bootstrap, difference
from eval.tasks.base import Fold, Task
from tests.eval.probe.problems import arrays

PROBES = [
    LinearProbe(learning_rate=0.03),
    MlpGridProbe(
        learning_rates=(1e-2,), hidden_dim=32, batch_size=32, max_epochs=20, standardise=True
    ),
    RidgeProbe(),
    LogisticProbe((0.01, 1.0)),
]


def a_task(targets, n_folds=3, validated=False, max_epochs=15):
    n = len(targets)
    multiclass = (targets.sum(axis=1) == 1).all()
    sounds = ArraySounds("noise", [np.zeros(1, np.float32)] * n, 16000.0)
    folds = []
    for place in range(n_folds):
        test = [i for i in range(n) if i % n_folds == place]
        rest = [i for i in range(n) if i % n_folds != place]
        valid = rest[::5] if validated else []
        train = [i for i in rest if i not in valid]
        folds.append(Fold(f"fold {place}", tuple(train), tuple(valid), tuple(test)))
    return Task(
        "made up",
        sounds,
        tuple(tuple(np.flatnonzero(row).tolist()) for row in targets),
        tuple("abcde"[: targets.shape[1]]),
        "multiclass" if multiclass else "multilabel",
        ("top1_acc", "aucroc") if multiclass else ("mAP", "aucroc"),
        tuple(folds),
        max_epochs,
    )


def embedded(vectors, bad=()):
    vectors = vectors.copy()
    vectors[list(bad)] = np.nan
    names = tuple(str(i) for i in range(len(vectors)))
    return Embedded(vectors, names, tuple(Unreadable(str(i), "broken") for i in bad))


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_every_probe_learns_what_is_there_and_nothing_else(probe, kind):
    vectors, targets = arrays(kind, n=120)
    task = a_task(targets)
    result = evaluate(task, embedded(vectors), probe, (0, 1))
    assert result.mean(task.metrics[0]) > 0.9
    assert result.seeds == ((0,) if probe.deterministic else (0, 1))
    assert len(result.rows()) == 2 * 3 * len(result.seeds)
    noise = np.random.default_rng(0).standard_normal(vectors.shape).astype(np.float32)
    by_chance = evaluate(task, embedded(noise), probe, (0,)).mean("aucroc")
    assert by_chance == pytest.approx(0.5, abs=0.15)


def test_an_interrupted_evaluation_ends_with_the_same_numbers():
    vectors, targets = arrays(n=90, spread=4.0)
    for probe in PROBES[:3]:
        task = a_task(targets, max_epochs=5)
        whole = evaluate(task, embedded(vectors), probe, (0, 1))
        states = []
        evaluate(task, embedded(vectors), probe, (0, 1), save=states.append)
        assert [len(state["folds"]) for state in states] == [1, 2, 3]
        rest = evaluate(task, embedded(vectors), probe, (0, 1), saved=states[0])
        assert [f.settings for f in rest.folds] == [f.settings for f in whole.folds]
        for one, other in zip(rest.predictions.folds, whole.predictions.folds, strict=True):
            np.testing.assert_allclose(one.scores, other.scores, atol=1e-2)


def test_the_grid_chooses_on_the_first_fold_and_keeps_its_choice():
    vectors, targets = arrays(n=90, spread=4.0)
    probe = MlpGridProbe(hidden_dim=16, grid_points=4, max_epochs=6, standardise=True)
    result = evaluate(a_task(targets), embedded(vectors), probe, (0, 1, 2))
    for seed in range(3):
        points = [
            {key: value for key, value in fold.settings[seed].items() if key != "epoch"}
            for fold in result.folds
        ]
        assert points[0] == points[1] == points[2]


def test_sounds_that_cannot_be_read_are_left_out_and_named():
    vectors, targets = arrays(n=60)
    task = a_task(targets)
    result = evaluate(task, embedded(vectors, bad=[0, 1, 5]), RidgeProbe(), (0,))
    assert [item.name for item in result.unreadable] == ["0", "1", "5"]
    tested = np.concatenate([fold.sounds for fold in result.predictions.folds])
    assert set(tested.tolist()) == set(range(60)) - {0, 1, 5}
    assert np.isfinite(np.concatenate([f.scores for f in result.predictions.folds], axis=1)).all()
    test = task.folds[0].test
    with pytest.raises(ValueError, match="fold 0: none of 20 sounds to test on can be read"):
        evaluate(task, embedded(vectors, bad=test), RidgeProbe(), (0,))


def test_a_task_without_validation_sounds_holds_a_tenth_back():
    labels = [(i % 4,) for i in range(100)]
    stay, held = tenth(range(100), labels)
    assert len(held) == 10
    assert sorted(stay + held) == list(range(100))
    by_label = np.bincount([labels[i][0] for i in held], minlength=4)
    assert by_label.min() >= 2
    assert tenth(range(100), labels) == (stay, held)
    assert tenth(range(100), labels, seed=1) != (stay, held)
    assert len(tenth([4, 7], labels)[1]) == 1
    with pytest.raises(ValueError, match="1 sounds cannot be parted"):
        tenth([4], labels)
    vectors, targets = arrays(n=90)
    result = evaluate(a_task(targets), embedded(vectors), RidgeProbe(), (0,))
    assert [(fold.n_train, fold.n_valid) for fold in result.folds] == [(54, 6)] * 3
    result = evaluate(a_task(targets, validated=True), embedded(vectors), RidgeProbe(), (0,))
    assert [(fold.n_train, fold.n_valid) for fold in result.folds] == [(48, 12)] * 3


def test_predictions_are_read_back_and_say_what_the_result_says(tmp_path):
    vectors, targets = arrays(n=90, spread=5.0)
    result = evaluate(a_task(targets), embedded(vectors), LinearProbe(), (0, 1))
    result.predictions.save(tmp_path / "predictions.npz")
    back = Predictions.load(tmp_path / "predictions.npz")
    assert back.sizes == (30, 30, 30)
    for metric in ("top1_acc", "aucroc"):
        found = bootstrap(back.counted(metric), back.sizes, resamples=50)
        assert found.value == pytest.approx(result.mean(metric))
        assert found.low < found.value < found.high
    by_hand = np.mean(
        [
            score("top1_acc", scores, fold.targets)
            for fold in back.folds
            for scores in fold.scores
        ]
    )
    assert result.mean("top1_acc") == pytest.approx(by_hand)
    np.savez(tmp_path / "other.npz", x=np.zeros(1))
    with pytest.raises(ValueError, match="holds no predictions"):
        Predictions.load(tmp_path / "other.npz")


def test_two_embedders_are_compared_on_the_same_sounds():
    vectors, targets = arrays(n=90, spread=3.0)
    task = a_task(targets)
    poor = vectors.copy()
    poor[:, 6:] = 0.0
    good, worse = (
        evaluate(task, embedded(v), RidgeProbe(), (0,)).predictions for v in (vectors, poor)
    )
    same_sounds(good, worse)
    found = difference(good.counted("top1_acc"), worse.counted("top1_acc"), good.sizes)
    assert found.low > 0
    fewer = evaluate(task, embedded(poor, bad=[4]), RidgeProbe(), (0,)).predictions
    with pytest.raises(ValueError, match="fold 1: 1 test sounds are in one set"):
        same_sounds(good, fewer)


def test_progress_grows_to_one():
    vectors, targets = arrays(n=60)
    for probe in PROBES:
        shares = []
        evaluate(a_task(targets, max_epochs=3), embedded(vectors), probe, (0,), shares.append)
        assert shares == sorted(shares)
        assert shares[-1] == 1.0


def test_what_does_not_fit_is_refused():
    vectors, targets = arrays(n=60)
    task = a_task(targets)
    with pytest.raises(ValueError, match="has 60 sounds, given 59 vectors"):
        evaluate(task, embedded(vectors[:59]), RidgeProbe())
    with pytest.raises(ValueError, match="needs a seed"):
        evaluate(task, embedded(vectors), RidgeProbe(), ())


def test_several_networks_at_once_or_one_by_one_is_the_same():
    vectors, targets = arrays(n=60, dimension=32, spread=4.0)
    task = dataclasses.replace(a_task(targets), max_epochs=5)
    together = evaluate(task, embedded(vectors), LinearProbe(), (0, 1, 2))
    for place, seed in enumerate((0, 1, 2)):
        alone = evaluate(task, embedded(vectors), LinearProbe(), (seed,))
        rows = [row for row in together.rows() if row.seed == together.seeds[place]]
        assert [row.value for row in alone.rows()] == [row.value for row in rows]
