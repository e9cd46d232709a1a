"""Pairs: their law, their places, and that nobody makes another's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from scipy import stats

from doppel.pairs import FixedPairs, SyntheticPairs, draw_pairs
from doppel.perturbation import Isotropic, Perturbation
from synth.config import SynthConfig
from synth.synth import OneOsc, ShapedNoise

CONFIG = SynthConfig(sample_rate=8000, buffer_size_seconds=0.1)
ONE, NOISE = OneOsc(CONFIG), ShapedNoise(CONFIG)
SIZE = 64  # of most batches: one compiled program, which tests of sets of sounds use too


def drawn(delta, n=4000, n_params=6):
    keys = jax.random.split(jax.random.key(0), n)
    made = draw_pairs(keys, n_params, delta, Isotropic())
    return [np.asarray(x, np.float64) for x in made[:3]]


def test_patches_are_uniform_and_independent():
    theta, _, _ = drawn(0.25)
    for column in theta.T:
        assert stats.kstest(column, "uniform").pvalue > 1e-4
    correlation = np.corrcoef(theta.T) - np.eye(theta.shape[1])
    assert np.abs(correlation).max() < 4.5 / np.sqrt(len(theta))


@pytest.mark.parametrize("delta", [0.01, 0.25])
def test_views_lie_around_the_patch_as_a_clipped_gaussian(delta):
    theta, first, second = drawn(delta)
    for view in (first, second):
        # In a patch's middle nothing is clipped within four deviations, at the small delta.
        assert view.min() >= 0
        assert view.max() <= 1
        below = stats.norm.cdf((0 - theta) / delta)
        above = stats.norm.sf((1 - theta) / delta)
        assert (view == 0).mean() == pytest.approx(below.mean(), abs=0.005)
        assert (view == 1).mean() == pytest.approx(above.mean(), abs=0.005)
        inside = (view > 0) & (view < 1)
        # What was not clipped, mapped by its truncated law, is uniform.
        place = stats.norm.cdf((view - theta) / delta)
        share = ((place - below) / (1 - below - above))[inside]
        assert stats.kstest(share, "uniform").pvalue > 1e-4


def test_the_two_views_move_independently():
    theta, first, second = drawn(0.02)
    middle = (theta > 0.2) & (theta < 0.8)
    moves = ((first - theta)[middle], (second - theta)[middle])
    assert abs(np.corrcoef(*moves)[0, 1]) < 4.5 / np.sqrt(middle.sum())


def test_no_distance_gives_the_same_sound_twice_but_for_its_noise():
    silent = SyntheticPairs(ONE, delta=0.0, batch_size=SIZE).batch(0, 0)
    np.testing.assert_array_equal(silent.first, silent.second)
    heard = {}
    for noise in ("sound", "pair", "fixed"):
        pairs = SyntheticPairs(NOISE, delta=0.0, batch_size=SIZE, noise=noise).batch(0, 0)
        loud = np.abs(np.asarray(pairs.first)).max(1) > 1e-3
        assert loud.any()
        heard[noise] = (np.asarray(pairs.first)[loud], np.asarray(pairs.second)[loud])
    assert not (heard["sound"][0] == heard["sound"][1]).all(1).any()
    np.testing.assert_array_equal(*heard["pair"])
    np.testing.assert_array_equal(*heard["fixed"])
    assert not np.array_equal(heard["pair"][0], heard["fixed"][0])


def test_nobody_ever_makes_the_same_pair():
    """Ranks, epochs, steps and the fixed set: 1,984 pairs, all different, by patch and by sound."""
    patches, sounds = [], []
    for rank in range(3):
        source = SyntheticPairs(ONE, batch_size=SIZE, rank=rank)
        for epoch in range(2):
            for step in range(5):
                made = source.batch(epoch, step)
                patches.append(np.asarray(made.parameters.theta))
                sounds.append(np.asarray(made.first))
    for start in range(0, 64, SIZE):
        made = FixedPairs(ONE, n=64).pairs(range(start, start + SIZE))
        patches.append(np.asarray(made.parameters.theta))
    patches = np.concatenate(patches)
    assert len(patches) == 1984
    assert len(np.unique(patches, axis=0)) == len(patches)
    sounds = np.concatenate(sounds)
    loud = np.abs(sounds).max(1) > 1e-3
    assert len(np.unique(sounds[loud], axis=0)) == loud.sum()


def test_a_stream_goes_on_where_it_was_left():
    source = SyntheticPairs(ONE, seed=5, batch_size=SIZE)
    whole = source.stream(steps_per_epoch=3)
    firsts = [np.asarray(next(whole).first) for _ in range(8)]
    resumed = SyntheticPairs(ONE, seed=5, batch_size=SIZE).stream(3, epoch=1, step=2)
    for expected in firsts[5:]:
        np.testing.assert_array_equal(np.asarray(next(resumed).first), expected)
    assert len(np.unique(np.concatenate(firsts), axis=0)) > 7 * SIZE, "each batch is new"
    with pytest.raises(ValueError, match="a step of its 3 are needed"):
        next(source.stream(3, step=3))


def test_seeds_make_different_pairs_and_the_same_seed_the_same():
    def thetas(seed):
        return np.asarray(
            SyntheticPairs(ONE, seed=seed, batch_size=SIZE).batch(0, 0).parameters.theta
        )

    np.testing.assert_array_equal(thetas(1), thetas(1))
    assert not np.array_equal(thetas(1), thetas(2))


def test_a_fixed_pair_depends_on_its_number_alone():
    source = FixedPairs(NOISE, n=90, seed=1)
    together, others = source.pairs(range(SIZE)), source.pairs([7, *range(8, 7 + SIZE)])
    for view in (0, 1):
        np.testing.assert_array_equal(together[view][7], others[view][0])
    longer = FixedPairs(NOISE, n=500, seed=1)
    np.testing.assert_array_equal(longer.pairs(range(SIZE)).second, together.second)
    with pytest.raises(IndexError, match="pairs 0 to 90 of 90"):
        source.pairs([0, 90])


def test_delta_may_change_from_step_to_step():
    source = SyntheticPairs(ONE, delta=0.25, batch_size=SIZE)
    near, far = source.batch(0, 0, delta=0.01).parameters, source.batch(0, 0).parameters
    np.testing.assert_array_equal(near.theta, far.theta)
    spread = [float(np.abs(p.first - p.theta).mean()) for p in (near, far)]
    assert spread[0] == pytest.approx(0.01 * np.sqrt(2 / np.pi), rel=0.15)
    assert spread[1] > 10 * spread[0]


def test_any_perturbation_of_the_same_kind_can_be_given():
    class Down:
        def __call__(self, theta, key, delta):
            return jnp.maximum(theta - delta, 0.0)

    down = Down()
    assert isinstance(down, Perturbation)
    made = SyntheticPairs(ONE, delta=0.5, batch_size=SIZE, perturbation=down).batch(0, 0).parameters
    np.testing.assert_allclose(made.first, np.maximum(made.theta - 0.5, 0), atol=1e-7)


def test_torch_sees_the_same_memory():
    pairs = SyntheticPairs(ONE, batch_size=SIZE).batch(0, 0)
    first, second = pairs.to_torch()
    assert first.shape == second.shape == (SIZE, ONE.n_samples)
    assert first.dtype == torch.float32
    assert first.data_ptr() == pairs.first.unsafe_buffer_pointer()
    np.testing.assert_array_equal(second.numpy(), pairs.second)


def test_wrong_settings_are_refused():
    for settings, message in (
        ({"delta": -0.1}, "delta must be 0 or more, got -0.1"),
        ({"delta": float("nan")}, "delta must be 0 or more, got nan"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"rank": -1}, "rank at least 0"),
    ):
        with pytest.raises(ValueError, match=message):
            SyntheticPairs(ONE, **settings)
    with pytest.raises(ValueError, match="at least 1 pair, got n = 0"):
        FixedPairs(ONE, n=0)
