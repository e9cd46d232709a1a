"""Linear and MLP probes: against PyTorch's own layers, whatever is trained beside them."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from eval.probe import base
from eval.probe.linear import LinearProbe
from eval.probe.mlp_grid import MlpGridProbe
from eval.probe.network import Networks, Shape
from eval.probe.scores import score
from eval.probe.training import Training, train
from tests.eval.probe.problems import a_problem, examples

CPU = torch.device("cpu")
SMALL_GRID = MlpGridProbe(
    hidden_dim=16, grid_points=3, max_epochs=12, patience=2, batch_size=32, standardise=True
)


def reference(problem, layers, learning_rate, batch_size, seed, epochs):
    """The validation scores of PyTorch layers by epoch, and what they say after the last."""
    rows = problem.train.rows
    x = problem.train.vectors[rows].astype(np.float64)
    mean, scale = x.mean(0), x.std(0)
    inputs = torch.from_numpy((problem.train.vectors - mean) / scale)
    targets = torch.from_numpy(problem.train.targets.astype(np.float64))
    adam = torch.optim.Adam(layers.parameters(), lr=learning_rate)
    loss = (
        torch.nn.CrossEntropyLoss()
        if problem.kind == "multiclass"
        else torch.nn.BCEWithLogitsLoss()
    )
    found = []
    for epoch in range(1, epochs + 1):
        layers.train()
        order = np.random.default_rng([seed, epoch]).permutation(len(rows))
        for start in range(0, len(rows), batch_size):
            batch = torch.from_numpy(order[start : start + batch_size])
            adam.zero_grad()
            loss(layers(inputs[rows[batch]]), targets[batch]).backward()
            adam.step()
        layers.eval()
        with torch.no_grad():
            said = layers(inputs[problem.valid.rows]).numpy()
        found.append(score(problem.metric, said, problem.valid.targets))
    return found, lambda part: layers(inputs[part.rows]).detach()


def same_layers(shape, dimension, n_labels, seed):
    """PyTorch's layers in float64 with the first weights of our network."""
    ours = Networks(shape, dimension, n_labels, [seed], CPU)
    sizes = [dimension, *[shape.hidden_dim] * shape.hidden_layers, n_labels]
    modules = []
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        linear = torch.nn.Linear(inputs, outputs)
        with torch.no_grad():
            linear.weight.copy_(ours.weights[2 * layer][0])
            linear.bias.copy_(ours.weights[2 * layer + 1][0, :, 0])
        modules.append(linear)
        if layer < shape.hidden_layers:
            norm = [torch.nn.BatchNorm1d(outputs)] if shape.batch_norm else []
            modules += [*norm, torch.nn.ReLU()]
    return torch.nn.Sequential(*modules).double()


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
@pytest.mark.parametrize(
    ("hidden_layers", "batch_norm", "tolerance"),
    # A bias before batch norm has no slope but rounding noise, which Adam makes steps of.
    [(0, False, 2e-5), (2, False, 2e-4), (2, True, 2e-2)],
    ids=["linear", "hidden", "batch norm"],
)
def test_training_is_that_of_pytorch_layers(kind, hidden_layers, batch_norm, tolerance):
    problem, test = a_problem(kind, n=200, max_epochs=6, spread=3.0)
    shape = Shape(hidden_layers, 12, 0.0, batch_norm, "xavier_normal")
    fitted = train(problem, shape, Training(learning_rate=3e-3), [7])[0]
    layers = same_layers(shape, 20, 5, 7)
    path, say = reference(problem, layers, 3e-3, 32, 7, fitted.settings["epoch"])
    assert max(path) == pytest.approx(fitted.validation, abs=tolerance)
    assert path.index(max(path)) + 1 == fitted.settings["epoch"]
    said = say(test)
    expected = torch.softmax(said, 1) if kind == "multiclass" else torch.sigmoid(said)
    np.testing.assert_allclose(fitted.scores(test), expected.numpy(), atol=tolerance)


@pytest.mark.parametrize("probe", [LinearProbe(), SMALL_GRID], ids=["linear", "mlp"])
@pytest.mark.parametrize("sizes", [(64, 16), (37, 3)], ids=str)
def test_a_seed_gives_the_same_whatever_is_trained_beside_it(probe, sizes):
    problem, test = a_problem(n=128, dimension=sizes[0], n_labels=sizes[1], spread=4.0)
    alone = probe.fit(problem, [3])[0]
    beside = probe.fit(problem, [1, 3, 2])
    assert beside[1].settings == alone.settings
    # Libraries of matrix products round by where in memory a matrix begins.
    tolerance = 1e-5 if probe.name == "linear" else 1e-2
    if sizes[0] % 16 == 0 and probe.name == "linear":
        tolerance = 0.0
    np.testing.assert_allclose(
        beside[1].scores(test), alone.scores(test), rtol=tolerance, atol=tolerance
    )
    assert not np.allclose(beside[0].scores(test), alone.scores(test), atol=1e-3)


def test_vectors_that_are_read_batch_by_batch_give_the_same(tmp_path):
    problem, test = a_problem("multilabel", n=120, max_epochs=4)
    np.save(tmp_path / "vectors.npy", problem.train.vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    moved = [
        base.Examples(mapped, part.rows, part.targets) for part in (problem.train, problem.valid)
    ]
    from_disk = dataclasses.replace(problem, train=moved[0], valid=moved[1])
    held = LinearProbe().fit(problem, [0])[0]
    read = LinearProbe(chunk_mb=0.0).fit(from_disk, [0])[0]
    np.testing.assert_array_equal(held.scores(test), read.scores(test))


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_the_best_epoch_is_the_one_that_is_kept(kind):
    problem, _ = a_problem(kind, n=120, spread=5.0, max_epochs=40)
    for fitted in LinearProbe(learning_rate=0.03).fit(problem, [0, 1]):
        said = fitted.scores(problem.valid)
        found = score(problem.metric, said, problem.valid.targets)
        assert found == pytest.approx(fitted.validation)
        assert 1 <= fitted.settings["epoch"] <= 40


def test_patience_ends_training_and_keeps_what_was_best_so_far():
    problem, _ = a_problem(n=120, spread=5.0, max_epochs=16)
    path = []
    for epochs in range(1, 17):
        path.append(LinearProbe(max_epochs=epochs).fit(problem, [0])[0].validation)
    # The running best is known for every length: where it first stands still for three epochs.
    best, waited, kept = -1.0, 0, 0
    for epoch, value in enumerate(path, start=1):
        best, waited, kept = (value, 0, epoch) if value > best else (best, waited + 1, kept)
        if waited == 3:
            break
    shares = []
    fitted = LinearProbe(patience=3).fit(problem, [0], progress=shares.append)[0]
    assert fitted.settings["epoch"] == kept
    assert fitted.validation == best
    assert len(shares) == epoch


def test_the_last_epoch_is_validated_even_if_none_other_is():
    problem, _ = a_problem(max_epochs=2)
    assert LinearProbe(check_every=5).fit(problem, [0])[0].settings["epoch"] == 2


def test_the_grid_is_that_of_hear_and_eight_points_of_it_are_tried():
    everything = MlpGridProbe(grid_points=None).points()
    assert len(set(everything)) == 16
    assert len(set(MlpGridProbe().points())) == 8
    assert set(MlpGridProbe().points()) <= set(everything)


def test_a_choice_of_the_first_fold_is_kept():
    problem, test = a_problem(n=120, spread=4.0)
    first = SMALL_GRID.fit(problem, [0, 1, 2])
    again = SMALL_GRID.fit(problem, [0, 1, 2], chosen=[f.settings for f in first])
    for one, other in zip(first, again, strict=True):
        assert one.settings == other.settings
        np.testing.assert_allclose(one.scores(test), other.scores(test), atol=1e-2)
    forced = {"hidden_layers": 1, "learning_rate": 1e-4, "initialization": "xavier_normal"}
    assert SMALL_GRID.fit(problem, [0], chosen=[forced])[0].settings.items() >= forced.items()


def test_a_last_batch_of_one_joins_the_one_before_where_batch_norm_needs_two():
    problem, _ = a_problem(n=132, max_epochs=2)
    assert len(problem.train) == 66
    targets = np.eye(5, dtype=np.float32)[np.arange(132) % 5]
    odd = examples(problem.train.vectors, targets, range(65))
    probe = dataclasses.replace(SMALL_GRID, grid_points=1)
    fitted = probe.fit(dataclasses.replace(problem, train=odd), [0])[0]
    assert np.isfinite(fitted.scores(problem.valid)).all()
    lonely = dataclasses.replace(problem, train=examples(odd.vectors, targets, [0]))
    with pytest.raises(ValueError, match="two examples"):
        probe.fit(lonely, [0])
    assert LinearProbe(max_epochs=1).fit(lonely, [0])


def test_a_probe_that_diverges_says_what_to_do():
    problem, _ = a_problem(max_epochs=3)
    vectors = problem.train.vectors * np.float32(1e37)
    huge = base.Examples(vectors, problem.train.rows, problem.train.targets)
    wild = dataclasses.replace(problem, train=huge, valid=huge)
    with pytest.raises(ValueError, match="standardise the features or lower the rate"):
        LinearProbe(standardise=False, learning_rate=1e3).fit(wild, [0])
    nobody = examples(problem.train.vectors, problem.train.targets, [])
    with pytest.raises(ValueError, match="to choose its epoch by"):
        LinearProbe().fit(dataclasses.replace(problem, valid=nobody), [0])
