"""The strategies of the paper with evosax's own settings, before anybody tuned them."""

from dataclasses import replace
from functools import singledispatch

from ctag.strategies.base import Strategy
from ctag.strategies.by_name import Evosax
from ctag.strategies.published import (
    CovarianceMatrix,
    Discovered,
    Learned,
    ParticleSwarm,
    RandomSampling,
    SimpleGenetic,
)


@singledispatch
def untuned(strategy: Strategy) -> Strategy:
    """The same algorithm with the hyperparameters that evosax 0.3 gives it.

    Bounds and where a mean begins are ours and stay, evosax having neither. Its first spread is 1,
    which in a box 1 wide puts most first points on the faces; its DES takes Adam's steps of 0.001.

    Raises:
        ValueError: there are no such settings for this class.
    """
    raise ValueError(
        f"evosax has no settings for a {type(strategy).__name__}: untuned are the six strategies "
        "of the paper, and any algorithm of evosax by its name"
    )


@untuned.register
def _(strategy: RandomSampling) -> Strategy:
    return strategy


@untuned.register
def _(strategy: SimpleGenetic) -> Strategy:
    return Evosax("SimpleGA", std_init=None, learning_rate=None, bounds=strategy.bounds)


@untuned.register
def _(strategy: CovarianceMatrix | Learned | Discovered) -> Strategy:
    return Evosax(
        _NAMES[type(strategy)],
        std_init=None,
        learning_rate=None,
        start_at=strategy.start_at,
        bounds=strategy.bounds,
    )


@untuned.register
def _(strategy: ParticleSwarm) -> Strategy:
    return Evosax("PSO", std_init=None, learning_rate=None, bounds=strategy.bounds)


@untuned.register
def _(strategy: Evosax) -> Strategy:
    return replace(strategy, std_init=None, learning_rate=None, params={}, options={})


_NAMES: dict[type, str] = {CovarianceMatrix: "CMA_ES", Learned: "LES", Discovered: "DES"}
