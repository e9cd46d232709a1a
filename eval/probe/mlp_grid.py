"""HEAR's probe: a grid of networks with one or two hidden layers (Turian et al., 2022).

The grid, the training and the order of choices are those of hear-eval-kit 2021.1.3: eight of the
sixteen grid points are tried on the first fold, the one with the best validation score is kept for
the other folds. The trainer is our own.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from eval.harness.devices import Device
from eval.probe.base import Fitted, Probe, Problem, Progress, Settings
from eval.probe.linear import with_epochs
from eval.probe.network import Initialization, Shape
from eval.probe.training import Training, train

__all__ = ["GridPoint", "MlpGridProbe"]


class GridPoint(NamedTuple):
    """What differs between two networks of the grid."""

    hidden_layers: int
    learning_rate: float
    initialization: Initialization


@dataclass(frozen=True)
class MlpGridProbe(Probe):
    """The best of several networks by validation score.

    Attributes:
        hidden_layers: numbers of hidden layers in the grid.
        learning_rates: of Adam in the grid.
        initializations: of weights in the grid.
        grid_points: how many combinations are tried; None tries all.
        grid_seed: which ones: the first of all combinations, shuffled by this seed. The same ones
            for every seed of the probe.
        hidden_dim: of each hidden layer.
        dropout: of hidden values.
        batch_norm: of hidden values.
        batch_size: examples a step.
        max_epochs: None takes the task's.
        check_every: epochs between two validations.
        patience: validations without a better score after which a network stops; None runs all
            epochs.
        standardise: whether features are brought to mean 0 and deviation 1; the original does not.
        device: where it is computed.
        chunk_mb: as in `LinearProbe`.
    """

    hidden_layers: tuple[int, ...] = (1, 2)
    learning_rates: tuple[float, ...] = (3.2e-3, 1e-3, 3.2e-4, 1e-4)
    initializations: tuple[Initialization, ...] = ("xavier_uniform", "xavier_normal")
    grid_points: int | None = 8
    grid_seed: int = 0
    hidden_dim: int = 1024
    dropout: float = 0.1
    batch_norm: bool = True
    batch_size: int = 1024
    max_epochs: int | None = 500
    check_every: int = 3
    patience: int | None = 20
    standardise: bool = False
    device: Device = "cpu"
    chunk_mb: float = 4000.0

    name = "mlp_grid"
    deterministic = False
    chooses_once = True

    def points(self) -> list[GridPoint]:
        """Return the grid points that are tried, in their order."""
        combinations = itertools.product(
            self.hidden_layers, self.learning_rates, self.initializations
        )
        every = [GridPoint(*combination) for combination in combinations]
        order = np.random.default_rng(self.grid_seed).permutation(len(every))
        return [every[place] for place in order[: self.grid_points]]

    def fit(
        self,
        problem: Problem,
        seeds: Sequence[int],
        chosen: Sequence[Settings] | None = None,
        progress: Progress | None = None,
    ) -> list[Fitted]:
        """Return each seed's best network, or one of the grid point that it chose before."""
        problem = with_epochs(problem, self.max_epochs)
        report = progress or (lambda share: None)
        if chosen is None:
            points = self.points()
            wanted = {point: list(seeds) for point in points}
        else:
            wanted = {}
            for seed, settings in zip(seeds, chosen, strict=True):
                wanted.setdefault(_point_of(settings), []).append(seed)
        best: dict[int, Fitted] = {}
        for number, (point, group) in enumerate(wanted.items()):

            def part(share: float, number: int = number) -> None:
                report((number + share) / len(wanted))

            for seed, fitted in zip(group, self._trained(problem, point, group, part), strict=True):
                if seed not in best or fitted.validation > best[seed].validation:
                    best[seed] = fitted
        return [best[seed] for seed in seeds]

    def _trained(
        self, problem: Problem, point: GridPoint, seeds: Sequence[int], progress: Progress
    ) -> list[Fitted]:
        shape = Shape(
            point.hidden_layers,
            self.hidden_dim,
            self.dropout,
            self.batch_norm,
            point.initialization,
        )
        training = Training(
            point.learning_rate,
            self.batch_size,
            self.check_every,
            self.patience,
            self.standardise,
            self.device,
            self.chunk_mb,
        )
        found = train(problem, shape, training, seeds, progress)
        return [
            Fitted(fitted.predict, fitted.validation, {**fitted.settings, **point._asdict()})
            for fitted in found
        ]


def _point_of(settings: Settings) -> GridPoint:
    """The grid point in what an earlier fit chose."""
    return GridPoint(*(settings[name] for name in GridPoint._fields))  # type: ignore[arg-type]
