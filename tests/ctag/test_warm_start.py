"""Warm starts: the cache, vectors of texts, the predictor, and searches that begin at a point."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ctag.locks import locked
from ctag.scorers.acoustic import AcousticScorer
from ctag.scorers.classes import ClassScorer
from ctag.scorers.text_audio import TextAudioScorer
from ctag.search import Search, WarmStart
from ctag.strategies.registry import strategy_named
from ctag.warm_start.cache import Cache, Solution
from ctag.warm_start.predictor import Predictor
from ctag.warm_start.spaces import DescriptorSpace
from ctag.warm_start.texts import Profiles, Spelling
from scripts.jobs.warm_start.report import first_reached
from scripts.jobs.warm_start.seeds import filled_up, ways_for
from tests.ctag.scorers.test_networks import Levels, Three
from tests.ctag.stand_in import Resemblance, TwoTones, parameters_of
from tests.ctag.test_locks import Tones

KEY = jax.random.PRNGKey(5)
PROMPTS = ["siren", "bell"]


def a_cache(folder, synth="s", scorer="a"):
    return Cache(folder, synth, scorer, Spelling(256))


def solution(prompt, value=0.5, score=0.1):
    return Solution(prompt, np.full(3, value, np.float32), score)


def test_the_cache_gives_the_most_similar_prompt_first(tmp_path):
    cache = a_cache(tmp_path)
    cache.add([solution("church bell", 0.1), solution("barking dog", 0.2), solution("rain", 0.3)])
    (row,) = cache.nearest(["bicycle bell"], 2)
    assert row[0].prompt == "church bell"
    np.testing.assert_array_equal(row[0].theta, np.float32([0.1, 0.1, 0.1]))
    assert len(row) == 2
    (row,) = cache.nearest(["rain"], 3, without_same=True)
    assert "rain" not in [known.prompt for known in row]


def test_the_cache_gives_the_best_solution_of_a_prompt_and_keeps_them_all(tmp_path):
    cache = a_cache(tmp_path)
    cache.add([solution("rain", 0.1, 0.3), solution("rain", 0.2, 0.7), solution("rain", 0.3, 0.5)])
    cache.add([solution("rain", 0.2, 0.7)])
    assert [known.score for known, _ in cache.solutions()] == [0.7, 0.5, 0.3]
    assert cache.nearest(["rain"], 5)[0][0].score == 0.7
    assert len(cache.nearest(["rain"], 5)[0]) == 1


def test_solutions_of_another_synth_or_scorer_are_not_seen(tmp_path):
    a_cache(tmp_path).add([solution("rain")])
    assert a_cache(tmp_path, synth="t").nearest(["rain"], 1) == [[]]
    assert a_cache(tmp_path, scorer="b").nearest(["rain"], 1) == [[]]
    assert len(a_cache(tmp_path).nearest(["rain"], 1)[0]) == 1


def test_a_damaged_file_and_an_empty_folder_do_no_harm(tmp_path):
    cache = a_cache(tmp_path / "none")
    assert cache.nearest(["rain"], 1) == [[]]
    cache.add([])
    cache.add([solution("rain")])
    (tmp_path / "none" / "x.solved.npz").write_bytes(b"half of a fi")
    assert len(cache.solutions()) == 1


def test_several_writers_at_once_lose_nothing(tmp_path):
    def write(number):
        a_cache(tmp_path).add([solution(f"prompt {i}", i / 20) for i in range(number, number + 6)])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(0, 12, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {known.prompt for known, _ in a_cache(tmp_path).solutions()} == {
        f"prompt {i}" for i in range(15)
    }
    assert not [path for path in tmp_path.iterdir() if not path.name.endswith(".solved.npz")]


@pytest.mark.parametrize("texts", [Spelling(), Profiles()])
def test_vectors_of_texts_have_length_one_and_like_ones_lie_near(texts):
    vectors = texts.vectors(["rain", "heavy rain", "siren"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


@pytest.mark.slow
def test_a_predictor_learns_both_answers_and_not_their_average():
    """A vector x comes from theta = x and from theta = 1 - x alike."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 0.35, (2000, 1)).astype(np.float32)
    theta = np.where(rng.random((2000, 1)) < 0.5, x, 1 - x).astype(np.float32)
    fitted = Predictor(2, 32, 600, 128, 5e-3, 0.0).fit(x, theta, KEY)
    wanted = np.array([[0.1], [0.3]], np.float32)
    found = np.sort(fitted.predicted(wanted, np.ones_like(wanted))[..., 0], axis=1)
    np.testing.assert_allclose(found, [[0.1, 0.9], [0.3, 0.7]], atol=0.08)


def test_the_best_liked_patches_come_first_and_broken_sounds_are_left_out():
    vectors = np.array([[0, 5], [1, 0], [np.nan, 0], [3, 1]], np.float32)
    theta = np.arange(4, dtype=np.float32)[:, None] / 10
    fitted = Predictor(steps=1).fit(vectors, theta, KEY)
    best = fitted.best(fitted.vectors.T, 2)
    np.testing.assert_allclose(best[..., 0], [[0.3, 0.1], [0.0, 0.3]])


PAIRS = [
    (TextAudioScorer(Levels()), ["right", "up"]),
    (ClassScorer(Three()), ["dog", "sneeze"]),
    (AcousticScorer(), ["siren", "rain"]),
]


@pytest.mark.parametrize(("scorer", "prompts"), PAIRS)
def test_sounds_of_a_pool_are_liked_as_the_scorer_likes_them(scorer, prompts):
    space = ways_for(scorer).space
    audio = jax.random.uniform(KEY, (6, 4000), minval=0.05, maxval=0.9).at[4, 7].set(jnp.nan)
    vectors = space.of_sounds(audio, 8000.0)
    assert np.isnan(vectors[4]).any()
    whole = np.delete(np.arange(6), 4)
    each = jnp.broadcast_to(audio, (2, *audio.shape))
    expected = np.asarray(scorer.score(scorer.target(prompts), each, 8000.0))[:, whole]
    liking = space.liking(vectors[whole], prompts)
    np.testing.assert_allclose(liking, expected, rtol=1e-4, atol=1e-6)
    wanted = space.of_prompts(prompts)
    assert wanted.vector.shape == wanted.weight.shape == (2, vectors.shape[1])


def test_a_pool_without_a_finite_vector_is_refused():
    with pytest.raises(ValueError, match="none of the 2 sounds"):
        Predictor().fit(np.full((2, 1), np.nan, np.float32), np.zeros((2, 1), np.float32), KEY)


def test_what_is_wanted_lies_where_the_best_sound_would():
    """A sound exactly there scores nearly 1 wherever goals are closed or have one end."""
    from ctag.scorers.acoustic.fit import distance

    prompts = ["siren", "rain", "church bell"]
    space = DescriptorSpace()
    wanted, fit = space.of_prompts(prompts), space.scorer.target(prompts)
    steps = np.asarray(distance(fit, jnp.asarray(wanted.vector)))
    assert (steps[wanted.weight > 0] < 0.36).all()


def a_search(strategy="les", **more):
    more = {"iterations": 3, "population": 12} | more
    return Search(TwoTones(), strategy_named(strategy), Resemblance(), **more)


def right(prompts=PROMPTS):
    return np.stack([parameters_of(p) for p in prompts]).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["les", "cma_es", "simple_ga", "pso"])
def test_a_search_that_begins_at_the_answer_has_it_at_once(strategy):
    seeds = np.stack([np.full((2, 6), 0.9, np.float32), right()], axis=1)
    warm = a_search(strategy).run(PROMPTS, KEY, warm=WarmStart(seeds, 0.02))
    np.testing.assert_allclose(warm.history.best[0], 0, atol=1e-4)
    np.testing.assert_array_equal(warm.theta, right())
    cold = a_search(strategy).run(PROMPTS, KEY)
    # A distribution's whole first generation lies near, too; a population is made of all seeds.
    if strategy in ("les", "cma_es"):
        assert (warm.history.mean[0] > cold.history.mean[0] + 0.1).all()


@pytest.mark.slow
def test_a_warm_start_of_another_kind_is_not_taken_up():
    states = []
    seeds = right()[:, None]
    whole = a_search(chunk_generations=1).run(
        PROMPTS, KEY, warm=WarmStart(seeds, 0.1), save=states.append
    )
    again = a_search().run(PROMPTS, KEY, warm=WarmStart(seeds, 0.1), saved=states[0])
    np.testing.assert_array_equal(again.theta, whole.theta)
    np.testing.assert_allclose(again.history.best, whole.history.best, atol=1e-6)
    with pytest.raises(ValueError, match="warm"):
        a_search().run(PROMPTS, KEY, saved=states[0])
    with pytest.raises(ValueError, match="warm"):
        a_search().run(PROMPTS, KEY, warm=WarmStart(seeds + 0.01, 0.1), saved=states[0])


@pytest.mark.parametrize("shape", [(3, 1, 6), (2, 0, 6), (2, 6)])
def test_seeds_of_a_wrong_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"points to begin at"):
        a_search().run(PROMPTS, KEY, warm=WarmStart(np.zeros(shape, np.float32)))


@pytest.mark.slow
def test_a_lock_holds_in_a_warm_search_too():
    lock = {"a": {"level": 0.25, "decay": [3, 6]}}
    search = Search(Tones(), strategy_named("les"), Resemblance(), 2, 6, lock=lock)
    result = search.run(PROMPTS, KEY, warm=WarmStart(right()[:, None]))
    assert (result.theta[:, 1] == 0.25).all()
    box = locked(Tones().parameters, lock)
    inside = np.asarray(box.whole(box.free(jnp.asarray(right()))))
    assert ((result.theta[:, 2] >= 0.1 - 1e-6) & (result.theta[:, 2] <= 0.2 + 1e-6)).all()
    assert (inside[:, 1] == 0.25).all()


def test_generations_until_a_score_are_counted_from_one():
    best = np.array([[0.1, 0.5, 0.0], [0.3, 0.5, 0.1], [0.4, 0.6, 0.2]])
    assert first_reached(best, np.array([0.3, 0.5, 0.3])).tolist() == [2, 1, np.inf]


def test_seeds_are_filled_up_in_turns():
    rows = [np.array([[1.0], [2.0]]), np.array([[3.0]])]
    assert filled_up(rows, 3)[..., 0].tolist() == [[1, 2, 1], [3, 3, 3]]
