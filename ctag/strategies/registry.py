"""Every search strategy by name: the six of the paper, then every algorithm of evosax.

The tests run over this registry, so a strategy is tested by being registered.
"""

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial

from evosax.algorithms import algorithms as EVOSAX_ALGORITHMS

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

# Lower-case names carry the published, tuned hyperparameters.
PUBLISHED: dict[str, Callable[[], Strategy]] = {
    "random": RandomSampling,
    "simple_ga": SimpleGenetic,
    "cma_es": CovarianceMatrix,
    "pso": ParticleSwarm,
    "les": Learned,
    "des": Discovered,
}

# evosax's own names carry its defaults, but for bounds and the starting spread.
STRATEGIES: dict[str, Callable[[], Strategy]] = PUBLISHED | {
    name: partial(Evosax, name) for name in EVOSAX_ALGORITHMS
}


def strategy_named(name: str) -> Strategy:
    """The strategy of that name with its default settings.

    Raises:
        ValueError: the name is not registered; the message suggests the nearest one.
    """
    if name not in STRATEGIES:
        by_lower = {known.lower(): known for known in reversed(STRATEGIES)}
        close = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
        hint = f" (did you mean {by_lower[close[0]]}?)" if close else ""
        raise ValueError(
            f"no search strategy {name!r}{hint}; there are {', '.join(PUBLISHED)}, and evosax's "
            f"{', '.join(sorted(EVOSAX_ALGORITHMS))}"
        )
    return STRATEGIES[name]()
