"""Trains small networks by Adam and keeps each one's best epoch by its validation score."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from eval.harness.devices import Device, torch_device
from eval.probe.base import Examples, Fitted, Problem, Progress
from eval.probe.network import Networks, Shape
from eval.probe.scaling import Scaling
from eval.probe.scores import score
from eval.tasks.base import LabelKind

__all__ = ["Training", "train"]

WORTH_A_THREAD = 1e8  # products in a step; with fewer, threads wait for each other longer


@dataclass(frozen=True)
class Training:
    """How networks are trained.

    Attributes:
        learning_rate: of Adam, whose other settings are PyTorch's own.
        batch_size: examples a step; the last one of an epoch may be smaller.
        check_every: epochs between two validations; the last epoch is always validated.
        patience: validations without a better score after which a network stops; None never stops
            early.
        standardise: whether features are brought to the training examples' mean 0 and deviation 1.
        device: where it is computed.
        resident_mb: vectors up to this size are held in the device's memory, larger ones are read
            batch by batch; the results are the same.
    """

    learning_rate: float = 1e-3
    batch_size: int = 32
    check_every: int = 1
    patience: int | None = None
    standardise: bool = True
    device: Device = "cpu"
    resident_mb: float = 4000.0


def train(
    problem: Problem,
    shape: Shape,
    training: Training,
    seeds: Sequence[int],
    progress: Progress | None = None,
) -> list[Fitted]:
    """Return a network a seed, each as it was after its best epoch, the first of several as good.

    The loss is cross entropy (multiclass) or binary cross entropy (multilabel), the mean over a
    batch. A seed decides the first weights, the order of examples and dropout. Networks are trained
    side by side; none depends on which others there are.

    Raises:
        ValueError: no epoch of a network gave a score on the validation examples, or there is
            nothing to train or validate on.
    """
    if not len(problem.train) or not len(problem.valid):
        raise ValueError("a probe needs examples to train on and examples to choose its epoch by")
    if shape.batch_norm and shape.hidden_layers and len(problem.train) < 2:
        raise ValueError("batch norm needs two examples to train on at least")
    trainer = _Trainer(problem, shape, training, seeds)
    outputs = shape.hidden_dim if shape.hidden_layers else problem.train.n_labels
    products = len(seeds) * training.batch_size * problem.train.dimension * outputs
    with _threads(1 if products < WORTH_A_THREAD else None):
        return trainer.run(progress or (lambda share: None))


@contextlib.contextmanager
def _threads(n: int | None) -> Iterator[None]:
    """Let PyTorch use so many threads; None leaves them."""
    before = torch.get_num_threads()
    torch.set_num_threads(n or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Trainer:
    """Networks in training, and the best of each so far."""

    def __init__(
        self, problem: Problem, shape: Shape, training: Training, seeds: Sequence[int]
    ) -> None:
        self.problem, self.settings, self.seeds = problem, training, tuple(seeds)
        device = torch_device(training.device)
        self.scaling = Scaling.of(problem.train, training.standardise)
        self.train = _Feed(problem.train, self.scaling, device, training.resident_mb)
        self.valid = _Feed(problem.valid, self.scaling, device, training.resident_mb)
        self.networks = Networks(
            shape, problem.train.dimension, problem.train.n_labels, seeds, device
        )
        # Each network's own views of the weights: Adam's vectorised kernel rounds the last few
        # values of a tensor differently, and which these are must not depend on the other networks.
        self.own = [
            [weight.detach()[place] for weight in self.networks.weights]
            for place in range(len(seeds))
        ]
        views = [view for views in self.own for view in views]
        self.adam = torch.optim.Adam(views, lr=training.learning_rate, fused=True)
        self.best = [part.clone() for part in self.networks.state]
        self.best_score = np.full(len(seeds), -np.inf)
        self.best_epoch = np.zeros(len(seeds), int)
        self.waited = np.zeros(len(seeds), int)
        self.batches = _batches(
            len(problem.train), training.batch_size, shape.batch_norm and shape.hidden_layers > 0
        )

    def run(self, progress: Progress) -> list[Fitted]:
        """Train until the last epoch, or until all have lost patience."""
        epochs, patience = self.problem.max_epochs, self.settings.patience
        for epoch in range(1, epochs + 1):
            self._epoch(epoch)
            if epoch % self.settings.check_every == 0 or epoch == epochs:
                self._validate(epoch)
            progress(epoch / epochs)
            if patience is not None and (self.waited >= patience).all():
                break
        if not np.isfinite(self.best_score).all():
            raise ValueError(
                "no epoch of the probe has a validation score: either its weights are not finite "
                f"(learning rate {self.settings.learning_rate:g}, standardise="
                f"{self.settings.standardise}: standardise the features or lower the rate), or no "
                f"validation example has a label that {self.problem.metric} can be told from"
            )
        return [self._fitted(place) for place in range(len(self.seeds))]

    def _epoch(self, epoch: int) -> None:
        n = len(self.problem.train)
        orders = np.stack(
            [np.random.default_rng([seed, epoch]).permutation(n) for seed in self.seeds]
        )
        for batch in self.batches:
            x, y = self.train.take(orders[:, batch])
            logits = self.networks.logits(x, training=True)
            gradients = torch.autograd.grad(
                _loss(logits, y, self.problem.kind), self.networks.weights
            )
            for place, views in enumerate(self.own):
                for view, gradient in zip(views, gradients, strict=True):
                    view.grad = gradient[place]
            self.adam.step()

    def _validate(self, epoch: int) -> None:
        with torch.no_grad():
            parts = [
                self.networks.logits(x[None].expand(len(self.seeds), -1, -1))
                for x in self.valid.parts()
            ]
        logits = torch.cat(parts, dim=1).cpu().numpy()
        for place, values in enumerate(logits):
            if self.settings.patience is not None and self.waited[place] >= self.settings.patience:
                continue
            found = -np.inf
            if np.isfinite(values).all():
                found = score(self.problem.metric, values, self.problem.valid.targets)
            if found > self.best_score[place]:
                self.best_score[place], self.best_epoch[place] = found, epoch
                self.waited[place] = 0
                for best, now in zip(self.best, self.networks.state, strict=True):
                    best[place].copy_(now[place])
            else:
                self.waited[place] += 1

    def _fitted(self, place: int) -> Fitted:
        """The network of one seed as it was after its best epoch, on the CPU."""
        state = [part[place : place + 1].cpu().clone() for part in self.best]
        n_weights = len(self.networks.weights)
        weights, statistics = state[:n_weights], state[n_weights:]
        kind = self.problem.kind

        def predict(vectors: np.ndarray) -> np.ndarray:
            x = torch.from_numpy(self.scaling(vectors))[None]
            logits = self.networks.logits_of(weights, statistics, x)[0]
            return _probabilities(logits, kind).numpy()

        score_, epoch = float(self.best_score[place]), int(self.best_epoch[place])
        return Fitted(predict, score_, {"epoch": epoch})


class _Feed:
    """Scaled vectors and their targets on the device, held there or read a batch at a time."""

    def __init__(
        self, examples: Examples, scaling: Scaling, device: torch.device, resident_mb: float
    ) -> None:
        self.examples, self.scaling, self.device = examples, scaling, device
        self.targets = torch.from_numpy(examples.targets).to(device)
        self.held: torch.Tensor | None = None
        if 4e-6 * len(examples) * examples.dimension <= resident_mb:
            self.held = torch.cat(list(self._scaled()))

    def take(self, places: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Return vectors and targets of examples (networks, batch)."""
        index = torch.from_numpy(places.reshape(-1)).to(self.device)
        if self.held is not None:
            x = self.held.index_select(0, index)
        else:
            x = torch.from_numpy(self.scaling(self.examples.read(places.reshape(-1))))
        y = self.targets.index_select(0, index)
        return x.to(self.device).view(*places.shape, -1), y.view(*places.shape, -1)

    def parts(self) -> Iterator[torch.Tensor]:
        """Yield all vectors, in order, a part at a time."""
        return iter([self.held]) if self.held is not None else self._scaled()

    def _scaled(self) -> Iterator[torch.Tensor]:
        for _, vectors in self.examples.chunks():
            yield torch.from_numpy(self.scaling(vectors)).to(self.device)


def _batches(n: int, size: int, at_least_two: bool) -> list[slice]:
    """Where the batches of an epoch lie; a last one of a single example may join the one before."""
    starts = list(range(0, n, size))
    if at_least_two and len(starts) > 1 and n - starts[-1] == 1:
        starts.pop()
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], n], strict=True)]


def _loss(logits: torch.Tensor, targets: torch.Tensor, kind: LabelKind) -> torch.Tensor:
    """The sum over networks of the mean loss of their batches."""
    networks, batch = logits.shape[:2]
    if kind == "multiclass":
        total = F.cross_entropy(
            logits.flatten(0, 1), targets.argmax(dim=-1).flatten(), reduction="sum"
        )
        return total / batch
    mean = F.binary_cross_entropy_with_logits(logits, targets)
    return mean * networks


def _probabilities(logits: torch.Tensor, kind: LabelKind) -> torch.Tensor:
    return torch.softmax(logits, dim=-1) if kind == "multiclass" else torch.sigmoid(logits)
