"""What a search strategy is: an evosax algorithm behind ask and tell on the box [0, 1]^n.

A `Strategy` holds settings and knows neither the dimension nor the population; `start` gives it
both and returns an `AskTell`, three pure functions that can be jitted, vmapped over prompts and
scanned over generations. On top of evosax it owns the bounds, the failed evaluations and the first
population.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from evosax.algorithms.base import EvolutionaryAlgorithm
from evosax.algorithms.population_based.base import PopulationBasedAlgorithm
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, UInt

from ctag.strategies.bounds import repair_named

Key = PRNGKeyArray | UInt[Array, "2"]

# The fitness told for a failed sound while nothing finite has been seen: large, and its square fits
# float32.
NOTHING_SEEN_YET = 1e9


@runtime_checkable
class Strategy(Protocol):
    """Settings of an optimizer; `start` binds them to a problem's size."""

    def start(self, n_params: int, population: int) -> "AskTell":
        """The algorithm for `n_params` dimensions and `population` candidates a generation."""
        ...


class StrategyState(NamedTuple):
    """The state of one search: a tree of arrays, finite wherever evosax's own state is.

    Attributes:
        inner: evosax's state.
        worst: the highest finite fitness told so far (fitness is minus the score), -inf before the
            first.
        generation: how many times the strategy was told.
    """

    inner: Any
    worst: Float[Array, ""]
    generation: Int[Array, ""]


@dataclass(frozen=True, eq=False)
class AskTell:
    """An evosax algorithm on [0, 1]^n that maximises a score. All methods are pure and traceable.

    Attributes:
        algorithm: the evosax algorithm, built for its dimension and population.
        params: evosax's parameter tree for it.
        population: candidates a generation (for Stein variational algorithms, over all
            sub-populations).
        start_at: where a distribution's mean begins: "uniform", drawn from U(0, 1)^n as in
            Algorithm 1 of the CTAG paper, or "center", 0.5 everywhere. Population-based algorithms
            begin with a population drawn from U(0, 1)^n either way.
        bounds: "clip" or "reflect", see `ctag.strategies.bounds`.
    """

    algorithm: EvolutionaryAlgorithm
    params: Any
    population: int
    start_at: str = "uniform"
    bounds: str = "clip"

    def __post_init__(self) -> None:
        repair_named(self.bounds)
        if self.start_at not in ("uniform", "center"):
            raise ValueError(
                f"start_at={self.start_at!r} is not known; allowed are 'uniform' and 'center'"
            )

    @property
    def n_params(self) -> int:
        """The dimension of the box."""
        return int(self.algorithm.num_dims)

    @property
    def keeps_a_population(self) -> bool:
        """Whether the algorithm evolves a population, and not a distribution."""
        return isinstance(self.algorithm, PopulationBasedAlgorithm)

    def init(
        self,
        key: Key,
        near: Float[Array, "points n_params"] | None = None,
        std: float | None = None,
    ) -> StrategyState:
        """The state before the first generation.

        Args:
            key: of what is drawn.
            near: points to begin at instead of anywhere, the best first: a distribution's mean is
                the first one; a population is made of all, in turns, each but its first copy with
                normal noise of `std`.
            std: the standard deviation to begin with, where the algorithm keeps one as `std_init`
                (those with a schedule over generations keep theirs); None: its own, and 0.1 for the
                noise of a population.
        """
        if near is not None:
            return self._init_near(key, near, std)
        key_start, key_init = jax.random.split(key)
        if self.keeps_a_population:
            start = jax.random.uniform(key_start, (self.population, self.n_params))
            unknown = jnp.zeros((self.population,))
            inner = self.algorithm.init(key_init, start, unknown, self.params)
        else:
            means = getattr(self.algorithm, "num_populations", None)
            shape = (self.n_params,) if means is None else (means, self.n_params)
            uniform = self.start_at == "uniform"
            mean = jax.random.uniform(key_start, shape) if uniform else jnp.full(shape, 0.5)
            inner = self.algorithm.init(key_init, mean, self.params)
        return _unused(inner)

    def _init_near(self, key: Key, near: Array, std: float | None) -> StrategyState:
        key_start, key_init = jax.random.split(key)
        params = self.params
        if std is not None and hasattr(params, "std_init"):
            params = params.replace(std_init=jnp.asarray(std, jnp.result_type(params.std_init)))
        if self.keeps_a_population:
            rows = jnp.arange(self.population)
            noise = jax.random.normal(key_start, (self.population, self.n_params))
            noise = jnp.where((rows < near.shape[0])[:, None], 0.0, noise)
            start = near[rows % near.shape[0]] + (0.1 if std is None else std) * noise
            start = repair_named(self.bounds)(start)
            unknown = jnp.zeros((self.population,))
            return _unused(self.algorithm.init(key_init, start, unknown, params))
        means = getattr(self.algorithm, "num_populations", None)
        mean = near[0] if means is None else near[jnp.arange(means) % near.shape[0]]
        return _unused(self.algorithm.init(key_init, mean, params))

    def ask(
        self, key: Key, state: StrategyState
    ) -> tuple[Float[Array, "population n_params"], StrategyState]:
        """Candidates to evaluate, every one inside [0, 1]^n, and the state that `tell` wants back.

        A population-based algorithm first asks for its initial population, so that it, too, starts
        from evaluated points. A coordinate that evosax made non-finite is drawn anew from U(0, 1).
        """
        key_ask, key_redraw = jax.random.split(key)
        points, inner = self.algorithm.ask(key_ask, state.inner, self.params)
        if self.keeps_a_population:
            first = state.generation == 0
            points = jnp.where(first, state.inner.population, points)
            inner = _select(first, state.inner, inner)
        redrawn = jax.random.uniform(key_redraw, points.shape)
        points = jnp.where(jnp.isfinite(points), repair_named(self.bounds)(points), redrawn)
        return points, state._replace(inner=_like(inner, state.inner))

    def tell(
        self,
        key: Key,
        theta: Float[Array, "population n_params"],
        score: Float[Array, "population"],
        state: StrategyState,
    ) -> StrategyState:
        """The state after `score` (higher is better) was found for the candidates that `ask` gave.

        A score that is not finite counts as worse than every finite one seen so far. A
        distribution's mean is kept in the box, which matters to those that take gradient steps. If
        evosax's update turns a finite number of its state into a non-finite one (a spread that
        collapsed to zero, say), the state before the update is kept.
        """
        fitness, worst = _finite_fitness(-score, state.worst)
        inner, _ = self.algorithm.tell(key, theta, fitness, state.inner, self.params)
        if self.keeps_a_population:
            seeded = self.algorithm.init(key, theta, fitness, self.params)
            inner = _select(
                state.generation == 0, _like(seeded, state.inner), _like(inner, state.inner)
            )
        else:
            inner = inner.replace(mean=jnp.clip(inner.mean, 0.0, 1.0))
        inner = _like(inner, state.inner)
        inner = _select(_broke(state.inner, inner), state.inner, inner)
        return StrategyState(inner, worst, state.generation + 1)


def _unused(inner: Any) -> StrategyState:
    """evosax's state as one that was told nothing."""
    inner = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.result_type(leaf)), inner)
    return StrategyState(inner, jnp.float32(-jnp.inf), jnp.int32(0))


def _finite_fitness(
    fitness: Float[Array, "population"], worst_before: Float[Array, ""]
) -> tuple[Float[Array, "population"], Float[Array, ""]]:
    """Fitness with failures just above the worst finite value seen, and that worst value.

    The value must stay near the others, since learned strategies standardise fitness: one enormous
    value would hide every difference between the sounds that worked.
    """
    usable = jnp.isfinite(fitness)
    worst = jnp.maximum(worst_before, jnp.max(jnp.where(usable, fitness, -jnp.inf)))
    best = jnp.min(jnp.where(usable, fitness, jnp.inf))
    margin = jnp.where(jnp.isfinite(best), 0.1 * (worst - best), 0.0) + 1e-3 * (
        1.0 + jnp.abs(worst)
    )
    penalty = jnp.where(jnp.isfinite(worst), worst + margin, NOTHING_SEEN_YET)
    return jnp.where(usable, fitness, penalty), worst


def _select(condition: Bool[Array, ""], yes: Any, no: Any) -> Any:
    """One of two trees of the same structure, leaf by leaf (traceable)."""
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)


def _like(tree: Any, example: Any) -> Any:
    """The tree with the leaf types of `example`, so that a loop can carry it."""
    return jax.tree.map(lambda leaf, other: jnp.asarray(leaf, other.dtype), tree, example)


def _broke(before: Any, after: Any) -> Bool[Array, ""]:
    """Whether any number that was finite before is not finite after."""

    def leaf_broke(a: Array, b: Array) -> Array:
        return jnp.any(jnp.isfinite(a) & ~jnp.isfinite(b))

    flags = jax.tree.leaves(jax.tree.map(leaf_broke, before, after))
    return jnp.any(jnp.stack(flags))
