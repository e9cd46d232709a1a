"""Untuned strategies are evosax's algorithms with the settings that evosax gives them."""

from dataclasses import dataclass

import jax
import numpy as np
import pytest
from evosax.algorithms import CMA_ES, PSO, DiscoveredES, LearnedES, SimpleGA

from ctag.strategies.base import AskTell
from ctag.strategies.by_name import Evosax
from ctag.strategies.published import (
    CovarianceMatrix,
    Discovered,
    Learned,
    ParticleSwarm,
    RandomSampling,
    SimpleGenetic,
)
from ctag.strategies.untuned import untuned

ALGORITHMS = {
    SimpleGenetic: SimpleGA,
    CovarianceMatrix: CMA_ES,
    ParticleSwarm: PSO,
    Learned: LearnedES,
    Discovered: DiscoveredES,
}


@pytest.mark.parametrize("ours", ALGORITHMS)
def test_the_settings_are_those_that_evosax_has_by_itself(ours):
    started = untuned(ours()).start(5, 8)
    theirs = ALGORITHMS[ours](8, np.zeros(5))
    assert type(started.algorithm) is type(theirs)
    assert started.algorithm.elite_ratio == theirs.elite_ratio
    jax.tree.map(np.testing.assert_array_equal, started.params, theirs.default_params)
    assert started.bounds == ours().bounds


def test_chance_has_no_settings_and_an_algorithm_by_name_loses_those_given():
    assert untuned(RandomSampling()) == RandomSampling()
    given = Evosax("SNES", params={"lr_std_init": 0.5})
    assert untuned(given) == Evosax("SNES", std_init=None, learning_rate=None)


@dataclass(frozen=True)
class Own:
    """A strategy of somebody's own."""

    def start(self, n_params: int, population: int) -> AskTell:
        raise NotImplementedError


def test_a_strategy_that_evosax_does_not_know_is_named():
    with pytest.raises(ValueError, match="no settings for a Own"):
        untuned(Own())
