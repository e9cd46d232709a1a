"""Bounds, failures and settings: what this project puts around evosax."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctag.strategies.base import NOTHING_SEEN_YET, _finite_fitness
from ctag.strategies.bounds import clip, reflect, repair_named
from ctag.strategies.by_name import Evosax
from ctag.strategies.published import (
    CovarianceMatrix,
    Discovered,
    Learned,
    ParticleSwarm,
    RandomSampling,
    SimpleGenetic,
)


def maximise(strategy, score, n_params=12, population=24, generations=80, key=0):
    """The best theta and score that a strategy finds."""
    bound = strategy.start(n_params, population)

    def generation(state, key):
        key_ask, key_tell = jax.random.split(key)
        theta, state = bound.ask(key_ask, state)
        values = score(theta)
        return bound.tell(key_tell, theta, values, state), (theta, values)

    key_init, key_run = jax.random.split(jax.random.PRNGKey(key))
    run = jax.jit(
        lambda state, keys: jax.lax.scan(generation, state, keys),
        compiler_options={"xla_backend_optimization_level": 0},  # the problem is tiny
    )
    _, (theta, values) = run(bound.init(key_init), jax.random.split(key_run, generations))
    values = np.asarray(values).ravel()
    best = np.nanargmax(values)
    return np.asarray(theta).reshape(-1, n_params)[best], values[best]


@settings(deadline=None)
@given(st.floats(-100, 100, width=32))
def test_reflection_is_a_triangle_wave_of_period_two(x):
    inside = float(reflect(jnp.float32(x)))
    assert 0 <= inside <= 1
    assert inside == pytest.approx(float(reflect(jnp.float32(-x))), abs=1e-5)
    assert inside == pytest.approx(1 - abs(1 - np.mod(np.float32(x), 2)), abs=2e-5)


def test_both_repairs_leave_the_box_alone():
    inside = jnp.linspace(0, 1, 101)
    np.testing.assert_array_equal(clip(inside), inside)
    np.testing.assert_allclose(reflect(inside), inside, atol=1e-7)
    np.testing.assert_array_equal(clip(jnp.array([-6.0, 9.0])), [0, 1])


@pytest.mark.parametrize("strategy", [CovarianceMatrix(), Learned(), Discovered()])
@pytest.mark.parametrize("bounds", ["clip", "reflect"])
@pytest.mark.parametrize("place", ["inside", "on the faces"])
def test_an_optimum_is_found_inside_the_box_and_on_its_faces(strategy, bounds, place):
    rng = np.random.default_rng(3)
    best = rng.uniform(0.2, 0.8, 12) if place == "inside" else rng.integers(0, 2, 12)
    strategy = dataclasses.replace(strategy, bounds=bounds)
    theta, _ = maximise(strategy, lambda t: -jnp.mean((t - best) ** 2, axis=-1))
    assert np.abs(theta - best).max() < 0.1


@pytest.mark.parametrize(
    "strategy", [CovarianceMatrix(), Learned(), SimpleGenetic(), ParticleSwarm()]
)
def test_a_region_that_always_fails_is_avoided(strategy):
    def score(theta):
        value = -jnp.mean((theta - 0.45) ** 2, axis=-1)
        return jnp.where(theta[:, 0] > 0.5, jnp.nan, value)

    theta, value = maximise(strategy, score)
    assert theta[0] <= 0.5
    assert value > -0.02


@pytest.mark.parametrize("failure", [np.nan, np.inf, -np.inf])
def test_failures_are_told_as_just_worse_than_the_worst(failure):
    told, worst = _finite_fitness(jnp.array([0.5, failure, -0.5, 0.25]), jnp.float32(-jnp.inf))
    assert worst == 0.5
    assert 0.5 < told[1] < 1
    np.testing.assert_array_equal(told[jnp.array([0, 2, 3])], [0.5, -0.5, 0.25])
    later, worst = _finite_fitness(jnp.array([-3.0, failure]), worst)
    assert worst == 0.5
    assert later[1] > 0.5, "no better than a sound that worked in an earlier generation"


def test_while_nothing_works_all_are_told_the_same():
    told, worst = _finite_fitness(jnp.full(4, jnp.nan), jnp.float32(-jnp.inf))
    np.testing.assert_array_equal(told, NOTHING_SEEN_YET)
    assert worst == -jnp.inf


@pytest.mark.parametrize("value", [0.0, np.nan])
@pytest.mark.parametrize(
    "strategy", [Learned(), Discovered(), CovarianceMatrix(), ParticleSwarm(), Evosax("SNES")]
)
def test_scores_that_say_nothing_keep_the_state_finite(strategy, value):
    bound = strategy.start(5, 8)

    @jax.jit
    def generations(key):
        def generation(_, state):
            theta, state = bound.ask(key, state)
            return bound.tell(key, theta, jnp.full(8, value), state)

        return jax.lax.fori_loop(0, 20, generation, bound.init(key))

    inner = generations(jax.random.PRNGKey(0)).inner
    for field in ("mean", "std", "population"):
        assert np.isfinite(getattr(inner, field, 0.0)).all(), field


def test_the_published_hyperparameters_reach_evosax():
    les = Learned().start(78, 50)
    assert les.params.std_init == pytest.approx(0.2693048)
    des = Discovered().start(78, 50)
    assert des.algorithm.temperature == pytest.approx(17.3697713)
    assert des.params.lr_std == pytest.approx(0.1662602)
    cma = CovarianceMatrix().start(78, 50)
    assert cma.algorithm.num_elites == 13
    logarithmic = np.log(51 / 2) - np.log(np.arange(1, 14))  # Hansen's tutorial, equation 48
    mu_eff = logarithmic.sum() ** 2 / (logarithmic**2).sum()
    assert cma.params.mu_eff == pytest.approx(mu_eff, rel=1e-5)
    assert cma.params.c_mean == pytest.approx(0.6250537)
    ga = SimpleGenetic().start(78, 50)
    assert ga.algorithm.num_elites == 32
    stds = [float(ga.algorithm.std_schedule(i)) for i in (0, 1, 100)]
    assert stds == pytest.approx([0.8559663, 0.8559663 * 0.8142502, 0.0262539], rel=1e-5)
    pso = ParticleSwarm().start(78, 50)
    assert (pso.params.inertia_coeff, pso.params.cognitive_coeff) == (1.0, 0.9263020689534016)


def test_random_search_is_uniform_and_ignores_scores():
    bound = RandomSampling().start(3, 2000)
    theta, _ = bound.ask(jax.random.PRNGKey(0), bound.init(jax.random.PRNGKey(1)))
    np.testing.assert_allclose(theta.mean(axis=0), 0.5, atol=0.03)
    np.testing.assert_allclose(theta.std(axis=0), 12**-0.5, atol=0.02)


def test_the_mean_starts_where_it_is_told():
    center = dataclasses.replace(Learned(), start_at="center").start(9, 4)
    np.testing.assert_array_equal(center.init(jax.random.PRNGKey(0)).inner.mean, 0.5)
    uniform = Learned().start(2000, 4).init(jax.random.PRNGKey(0)).inner.mean
    assert uniform.mean() == pytest.approx(0.5, abs=0.03)
    assert uniform.std() == pytest.approx(12**-0.5, abs=0.02)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Evosax("CMAES"), "did you mean CMA_ES"),
        (lambda: Evosax("PGPE").start(3, 5), "PGPE refuses population=5: .*even"),
        (lambda: Evosax("SV_CMA_ES").start(3, 5), "choose a multiple of 2"),
        (lambda: Evosax("SNES", params={"lr": 1.0}).start(3, 4), "unknown params lr; allowed are"),
        (lambda: Evosax("SNES", options={"x": 1}).start(3, 4), "unknown options x; allowed are"),
        (lambda: Learned().start(3, 1), "population=1: .*at least 2"),
        (lambda: Learned().start(0, 4), "n_params=0"),
        (lambda: SimpleGenetic(elite_ratio=2.0).start(3, 4), r"elite_ratio=2.0 is outside"),
        (lambda: Learned(bounds="wrap").start(3, 4), "allowed are clip, reflect"),
        (lambda: Learned(start_at="zero").start(3, 4), "'uniform' and 'center'"),
        (lambda: repair_named("none"), "bounds='none'"),
    ],
)
def test_a_wrong_setting_is_one_clear_error(build, message):
    with pytest.raises(ValueError, match=message):
        build()
