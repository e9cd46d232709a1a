"""The search: what it finds, what it does not depend on, and how it goes on when interrupted."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ctag.generation import block_shape
from ctag.prompts import prompt_keys
from ctag.search import Search
from ctag.strategies.registry import strategy_named
from eval.harness.checkpoints import Checkpoints
from tests.ctag.stand_in import Resemblance, TwoTones, Untraceable

KEY = jax.random.PRNGKey(5)
PROMPTS = ["siren", "bell", "engine"]


def search(strategy="les", scorer=None, **settings):
    settings = {"iterations": 25, "population": 16} | settings
    return Search(TwoTones(), strategy_named(strategy), scorer or Resemblance(), **settings)


@pytest.fixture(scope="module")
def reference():
    return search().run(PROMPTS, KEY)


@pytest.fixture(scope="module")
def by_rank():
    """Of a strategy that sees scores by their rank alone, so that rounding seldom matters."""
    return search("simple_ga", iterations=10).run(PROMPTS, KEY)


def same(a, b):
    np.testing.assert_array_equal(a.theta, b.theta)
    np.testing.assert_array_equal(a.score, b.score)
    for name, values in a.history.as_arrays().items():
        np.testing.assert_array_equal(values, b.history.as_arrays()[name])


@pytest.mark.parametrize("strategy", ["les", "cma_es", "simple_ga"])
def test_it_finds_a_closer_sound_than_random_search_with_the_same_budget(strategy):
    settings = {"iterations": 60, "population": 24}
    found = search(strategy, **settings).run(PROMPTS, KEY)
    by_chance = search("random", **settings).run(PROMPTS, KEY)
    assert (found.score > by_chance.score).all()


def test_what_is_scored_is_what_is_handed_back(reference):
    np.testing.assert_allclose(reference.score, reference.history.best[-1], atol=1e-5)
    synth, scorer = TwoTones(), Resemblance()
    again = synth.render(jnp.asarray(reference.theta))
    np.testing.assert_allclose(reference.audio, again, atol=1e-5)
    alone = scorer.score(scorer.target(PROMPTS), reference.audio[:, None], 4000.0)
    np.testing.assert_allclose(reference.score, alone[:, 0], atol=1e-5)


def test_what_is_handed_back_does_not_depend_on_the_prompts_beside_it(reference):
    loop = search()._generations
    theta, target = jnp.asarray(reference.theta), Resemblance().target(PROMPTS)
    audio, score = loop.evaluate(theta, target)
    alone = loop.evaluate(theta[1:2], jax.tree.map(lambda leaf: leaf[1:2], target))
    np.testing.assert_array_equal(alone[0][0], audio[1])
    np.testing.assert_array_equal(alone[1][0], score[1])


@pytest.mark.parametrize(("iterations", "brief"), [(300, True), (3_000, False)])
def test_only_a_long_search_is_worth_optimising(iterations, brief):
    """16 sounds of 400 samples a generation: 1.9 or 19 million samples a prompt."""
    options = search(iterations=iterations)._generations._compiler_options()
    assert ("xla_backend_optimization_level" in options) == brief


def test_the_history_is_of_every_generation(reference):
    history = reference.history
    assert len(history) == 25
    assert history.best.shape == (25, 3)
    np.testing.assert_array_equal(history.best, np.maximum.accumulate(history.generation_best))
    assert (history.generation_best >= history.mean).all()
    assert (history.std > 0).all()
    assert (history.failed == 0).all()


def test_the_same_key_gives_the_same_and_another_key_another(reference):
    same(reference, search().run(PROMPTS, KEY))
    other = search(iterations=3).run(PROMPTS, jax.random.PRNGKey(6))
    assert not np.allclose(other.history.mean[0], reference.history.mean[0])


def test_typed_keys_do_as_well(reference):
    same(reference, search().run(PROMPTS, jax.random.wrap_key_data(KEY)))


@pytest.mark.parametrize("chunk_generations", [1, 7, 100])
def test_the_result_does_not_depend_on_how_many_generations_a_call_makes(
    reference, chunk_generations
):
    result = search(chunk_generations=chunk_generations).run(PROMPTS, KEY)
    np.testing.assert_allclose(result.history.best, reference.history.best, atol=1e-5)
    np.testing.assert_allclose(result.theta, reference.theta, atol=1e-4)


# Learned strategies amplify the rounding of another compilation: few generations for them.
@pytest.mark.parametrize(
    ("strategy", "iterations"), [("random", 25), ("simple_ga", 25), ("les", 5), ("cma_es", 5)]
)
def test_the_result_does_not_depend_on_the_prompts_beside_it(strategy, iterations):
    settings = search(strategy, iterations=iterations)
    together = settings.run(PROMPTS, KEY)
    alone = settings.run(PROMPTS[1:2], KEY)
    np.testing.assert_allclose(alone.history.best[:, 0], together.history.best[:, 1], atol=1e-3)
    np.testing.assert_allclose(alone.theta[0], together.theta[1], atol=1e-3)
    backwards = settings.run(PROMPTS[::-1], KEY)
    np.testing.assert_allclose(backwards.theta[::-1], together.theta, atol=1e-3)


def test_a_prompt_given_twice_is_searched_for_twice():
    result = search().run(["bell", "bell"], KEY)
    assert not np.allclose(result.theta[0], result.theta[1], atol=1e-3)
    alone = search(iterations=2).run(["bell"], KEY)
    np.testing.assert_allclose(alone.history.mean[:, 0], result.history.mean[:2, 0], atol=1e-3)


@pytest.mark.parametrize("chunk_samples", [1, 400 * 5, 400 * 16, 400 * 33, 2**30])
def test_memory_is_bounded_without_changing_the_result(by_rank, chunk_samples):
    result = search("simple_ga", chunk_samples=chunk_samples, iterations=10).run(PROMPTS, KEY)
    np.testing.assert_allclose(result.history.mean, by_rank.history.mean, atol=1e-3)
    np.testing.assert_allclose(result.audio, by_rank.audio, atol=1e-3)


@pytest.mark.parametrize("n_prompts", [1, 3, 7, 50])
@pytest.mark.parametrize("population", [2, 16, 50])
@pytest.mark.parametrize("most", [1, 10, 60, 400, 10**6])
def test_blocks_stay_within_the_budget_and_cover_everything(n_prompts, population, most):
    prompts, sounds = block_shape(n_prompts, population, 100, most * 100)
    assert prompts * sounds <= max(most, 1)
    assert 1 <= prompts <= n_prompts
    assert 1 <= sounds <= population
    assert prompts == 1 or sounds == population


def test_nothing_is_copied_between_host_and_device_within_a_chunk(reference):
    loop = search()._generations
    keys = jax.random.split(KEY, 3)
    target = Resemblance().target(PROMPTS)
    state, count = loop.start(keys), jnp.int32(10)
    advance = loop.prepare(keys, state, target)
    state, figures = advance(state, count)
    assert isinstance(figures.best, jax.Array)
    # The guard that `advance` sets would have caught it.
    with (
        jax.transfer_guard("disallow"),
        pytest.raises(jax.errors.JaxRuntimeError, match="transfer"),
    ):
        jax.jit(jnp.square)(np.int32(10))


@pytest.mark.parametrize("stop_after", [1, 2])
def test_an_interrupted_search_goes_on_bit_for_bit(reference, tmp_path, stop_after):
    store = Checkpoints(tmp_path)

    class Interrupted(Exception):
        pass

    def interrupt(report):
        if report.generation >= 10 * stop_after:
            raise Interrupted

    with pytest.raises(Interrupted):
        search().run(PROMPTS, KEY, interrupt, save=lambda state: store.save("search", state))
    seen = []
    result = search().run(
        PROMPTS, KEY, lambda r: seen.append((r.generation, r.new)), saved=store.load("search")
    )
    assert seen[0] == (10 * stop_after, 0)
    assert seen[-1][0] == 25
    assert sum(new for _, new in seen) == 25 - 10 * stop_after
    same(result, reference)


def test_a_finished_search_is_taken_up_without_another_generation(reference):
    saved = []
    search().run(PROMPTS, KEY, save=saved.append)
    same(reference, search().run(PROMPTS, KEY, saved=saved[-1]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompts": ["siren", "bell"]}, "prompts="),
        ({"key": jax.random.PRNGKey(9)}, "keys="),
        ({"strategy": "des"}, "strategy="),
        ({"population": 18}, "population="),
    ],
)
def test_a_stored_search_of_other_settings_is_refused(change, message):
    saved = []
    search(iterations=2).run(PROMPTS, KEY, save=saved.append)
    json.dumps(saved[-1]["identity"])
    other = search(change.get("strategy", "les"), population=change.get("population", 16))
    with pytest.raises(ValueError, match=f"the stored search has {message}"):
        other.run(change.get("prompts", PROMPTS), change.get("key", KEY), saved=saved[-1])


@pytest.mark.parametrize("strategy", ["les", "pso", "cma_es"])
def test_sounds_that_fail_are_counted_and_never_kept(strategy):
    scorer = Resemblance(fails_above=0.12)
    result = search(strategy, scorer).run(PROMPTS, KEY)
    assert result.history.failed[0].sum() > 0
    assert np.isfinite(result.score).all()
    assert np.isfinite(result.theta).all()
    assert (np.sqrt((result.audio**2).mean(axis=1)) <= 0.12 + 1e-6).all()


def test_a_scorer_that_fails_on_everything_is_told_at_once():
    with pytest.raises(ValueError, match="no finite score to any of the 160 sounds of 3 prompts"):
        search(scorer=Resemblance(fails_above=-1.0)).run(PROMPTS, KEY)


@pytest.mark.parametrize("chunk_samples", [400 * 16, 2**30])
def test_a_scorer_of_another_framework_finds_the_same(by_rank, chunk_samples):
    settings = {"iterations": 10, "chunk_samples": chunk_samples}
    result = search("simple_ga", Untraceable(), **settings).run(PROMPTS, KEY)
    np.testing.assert_allclose(result.history.mean, by_rank.history.mean, atol=1e-3)
    np.testing.assert_allclose(result.audio, by_rank.audio, atol=1e-3)


def test_around_a_scorer_of_another_framework_nothing_is_compiled_twice():
    loop = search("simple_ga", Untraceable())._generations
    keys = prompt_keys(KEY, PROMPTS)
    target = loop.scorer.target(PROMPTS)
    state = loop.start(keys)
    advance = loop.prepare(keys, state, target)
    for _ in range(3):
        state, _ = advance(state, jnp.int32(1))
    for part in (loop._jit_ask, loop._jit_render, loop._jit_tell):
        assert part._cache_size() == 1


def test_progress_is_told_after_every_chunk():
    reports = []
    search(chunk_generations=10).run(PROMPTS, KEY, reports.append)
    assert [(r.generation, r.new) for r in reports] == [(10, 10), (20, 10), (25, 5)]
    assert all(r.best.shape == (3,) for r in reports)


@pytest.mark.parametrize("field", ["iterations", "population", "chunk_generations"])
def test_sizes_must_be_positive(field):
    with pytest.raises(ValueError, match=f"{field}=0"):
        dataclasses.replace(search(), **{field: 0})


def test_no_prompts_is_an_error():
    with pytest.raises(ValueError, match="at least one prompt"):
        search().run([], KEY)
    with pytest.raises(ValueError, match="3 prompts and 2 names"):
        search().run(PROMPTS, KEY, names=["a", "b"])


def test_random_keys_are_made_from_names_where_there_are_any():
    def first_mean(prompts, **settings):
        return search(iterations=1).run(prompts, KEY, **settings).history.mean[0, 0]

    assert first_mean(["bell"], names=["target"]) == first_mean(["bell"], names=["target"])
    assert first_mean(["bell"], names=["target"]) != first_mean(["bell"])
