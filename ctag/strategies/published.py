"""The six strategies compared in "Creative Text-to-Audio Generation via Synthesizer Programming".

The defaults are the hyperparameters that the authors tuned by Bayesian optimization and published
with their code, translated from evosax 0.1 to 0.3. Keys without a counterpart in evosax 0.3 are
named in each class and are left out: nothing stands in for them.
"""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import optax
from evosax.algorithms import CMA_ES, PSO, DiscoveredES, LearnedES, RandomSearch, SimpleGA

from ctag.strategies.base import AskTell
from ctag.strategies.problem import check_problem, check_range


@dataclass(frozen=True)
class RandomSampling:
    """Every candidate drawn from U(0, 1)^n, whatever was heard before: the baseline."""

    title: ClassVar[str] = "random search"

    def start(self, n_params: int, population: int) -> AskTell:
        """See `ctag.strategies.base.Strategy`."""
        solution = check_problem(n_params, population)
        algorithm = RandomSearch(
            population, solution, sampling_fn=lambda key: jax.random.uniform(key, (n_params,))
        )
        return AskTell(algorithm, algorithm.default_params, population)


@dataclass(frozen=True)
class SimpleGenetic:
    """Genetic algorithm, truncation selection, uniform crossover, Gaussian mutation (Such et al.,
    2017).

    Attributes:
        elite_ratio: the fraction of the population that may become parents, in (0, 1].
        crossover_rate: the chance that a parameter comes from the second parent, in [0, 1].
        std_init: the mutation's standard deviation in the first generation.
        std_decay: what it is multiplied by from one generation to the next, in (0, 1].
        std_limit: what it does not fall below.
        bounds: "clip" or "reflect".
    """

    title: ClassVar[str] = "a simple genetic algorithm"
    elite_ratio: float = 0.6545207033678632
    crossover_rate: float = 0.41618810032424847
    std_init: float = 0.8559663431719498
    std_decay: float = 0.8142501648252825
    std_limit: float = 0.026253876494006848
    bounds: str = "clip"

    def start(self, n_params: int, population: int) -> AskTell:
        """See `ctag.strategies.base.Strategy`."""
        solution = check_problem(n_params, population)
        check_range("elite_ratio", self.elite_ratio, 0.0, 1.0)
        check_range("crossover_rate", self.crossover_rate, 0.0, 1.0)
        schedule = optax.exponential_decay(
            self.std_init, 1, self.std_decay, end_value=self.std_limit
        )
        algorithm = SimpleGA(population, solution, std_schedule=schedule)
        algorithm.elite_ratio = self.elite_ratio
        params = algorithm.default_params.replace(crossover_rate=self.crossover_rate)
        return AskTell(algorithm, params, population, bounds=self.bounds)


@dataclass(frozen=True)
class CovarianceMatrix:
    """CMA-ES (Hansen and Ostermeier, 2001). Published `mean_decay` (0.0277) has no counterpart.

    Attributes:
        std_init: the standard deviation of the first generation; the box is 1 wide.
        elite_ratio: the fraction of the population, in (0, 1], whose weights make the effective
            selection mass and with it the learning rates; in evosax 0.3 the better half gets
            positive weights whatever it is.
        mean_learning_rate: the step of the mean, `c_m`, 1 for the textbook algorithm.
        start_at: "uniform" or "center".
        bounds: "clip" or "reflect".
    """

    title: ClassVar[str] = "CMA-ES"
    std_init: float = 0.7437067396941841
    elite_ratio: float = 0.27183113825321015
    mean_learning_rate: float = 0.6250536798713696
    start_at: str = "uniform"
    bounds: str = "clip"

    def start(self, n_params: int, population: int) -> AskTell:
        """See `ctag.strategies.base.Strategy`."""
        algorithm = CMA_ES(population, check_problem(n_params, population))
        check_range("elite_ratio", self.elite_ratio, 0.0, 1.0)
        algorithm.elite_ratio = self.elite_ratio
        params = algorithm.default_params.replace(
            std_init=jnp.asarray(self.std_init), c_mean=self.mean_learning_rate
        )
        return AskTell(algorithm, params, population, self.start_at, self.bounds)


@dataclass(frozen=True)
class ParticleSwarm:
    """Particle swarm optimization (Kennedy and Eberhart, 1995).

    Attributes:
        inertia: how much of its velocity a particle keeps.
        cognitive: the pull towards the best place that it has itself seen.
        social: the pull towards the best place that any particle has seen.
        bounds: "clip" or "reflect".
    """

    title: ClassVar[str] = "PSO"
    inertia: float = 1.0
    cognitive: float = 0.9263020689534016
    social: float = 0.46691079125351337
    bounds: str = "clip"

    def start(self, n_params: int, population: int) -> AskTell:
        """See `ctag.strategies.base.Strategy`."""
        algorithm = PSO(population, check_problem(n_params, population))
        params = algorithm.default_params.replace(
            inertia_coeff=self.inertia, cognitive_coeff=self.cognitive, social_coeff=self.social
        )
        return AskTell(algorithm, params, population, bounds=self.bounds)


@dataclass(frozen=True)
class Learned:
    """Learned evolution strategy (Lange et al., 2023): the update is a small attention network.

    evosax ships the network's weights; they are a retraining, not those of the paper. Published
    `mean_decay` (0) has no counterpart and needs none.

    Attributes:
        std_init: the standard deviation of the first generation; the box is 1 wide.
        start_at: "uniform" or "center".
        bounds: "clip" or "reflect".
    """

    title: ClassVar[str] = "LES"
    std_init: float = 0.2693048095331496
    start_at: str = "uniform"
    bounds: str = "clip"

    def start(self, n_params: int, population: int) -> AskTell:
        """See `ctag.strategies.base.Strategy`."""
        algorithm = LearnedES(population, check_problem(n_params, population))
        params = algorithm.default_params.replace(std_init=self.std_init)
        return AskTell(algorithm, params, population, self.start_at, self.bounds)


@dataclass(frozen=True)
class Discovered:
    """Discovered evolution strategy (Lange et al., 2023).

    Published `mean_decay` (0) has no counterpart and needs none.

    Attributes:
        std_init: the standard deviation of the first generation; the box is 1 wide.
        temperature: how steeply the recombination weights fall with rank.
        mean_learning_rate: the step of the mean (plain gradient descent).
        std_learning_rate: the step of the standard deviation.
        start_at: "uniform" or "center".
        bounds: "clip" or "reflect".
    """

    title: ClassVar[str] = "DES"
    std_init: float = 0.3315883128708481
    temperature: float = 17.36977130095967
    mean_learning_rate: float = 0.48286450138170195
    std_learning_rate: float = 0.16626024937012424
    start_at: str = "uniform"
    bounds: str = "clip"

    def start(self, n_params: int, population: int) -> AskTell:
        """See `ctag.strategies.base.Strategy`."""
        solution = check_problem(n_params, population)
        algorithm = DiscoveredES(population, solution, optimizer=optax.sgd(self.mean_learning_rate))
        algorithm.temperature = self.temperature
        params = algorithm.default_params.replace(
            std_init=self.std_init, lr_std=self.std_learning_rate
        )
        return AskTell(algorithm, params, population, self.start_at, self.bounds)
