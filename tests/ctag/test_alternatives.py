"""Quality-diversity search: what a grid keeps, that it is filled, and that it goes on the same."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ctag.alternatives.archive import Elites, Grid, QualityDiversity, folded
from ctag.alternatives.behaviour import Axis, behaviour_of
from ctag.alternatives.explore import Exploration
from ctag.scorers.acoustic.descriptors import describe
from ctag.strategies.bounds import reflect
from ctag.strategies.registry import strategy_named
from scripts.jobs.alternatives.report import spread_out
from tests.ctag.stand_in import TwoTones

AXES = (Axis("brightness", 100, 1600, 4), Axis("activity", 0.0, 1.0, 5))


def test_cells_are_of_equal_width_on_the_curve():
    np.testing.assert_allclose(AXES[0].edges(), [100, 200, 400, 800, 1600], rtol=1e-6)
    np.testing.assert_allclose(AXES[1].edges(), [0, 0.2, 0.4, 0.6, 0.8, 1.0], atol=1e-9)


@pytest.mark.slow
def test_a_sine_is_as_bright_as_its_frequency_says():
    time = np.arange(8000) / 8000
    waves = np.stack([np.sin(2 * np.pi * f * time) for f in (150, 300, 700)]).astype(np.float32)
    place = np.asarray(behaviour_of(describe(jnp.asarray(waves), 8000.0), AXES))
    low, high = AXES[0].ends
    cells = np.floor(4 * (place[:, 0] - low) / (high - low))
    assert cells.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("brigtness", 1, 2, 3), "did you mean brightness"),
        (("brightness", 2, 1, 3), "low must be below high"),
        (("brightness", 1, 2, 0), "must be a cell"),
        (("brightness", 1, 2, 3), "one value for it"),
    ],
)
def test_an_axis_that_means_nothing_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Axis(*wrong)


def place(*shares):
    """Behaviours at these shares of the axes, in the middle of cells."""
    ends = [axis.ends for axis in AXES]
    return np.array(
        [[low + s * (high - low) for s, (low, high) in zip(p, ends, strict=True)] for p in shares]
    )


def test_a_grid_keeps_the_best_sound_of_each_cell_and_nothing_that_failed():
    grid = Grid(AXES, 2, floor=0.0)
    theta = np.array([[0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [0.4, 0.4], [0.5, 0.5], [0.6, 0.6]])
    score = np.array([0.5, 0.7, 0.6, np.nan, 0.9, -0.1])
    where = place((0.1, 0.1), (0.1, 0.1), (0.9, 0.9), (0.6, 0.1), (0.3, 0.3), (0.6, 0.5))
    where[4, 1] = np.nan
    grid.add(theta, score, where)
    elites = grid.elites()
    assert elites.cell.tolist() == [[0, 0], [3, 4]]
    np.testing.assert_allclose(elites.score, [0.7, 0.6])
    np.testing.assert_allclose(elites.theta, [[0.2, 0.2], [0.3, 0.3]])
    filled = grid.filled()
    assert filled.coverage == pytest.approx(2 / 20)
    assert filled.qd_score == pytest.approx(1.3 / 20)
    assert filled.best == pytest.approx(0.7)


def test_an_empty_grid_is_empty():
    grid = Grid(AXES, 2, floor=-1.0)
    assert grid.filled() == (0.0, 0.0, -1.0)
    assert grid.elites().theta.shape == (0, 2)


def test_points_are_folded_as_the_walls_of_the_other_strategies_reflect():
    points = np.random.default_rng(0).uniform(-3, 3, (50, 4)).astype(np.float32)
    np.testing.assert_allclose(folded(points), reflect(jnp.asarray(points)), atol=1e-6)


def illuminated(seed=(1,), generations=40, settings=None):
    """Fill a grid over two of six parameters; the score wants the others at 0.8."""
    search = (settings or QualityDiversity()).start(AXES, 6, 20, 0.0, seed)
    for _ in range(generations):
        theta = search.ask()
        score = 1 - np.abs(theta[:, 2:] - 0.8).mean(1)
        search.tell(score, place(*theta[:, :2].tolist()))
    return search.grid


@pytest.mark.slow
def test_it_fills_the_grid_with_better_sounds_than_chance_does():
    found, chance = illuminated(), Grid(AXES, 6, 0.0)
    theta = np.random.default_rng(2).uniform(size=(800, 6))
    chance.add(theta, 1 - np.abs(theta[:, 2:] - 0.8).mean(1), place(*theta[:, :2].tolist()))
    assert found.filled().coverage > 0.9
    assert found.filled().qd_score > chance.filled().qd_score
    assert found.filled().best > chance.filled().best


@pytest.mark.slow
def test_a_cell_never_gets_worse():
    search = QualityDiversity().start(AXES, 6, 20, 0.0, (3,))
    best = np.zeros((4, 5))
    for _ in range(15):
        theta = search.ask()
        score = 1 - np.abs(theta[:, 2:] - 0.8).mean(1)
        search.tell(score, place(*theta[:, :2].tolist()))
        now = np.zeros((4, 5))
        elites = search.grid.elites()
        now[tuple(elites.cell.T)] = elites.score
        assert (now >= best).all()
        best = now


def test_its_seed_decides_everything():
    first, again, other = illuminated(), illuminated(), illuminated((2,))
    np.testing.assert_array_equal(first.elites().theta, again.elites().theta)
    assert not np.array_equal(first.elites().theta[:1], other.elites().theta[:1])


@pytest.mark.parametrize("settings", [{"emitters": 0}, {"elites_share": 1.0}])
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        QualityDiversity(**settings)


def test_a_population_too_small_for_its_emitters_is_refused():
    with pytest.raises(ValueError, match="population=4"):
        QualityDiversity(emitters=3, elites_share=0.0).start(AXES, 6, 4, 0.0, (1,))


@dataclass(frozen=True)
class Level:
    """Likes a level; two prompts want two."""

    sample_rate: float | None = None

    def target(self, prompts):
        return 0.1 * jnp.arange(1, len(prompts) + 1)

    def score(self, target, audio, sample_rate):
        return 1 - jnp.abs(jnp.sqrt(jnp.mean(audio**2, axis=-1)) - target[:, None])


@pytest.mark.slow
def test_an_interrupted_exploration_goes_on_to_the_same_and_both_searches_try_as_many():
    def explore(**more):
        exploration = Exploration(
            TwoTones(), Level(), AXES, QualityDiversity(), strategy_named("les"), 5, 8, 0.0, 2
        )
        return exploration.run(["a", "b"], jax.random.PRNGKey(1), **more)

    states, seen = [], []
    whole = explore(save=states.append, progress=lambda done, filled: seen.append(done))
    assert seen == [2, 4, 5]
    assert [state["told"].shape for state in states] == [(g, 2, 16, 3) for g in (2, 4, 5)]
    again = explore(saved=states[0])
    for one, other in zip(
        [*whole.elites, *whole.beside], [*again.elites, *again.beside], strict=True
    ):
        for left, right in zip(one, other, strict=True):
            np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(whole.filled, again.filled)
    assert whole.filled.shape == whole.filled_beside.shape == (5, 2, 3)
    assert (np.diff(whole.filled, axis=0) >= -1e-12).all()
    for place_, elites in enumerate(whole.elites):
        sounds = TwoTones().render(jnp.asarray(elites.theta))
        level = jnp.sqrt(jnp.mean(sounds**2, axis=-1))
        expected = 1 - jnp.abs(level - 0.1 * (place_ + 1))
        np.testing.assert_allclose(elites.score, expected, atol=1e-5)


def test_shown_sounds_are_spread_over_the_grid_and_hold_the_best():
    cell = np.array([[0, 0], [0, 1], [5, 5], [9, 9], [9, 8]])
    score = np.array([0.1, 0.9, 0.5, 0.4, 0.8], np.float32)
    elites = Elites(cell, np.zeros((5, 2), np.float32), score)
    assert spread_out(elites, 2).tolist() == [1, 3]
    assert spread_out(elites, 3).tolist() == [1, 2, 3]
    assert spread_out(elites, 50).tolist() == [0, 1, 2, 3, 4]
    empty = Elites(cell[:0], np.zeros((0, 2), np.float32), score[:0])
    assert spread_out(empty, 3).tolist() == []
