"""Logistic regression with an L2 penalty from a path, solved by L-BFGS in float64."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from eval.probe.base import Examples, Fitted, Probe, Problem, Progress, Settings
from eval.probe.scaling import Scaling
from eval.probe.scores import score
from eval.tasks.base import LabelKind

__all__ = ["LogisticProbe", "solve"]


@dataclass(frozen=True)
class LogisticProbe(Probe):
    """The linear probe without chance: its loss has one minimum, and that is found.

    Minimises the sum over examples of the cross entropy (multiclass) or of the binary cross
    entropies of all labels (multilabel), plus half the squared weights divided by c; the intercept
    is free. This is scikit-learn's objective, and `c` its C.

    Attributes:
        cs: inverse penalties to choose from by the validation score; of those with the same, the
            one with the smaller loss there.
        refit: whether the last fit is on training and validation examples together.
        standardise: whether features are brought to mean 0 and deviation 1.
        tolerance: the largest slope of the mean loss at which a fit ends.
        max_iterations: of L-BFGS, for each c; they start from the one before.
        chunk_mb: vectors up to this size, in MB of float64, are held in memory, larger ones are
            read chunk by chunk at every step.
    """

    cs: tuple[float, ...] = tuple(10.0**power for power in range(-5, 1))
    refit: bool = True
    standardise: bool = True
    tolerance: float = 1e-4
    max_iterations: int = 500
    chunk_mb: float = 4000.0

    name = "logistic"
    deterministic = True
    chooses_once = False

    def __post_init__(self) -> None:
        """Refuse penalties that are none.

        Raises:
            ValueError: there is no c, or one is not positive.
        """
        if not self.cs or min(self.cs) <= 0:
            raise ValueError(f"cs should be positive and at least one, given {self.cs}")

    def fit(
        self,
        problem: Problem,
        seeds: Sequence[int],
        chosen: Sequence[Settings] | None = None,
        progress: Progress | None = None,
    ) -> list[Fitted]:
        """Return the same fit for every seed. See `Probe.fit`."""
        path = sorted(self.cs)
        steps = len(path) + (1 if self.refit else 0)
        train = _Rows(problem.train, self.standardise, self.chunk_mb)
        found, weights = [], None
        for place, c in enumerate(path):
            weights = solve(train, problem.kind, c, self.tolerance, self.max_iterations, weights)
            fit = _Logistic(weights, train.scaling, problem.kind)
            said = Fitted(fit, 0.0, {}).scores(problem.valid)
            loss = _loss_of(said, problem.valid.targets, problem.kind)
            value = score(problem.metric, said, problem.valid.targets)
            found.append((value, -loss, -c, fit))
            if progress is not None:
                progress((place + 1) / steps)
        value, _, c, fit = max(found, key=lambda item: item[:3])
        if self.refit:
            whole = _Rows(problem.train.joined(problem.valid), self.standardise, self.chunk_mb)
            weights = solve(
                whole, problem.kind, -c, self.tolerance, self.max_iterations, fit.weights
            )
            fit = _Logistic(weights, whole.scaling, problem.kind)
        if progress is not None:
            progress(1.0)
        return [Fitted(fit, value, {"c": -c})] * len(seeds)


def solve(
    rows: _Rows,
    kind: LabelKind,
    c: float,
    tolerance: float,
    max_iterations: int,
    start: Float64[np.ndarray, "dimension_and_1 n_labels"] | None = None,
) -> Float64[np.ndarray, "dimension_and_1 n_labels"]:
    """Return the weights of scaled features, the intercepts in the last row.

    Args:
        rows: what is fitted.
        kind: decides the loss.
        c: inverse penalty.
        tolerance: see `LogisticProbe`.
        max_iterations: of L-BFGS.
        start: where it begins; None begins at zero.
    """
    n = rows.n
    first = np.zeros((rows.dimension + 1, rows.n_labels)) if start is None else start
    first = np.concatenate([rows.inwards(first[:-1]), first[-1:]])
    shape = first.shape

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape)
        slope = np.zeros(shape)
        loss = 0.5 / c * float((weights[:-1] ** 2).sum())
        slope[:-1] = weights[:-1] / c
        for x, targets in rows.parts():
            logits = x @ weights[:-1] + weights[-1]
            loss += _loss_of_logits(logits, targets, kind)
            wrong = _probabilities(logits, kind) - targets
            slope[:-1] += x.T @ wrong
            slope[-1] += wrong.sum(axis=0)
        return loss / n, slope.reshape(-1) / n

    found = minimize(
        objective,
        first.reshape(-1),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": max_iterations, "gtol": tolerance, "ftol": 0.0, "maxcor": 20},
    ).x.reshape(shape)
    return np.concatenate([rows.outwards(found[:-1]), found[-1:]])


class _Rows:
    """Scaled float64 vectors and targets, held in memory or read again at every pass.

    Fewer examples than features are turned into the space that they span: the penalised optimum
    lies in it, and has the same norm there.
    """

    def __init__(self, examples: Examples, standardise: bool, held_mb: float) -> None:
        self.examples, self.scaling = examples, Scaling.of(examples, standardise)
        self.n, self.dimension = len(examples), examples.dimension
        self.n_labels = examples.n_labels
        self.held: list[tuple[np.ndarray, np.ndarray]] | None = None
        self.basis: np.ndarray | None = None
        if 8e-6 * self.n * self.dimension <= held_mb:
            self.held = list(self._read())
            if self.n < self.dimension:
                x = np.concatenate([part for part, _ in self.held])
                left, singular, right = np.linalg.svd(x, full_matrices=False)
                self.basis = right.T
                self.held = [(left * singular, np.concatenate([y for _, y in self.held]))]

    def parts(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield vectors (k, dimension or n) and targets (k, n_labels)."""
        return iter(self.held) if self.held is not None else self._read()

    def inwards(self, weights: np.ndarray) -> np.ndarray:
        """Return weights of the features as weights of what `parts` yields."""
        return weights if self.basis is None else self.basis.T @ weights

    def outwards(self, weights: np.ndarray) -> np.ndarray:
        """Return weights of what `parts` yields as weights of the features."""
        return weights if self.basis is None else self.basis @ weights

    def _read(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for places, vectors in self.examples.chunks():
            targets = self.examples.targets[places].astype(np.float64)
            yield self.scaling(vectors.astype(np.float64)), targets


@dataclass(frozen=True, eq=False)
class _Logistic:
    """Probabilities of labels from vectors."""

    weights: np.ndarray
    scaling: Scaling
    kind: LabelKind

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        x = self.scaling(vectors.astype(np.float64))
        return _probabilities(x @ self.weights[:-1] + self.weights[-1], self.kind)


def _probabilities(logits: np.ndarray, kind: LabelKind) -> np.ndarray:
    return softmax(logits, axis=1) if kind == "multiclass" else expit(logits)


def _loss_of_logits(logits: np.ndarray, targets: np.ndarray, kind: LabelKind) -> float:
    """The sum over examples."""
    if kind == "multiclass":
        return -float((log_softmax(logits, axis=1) * targets).sum())
    return float((np.logaddexp(0.0, logits) - targets * logits).sum())


def _loss_of(said: np.ndarray, targets: np.ndarray, kind: LabelKind) -> float:
    """The mean loss of probabilities, which are kept from 0 and 1 by rounding alone."""
    tiny = np.finfo(np.float64).tiny
    loss = -targets * np.log(said + tiny)
    if kind == "multilabel":
        loss = loss - (1.0 - targets) * np.log(1.0 - said + tiny)
    return float(loss.sum() / len(said))
