"""HEAR's grid probe beside hear-eval-kit itself, on the same embeddings in its own files.

hear-eval-kit was written for an older Lightning. Here it is given what has gone since: the outputs
of all batches at the end of an epoch, `gpus`, and checkpoints that hold classes.
"""

import functools
import json
import logging
import pickle

import numpy as np
import pandas as pd
import pytest
import torch

from eval.embedding import Embedded
from eval.probe.evaluate import evaluate
from eval.probe.mlp_grid import MlpGridProbe
from eval.probe.network import Networks, Shape
from eval.sounds.arrays import ArraySounds
from eval.tasks.base import Fold, Task
from tests.eval.probe.problems import arrays

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

N_FOLDS = 3
GRID = {
    "hidden_layers": [1, 2],
    "hidden_dim": [64],
    "lr": [3.2e-3],
    "batch_size": [64],
    "max_epochs": [45],
    "patience": [5],
}


@pytest.fixture
def kit(monkeypatch, tmp_path):
    """The predictions module of hear-eval-kit, brought to today's Lightning."""
    module = pytest.importorskip("heareval.predictions.task_predictions")
    model = module.AbstractPredictionModel
    trainer, load, step = module.pl.Trainer, torch.load, model._step

    def quiet(gpus, profiler, **settings):
        return trainer(
            accelerator="cpu", enable_progress_bar=False, enable_model_summary=False, **settings
        )

    def kept(self, batch, index):
        found = step(self, batch, index)
        self.__dict__.setdefault("outputs", []).append(found)
        return found

    def scored(name):
        def at_the_end(self):
            outputs, self.__dict__["outputs"] = self.__dict__["outputs"], []
            self._score_epoch_end(name, outputs)

        return at_the_end

    monkeypatch.setattr(module.pl, "Trainer", quiet)
    monkeypatch.setattr(torch, "load", functools.partial(_loaded, load))
    monkeypatch.setattr(model, "_step", kept)
    for name, hook in (("val", "validation_epoch_end"), ("test", "test_epoch_end")):
        monkeypatch.delattr(model, hook)
        monkeypatch.setattr(model, f"on_{hook}", scored(name), raising=False)
    monkeypatch.chdir(tmp_path)
    return module


def _loaded(load, *arguments, **settings):
    return load(*arguments, **{**settings, "weights_only": False})


def in_files(folder, vectors, targets, kind, metric):
    """Write embeddings and labels as hear-eval-kit's first half does; the folds are i modulo k."""
    folder.mkdir()
    n, n_labels = targets.shape
    splits = [f"fold{place:02d}" for place in range(N_FOLDS)]
    pd.DataFrame({"idx": range(n_labels), "label": [f"label {i}" for i in range(n_labels)]}).to_csv(
        folder / "labelvocabulary.csv", index=False
    )
    metadata = {
        "task_name": "made-up",
        "embedding_type": "scene",
        "prediction_type": kind,
        "split_mode": "new_split_kfold",
        "splits": splits,
        "evaluation": [metric],
        "evaluation_params": {"task_specific_param_grid": GRID},
    }
    (folder / "task_metadata.json").write_text(json.dumps(metadata))
    for place, split in enumerate(splits):
        rows = np.arange(place, n, N_FOLDS)
        vectors[rows].tofile(folder / f"{split}.embeddings.npy")
        dimensions = [len(rows), vectors.shape[1]]
        (folder / f"{split}.embedding-dimensions.json").write_text(json.dumps(dimensions))
        labels = [[f"label {i}" for i in np.flatnonzero(targets[row])] for row in rows]
        (folder / f"{split}.target-labels.pkl").write_bytes(pickle.dumps(labels))
    return folder


def as_task(targets, kind, metric):
    n = len(targets)
    folds = [tuple(range(place, n, N_FOLDS)) for place in range(N_FOLDS)]
    return Task(
        "made up",
        ArraySounds("silence", [np.zeros(1, np.float32)] * n, 16000.0),
        tuple(tuple(np.flatnonzero(row).tolist()) for row in targets),
        tuple(f"label {i}" for i in range(targets.shape[1])),
        kind,
        (metric,),
        tuple(
            Fold(f"fold {k}", folds[(k + 2) % 3], folds[(k + 1) % 3], folds[k]) for k in range(3)
        ),
    )


@pytest.mark.parametrize(
    ("kind", "metric", "spread"), [("multiclass", "top1_acc", 3.5), ("multilabel", "mAP", 3.5)]
)
def test_scores_of_the_grid_are_those_of_hear_eval_kit(kit, tmp_path, kind, metric, spread):
    vectors, targets = arrays(kind, n=360, dimension=32, n_labels=8, spread=spread)
    vectors = (vectors / np.abs(vectors).max(axis=0)).astype(np.float32)
    folder = in_files(tmp_path / "made-up", vectors, targets, kind, metric)
    kit.task_predictions(folder, 32, 8, None, True, True, "default", logging.getLogger("kit"))
    theirs = json.loads((folder / "test.predicted-scores.json").read_text())
    by_fold = [theirs[f"fold{k:02d}"][f"test_{metric}"] for k in range(N_FOLDS)]

    probe = MlpGridProbe(
        hidden_layers=(1, 2),
        learning_rates=(3.2e-3,),
        hidden_dim=64,
        batch_size=64,
        max_epochs=45,
        patience=5,
    )
    embedded = Embedded(vectors, tuple(map(str, range(len(vectors)))), ())
    ours = evaluate(as_task(targets, kind, metric), embedded, probe, (0, 1, 2))
    by_seed = [np.mean([r.value for r in ours.rows() if r.seed == seed]) for seed in (0, 1, 2)]
    chance = 1 / 8 if kind == "multiclass" else targets.mean()
    assert np.mean(by_fold) > 2 * chance or np.mean(by_fold) > chance + 0.2
    # The kit draws weights and dropout otherwise: as far apart as our own seeds may be, and 3 %.
    assert min(by_seed) - 0.03 < np.mean(by_fold) < max(by_seed) + 0.03


@pytest.mark.parametrize("hidden_layers", [0, 1, 2])
def test_the_network_is_that_of_hear_eval_kit(kit, hidden_layers):
    conf = {
        "hidden_layers": hidden_layers,
        "hidden_dim": 48,
        "dropout": 0.0,
        "hidden_norm": torch.nn.BatchNorm1d,
        "norm_after_activation": False,
        "initialization": torch.nn.init.xavier_uniform_,
    }
    theirs = kit.FullyConnectedPrediction(20, 5, "multiclass", conf)
    shape = Shape(hidden_layers, 48, 0.0, True, "xavier_uniform")
    ours = Networks(shape, 20, 5, [0], torch.device("cpu"))
    linear = [m for m in theirs.modules() if isinstance(m, torch.nn.Linear)]
    with torch.no_grad():
        for layer, module in enumerate(linear):
            spread = ours.weights[2 * layer].std()
            assert float(module.weight.std() / spread) == pytest.approx(1.0, abs=0.2)
            module.weight.copy_(ours.weights[2 * layer][0])
            module.bias.copy_(ours.weights[2 * layer + 1][0, :, 0])
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        x = torch.randn(30, 20, generator=generator)
        said = theirs.train().forward_logit(x)
        torch.testing.assert_close(ours.logits(x[None], training=True)[0], said)
    x = torch.randn(7, 20, generator=generator)
    torch.testing.assert_close(ours.logits(x[None])[0], theirs.eval().forward_logit(x))
