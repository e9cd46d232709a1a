"""Quality-diversity search by pyribs: covariance matrix adaptation that anneals over a grid.

CMA-MAE (Fontaine and Nikolaidis, "Covariance Matrix Adaptation MAP-Annealing", 2023): evolution
strategies climb the improvement over what a cell has, which a slowly rising threshold stands for,
and begin anew where nothing improves. Part of the candidates come from MAP-Elites with directional
variation (Vassiliades and Mouret, "Discovering the Elite Hypervolume by Leveraging Interspecies
Correlation", 2018), which fills cells faster while there are few evaluations. Parameters are
unbounded for both, and folded into the unit box as a wall reflects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ctag.alternatives.behaviour import Axis


class Elites(NamedTuple):
    """The best sound of every cell that is filled.

    Attributes:
        cell: each one's place on the axes.
        theta: its parameters.
        score: its score.
    """

    cell: Int[np.ndarray, "elites n_axes"]
    theta: Float[np.ndarray, "elites n_params"]
    score: Float[np.ndarray, " elites"]


class Filled(NamedTuple):
    """How well a grid is filled.

    Attributes:
        coverage: the share of cells with a sound.
        qd_score: the sum of their scores above the floor, over the number of all cells.
        best: the highest score; the floor where there is none.
    """

    coverage: float
    qd_score: float
    best: float


class Grid:
    """Keeps the best sound of every cell.

    Args:
        axes: the grid.
        n_params: parameters of a sound.
        floor: sounds that score no higher are kept nowhere.
    """

    def __init__(self, axes: Sequence[Axis], n_params: int, floor: float) -> None:
        self._axes, self._floor = tuple(axes), floor
        shape = tuple(axis.cells for axis in axes)
        self._score = np.full(shape, -np.inf, np.float32)
        self._theta = np.zeros((*shape, n_params), np.float32)

    def add(
        self,
        theta: Float[np.ndarray, "population n_params"],
        score: Float[np.ndarray, " population"],
        behaviour: Float[np.ndarray, "population n_axes"],
    ) -> None:
        """Show it sounds; those that failed, or score no higher than the floor, are left out."""
        ends = np.array([axis.ends for axis in self._axes])
        cells = np.array([axis.cells for axis in self._axes])
        share = (behaviour - ends[:, 0]) / (ends[:, 1] - ends[:, 0])
        works = np.isfinite(score) & np.isfinite(share).all(1)
        for row in np.flatnonzero(works & (np.where(works, score, 0.0) > self._floor)):
            cell = tuple(np.clip(np.floor(share[row] * cells), 0, cells - 1).astype(int))
            if score[row] > self._score[cell]:
                self._score[cell], self._theta[cell] = score[row], theta[row]

    def filled(self) -> Filled:
        """How well it is filled."""
        score = self.elites().score
        above = score.astype(np.float64) - self._floor
        best = float(score.max()) if len(score) else self._floor
        return Filled(len(score) / self._score.size, float(above.sum()) / self._score.size, best)

    def elites(self) -> Elites:
        """The sounds that it keeps, in the order of their cells."""
        cell = np.argwhere(np.isfinite(self._score))
        place = tuple(cell.T)
        return Elites(cell, self._theta[place], self._score[place])


@dataclass(frozen=True)
class QualityDiversity:
    """Settings of the search.

    Attributes:
        emitters: evolution strategies that search side by side.
        elites_share: of a generation that MAP-Elites varies from what is kept; the evolution
            strategies get the rest.
        learning_rate: of the threshold of a cell: 1 is CMA-ME, 0 plain CMA-ES.
        std_init: standard deviation of the evolution strategies' first generation.
        iso_std, line_std: of MAP-Elites: of the noise, and of the step along the line to another.
    """

    emitters: int = 2
    elites_share: float = 0.5
    learning_rate: float = 0.1
    std_init: float = 0.2
    iso_std: float = 0.02
    line_std: float = 0.2

    def __post_init__(self) -> None:
        if self.emitters < 1 or not 0 <= self.elites_share < 1:
            raise ValueError(
                f"emitters={self.emitters}, elites_share={self.elites_share}: there must be one "
                "evolution strategy at least, and a share from 0 to below 1"
            )

    def start(
        self,
        axes: Sequence[Axis],
        n_params: int,
        population: int,
        floor: float,
        seed: Sequence[int],
    ) -> "Illumination":
        """Begin, with `population` candidates a generation.

        Raises:
            ValueError: the population is too small for the emitters.
        """
        return Illumination(self, axes, n_params, population, floor, seed)


class Illumination:
    """A quality-diversity search of one prompt: ask and tell. Begin it with `QualityDiversity`."""

    def __init__(
        self,
        settings: QualityDiversity,
        axes: Sequence[Axis],
        n_params: int,
        population: int,
        floor: float,
        seed: Sequence[int],
    ) -> None:
        from ribs.archives import GridArchive
        from ribs.emitters import EvolutionStrategyEmitter, IsoLineEmitter
        from ribs.schedulers import Scheduler

        varied = round(population * settings.elites_share)
        sizes = np.full(settings.emitters, (population - varied) // settings.emitters)
        sizes[: (population - varied) % settings.emitters] += 1
        if sizes.min() < 2:
            raise ValueError(
                f"population={population} leaves {sizes.min()} candidates for an evolution "
                f"strategy, of which there are {settings.emitters}: at least 2 are needed"
            )
        for_points, for_emitters = np.random.SeedSequence(list(seed)).spawn(2)
        points = np.random.default_rng(for_points)
        seeds = for_emitters.generate_state(settings.emitters + 1).tolist()
        self._axes, self._floor = tuple(axes), floor
        self.grid = Grid(axes, n_params, floor)
        thresholds = GridArchive(
            solution_dim=n_params,
            dims=[axis.cells for axis in axes],
            ranges=[axis.ends for axis in axes],
            threshold_min=floor,
            learning_rate=settings.learning_rate,
            seed=0,
        )
        emitters: list[Any] = [
            EvolutionStrategyEmitter(
                thresholds,
                x0=points.uniform(size=n_params),
                sigma0=settings.std_init,
                ranker="imp",
                selection_rule="mu",
                restart_rule="basic",
                batch_size=int(size),
                seed=own,
            )
            for size, own in zip(sizes, seeds[:-1], strict=True)
        ]
        if varied:
            emitters.append(
                IsoLineEmitter(
                    thresholds,
                    iso_sigma=settings.iso_std,
                    line_sigma=settings.line_std,
                    initial_solutions=points.uniform(size=(varied, n_params)),
                    batch_size=varied,
                    seed=seeds[-1],
                )
            )
        # One by one: to add a batch pyribs compiles code for half a minute.
        self._scheduler = Scheduler(thresholds, emitters, add_mode="single")
        self._asked = np.zeros((0, n_params), np.float32)

    def ask(self) -> Float[np.ndarray, "population n_params"]:
        """Candidates to evaluate, in the unit box."""
        self._asked = folded(self._scheduler.ask())
        return self._asked

    def tell(
        self,
        score: Float[np.ndarray, " population"],
        behaviour: Float[np.ndarray, "population n_axes"],
    ) -> None:
        """What was found for the candidates that `ask` gave."""
        self.grid.add(self._asked, score, behaviour)
        self._scheduler.tell(*usable(self._axes, self._floor, score, behaviour))


def folded(points: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Points folded into the unit box, float32: `ctag.strategies.bounds.reflect` in NumPy.

    >>> folded(np.array([-0.25, 0.5, 1.25, 2.5])).tolist()
    [0.25, 0.5, 0.75, 0.5]
    """
    turn = np.mod(np.abs(points), 2.0)
    return np.where(turn > 1.0, 2.0 - turn, turn).astype(np.float32)


def usable(
    axes: Sequence[Axis],
    floor: float,
    score: Float[np.ndarray, " population"],
    behaviour: Float[np.ndarray, "population n_axes"],
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and behaviours as pyribs takes them: what failed is put below the floor."""
    works = np.isfinite(score) & np.isfinite(behaviour).all(-1)
    lows = np.array([axis.ends[0] for axis in axes])
    score = np.where(works, score, floor - 1.0).astype(np.float64)
    return score, np.where(works[:, None], behaviour, lows).astype(np.float64)
