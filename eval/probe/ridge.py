"""Ridge regression onto the labels, its penalty chosen from many at the price of one.

Everything is float64. The vectors are read in chunks: what is held is the product of the features
with themselves, or the vectors where there are fewer of them than features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Float64

from eval.probe.base import Examples, Fitted, Probe, Problem, Progress, Settings
from eval.probe.scaling import Scaling
from eval.probe.scores import score

__all__ = ["Decomposition", "RidgeProbe"]


@dataclass(frozen=True)
class RidgeProbe(Probe):
    """Least squares onto +1 for labels that a sound has and -1 for others, with a penalty.

    The penalty is alpha times the squared weights, added to the sum of squared errors over examples
    and labels; the intercept is free (Hoerl and Kennard, 1970).

    Attributes:
        alphas: penalties to choose from.
        choose: "validation" takes the alpha with the best score on the validation examples, the
            larger one of two with the same score and squared error; "leave_one_out" the one with
            the least squared error of examples that were left out, one at a time, of training and
            validation together; no validation score is needed then.
        refit: whether the last fit is on training and validation examples together; always so with
            "leave_one_out".
        standardise: whether features are brought to mean 0 and deviation 1.
    """

    alphas: tuple[float, ...] = tuple(10.0**power for power in range(-3, 7))
    choose: Literal["validation", "leave_one_out"] = "validation"
    refit: bool = True
    standardise: bool = True

    name = "ridge"
    deterministic = True
    chooses_once = False

    def __post_init__(self) -> None:
        """Refuse penalties that have no closed form.

        Raises:
            ValueError: there is no alpha, or one is not positive.
        """
        if not self.alphas or min(self.alphas) <= 0:
            raise ValueError(f"alphas should be positive and at least one, given {self.alphas}")

    def fit(
        self,
        problem: Problem,
        seeds: Sequence[int],
        chosen: Sequence[Settings] | None = None,
        progress: Progress | None = None,
    ) -> list[Fitted]:
        """Return the same fit for every seed. See `Probe.fit`."""
        everything = problem.train.joined(problem.valid)
        if self.choose == "leave_one_out":
            whole = Decomposition(everything, self.standardise)
            errors = whole.leave_one_out_errors(self.alphas)
            best = int(errors.argmin())
            validation = -float(errors[best])
        else:
            whole = Decomposition(problem.train, self.standardise)
            best, validation = self._best(whole, problem)
            if self.refit:
                whole = Decomposition(everything, self.standardise)
        alpha = self.alphas[best]
        fitted = Fitted(whole.solved(alpha), validation, {"alpha": alpha})
        if progress is not None:
            progress(1.0)
        return [fitted] * len(seeds)

    def _best(self, whole: Decomposition, problem: Problem) -> tuple[int, float]:
        """Return the place of the best alpha and its validation score."""
        signs = 2.0 * problem.valid.targets - 1.0
        found = []
        for place, alpha in enumerate(self.alphas):
            said = Fitted(whole.solved(alpha), 0.0, {}).scores(problem.valid)
            value = score(problem.metric, said, problem.valid.targets)
            found.append((value, -float(((said - signs) ** 2).mean()), alpha, place))
        value, _, _, place = max(found)
        return place, value


class Decomposition:
    """Scaled examples in the directions in which they vary, from which every alpha is solved.

    Args:
        examples: at least one.
        standardise: as in `RidgeProbe`.
    """

    def __init__(self, examples: Examples, standardise: bool = True) -> None:
        self.examples = examples
        scaling = Scaling.of(examples, standardise)
        centre = scaling if standardise else Scaling.of(examples)
        # Without standardising the features are still centred: the intercept is not penalised.
        self.mean, self.scale = centre.mean, scaling.scale
        self.offset = 2.0 * examples.targets.mean(axis=0, dtype=np.float64) - 1.0
        n, d = len(examples), examples.dimension
        if n <= d:
            x = np.concatenate([part for _, part, _ in self._chunks()])
            _, singular, right = np.linalg.svd(x, full_matrices=False)
            self.values, self.directions = singular**2, right.T
            signs = 2.0 * examples.targets - 1.0 - self.offset
            self.projected = self.directions.T @ (x.T @ signs)
        else:
            gram, cross = np.zeros((d, d)), np.zeros((d, examples.n_labels))
            for _, part, signs in self._chunks():
                gram += part.T @ part
                cross += part.T @ signs
            values, self.directions = np.linalg.eigh(gram)
            self.values = np.maximum(values, 0.0)
            self.projected = self.directions.T @ cross

    def solved(self, alpha: float) -> _Linear:
        """Return the function that the penalty alpha gives."""
        weights = self.directions @ (self.projected / (self.values + alpha)[:, None])
        return _Linear(weights / self.scale[:, None], self.mean, self.offset)

    def leave_one_out_errors(self, alphas: Sequence[float]) -> Float64[np.ndarray, " n_alphas"]:
        """Return the mean squared error, for each alpha, of examples that were not fitted on.

        An example's own influence is known, so nothing is fitted again (Allen's PRESS, 1974).
        """
        n = len(self.examples)
        total = np.zeros(len(alphas))
        for _, part, signs in self._chunks():
            rotated = part @ self.directions
            for place, alpha in enumerate(alphas):
                shrunk = 1.0 / (self.values + alpha)
                said = rotated @ (self.projected * shrunk[:, None])
                own = 1.0 / n + (rotated**2) @ shrunk
                left_out = (signs - said) / (1.0 - own)[:, None]
                total[place] += (left_out**2).sum() / (n * self.examples.n_labels)
        return total

    def _chunks(self) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """Yield places, scaled vectors, and targets as signs about their mean; all float64."""
        for places, vectors in self.examples.chunks():
            signs = 2.0 * self.examples.targets[places] - 1.0 - self.offset
            yield places, (vectors - self.mean) / self.scale, signs


@dataclass(frozen=True, eq=False)
class _Linear:
    """A linear function of vectors about a mean."""

    weights: Float64[np.ndarray, "dimension n_labels"]
    mean: Float64[np.ndarray, " dimension"]
    offset: Float64[np.ndarray, " n_labels"]

    def __call__(
        self, vectors: Float[np.ndarray, "k dimension"]
    ) -> Float64[np.ndarray, "k n_labels"]:
        return (vectors - self.mean) @ self.weights + self.offset
