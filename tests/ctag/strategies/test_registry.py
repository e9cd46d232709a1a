"""Every registered strategy, on a problem whose optimum is known; registering one tests it here.

The problem: 24 parameters, every other one best inside the box, the rest best on a face of it. One
in ten sounds fails (NaN). Random search is the yardstick.
"""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from evosax.algorithms import algorithms as EVOSAX_ALGORITHMS

from ctag.strategies.registry import PUBLISHED, STRATEGIES, strategy_named

N_PARAMS, POPULATION, GENERATIONS, FAILING = 24, 20, 100, 0.1
FACES = np.random.default_rng(0)
BEST = np.where(
    np.arange(N_PARAMS) % 2,
    FACES.uniform(0.2, 0.8, N_PARAMS),
    FACES.integers(0, 2, N_PARAMS),
).astype(np.float32)

# These ignore what they were told, or anneal over more generations than there are here.
NO_BETTER_THAN_RANDOM = {"random", "RandomSearch", "DiffusionEvolution"}
OURS = ("random", "simple_ga", "cma_es", "pso", "les", "des")
"""Those of the paper; each of evosax's own takes seconds to compile, and there are forty."""


@cache
def searched(name: str) -> dict[str, np.ndarray]:
    """Three searches with different keys, run twice: what was asked, scores, the last state."""
    strategy = strategy_named(name).start(N_PARAMS, POPULATION)

    def search(key):
        def generation(state, key):
            key_ask, key_tell, key_fail = jax.random.split(key, 3)
            theta, state = strategy.ask(key_ask, state)
            score = -jnp.mean((theta - BEST) ** 2, axis=-1)
            failed = jax.random.uniform(key_fail, score.shape) < FAILING
            score = jnp.where(failed, jnp.nan, score)
            return strategy.tell(key_tell, theta, score, state), (theta, score)

        key_init, key_generations = jax.random.split(key)
        keys = jax.random.split(key_generations, GENERATIONS)
        return jax.lax.scan(generation, strategy.init(key_init), keys)

    # Compile fast: the problem is tiny.
    run = jax.jit(jax.vmap(search), compiler_options={"xla_backend_optimization_level": 0})
    keys = jax.random.split(jax.random.PRNGKey(1), 3)
    state, (theta, score) = run(keys)
    _, (theta_again, _) = run(keys)
    arrays = {"theta": theta, "score": score, "theta_again": theta_again, "worst": state.worst}
    inner = {k: v for k, v in vars(state.inner).items() if k in ("mean", "population", "std")}
    return {name: np.asarray(value) for name, value in (arrays | inner).items()}


@pytest.mark.filterwarnings("ignore:optax.global_norm is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    "name",
    [
        name if name in OURS else pytest.param(name, marks=pytest.mark.slow)
        for name in STRATEGIES
    ],
)
def test_a_registered_strategy(name):
    result = searched(name)
    theta, score = result["theta"], result["score"]
    # What is asked is inside the box.
    assert theta.shape == (3, GENERATIONS, POPULATION, N_PARAMS)
    assert theta.min() >= 0
    assert theta.max() <= 1
    # The same key asks the same, another key does not.
    np.testing.assert_array_equal(theta, result["theta_again"])
    assert not np.array_equal(theta[0], theta[1])
    # Failed sounds leave the state finite, and are not taken for the worst.
    assert np.isnan(score).mean() == pytest.approx(FAILING, abs=0.02)
    for field in ("worst", "mean", "population", "std"):
        if field in result:
            assert np.isfinite(result[field]).all(), field
    np.testing.assert_allclose(result["worst"], -np.nanmin(score, axis=(1, 2)), rtol=1e-6)
    # It finds a better sound than random search does.
    if name not in NO_BETTER_THAN_RANDOM:
        by_chance = np.nanmax(searched("random")["score"], axis=(1, 2)).mean()
        assert np.nanmax(score, axis=(1, 2)).mean() > by_chance + 0.01


def test_the_registry_holds_the_six_of_the_paper_and_all_of_evosax():
    assert list(PUBLISHED) == ["random", "simple_ga", "cma_es", "pso", "les", "des"]
    assert set(STRATEGIES) == set(PUBLISHED) | set(EVOSAX_ALGORITHMS)


@pytest.mark.parametrize(
    ("given", "meant"), [("lse", "les"), ("cma-es", "cma_es"), ("SNESS", "SNES"), ("ga", "")]
)
def test_an_unknown_name_is_answered_with_the_nearest(given, meant):
    with pytest.raises(ValueError, match=f"no search strategy '{given}'") as error:
        strategy_named(given)
    assert "random, simple_ga, cma_es, pso, les, des" in str(error.value)
    if meant:
        assert f"did you mean {meant}?" in str(error.value)
