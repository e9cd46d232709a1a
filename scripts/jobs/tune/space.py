"""What is tuned: the ranges of a strategy's hyperparameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ctag.strategies.base import Strategy
from ctag.strategies.published import (
    CovarianceMatrix,
    Discovered,
    Learned,
    ParticleSwarm,
    SimpleGenetic,
)
from scripts.jobs.tune.values import name_of
from scripts.runtime.errors import UserError

__all__ = ["POPULATION", "Space", "space_of", "with_values"]

POPULATION = "population"

_UNIT = (0.0, 1.0)
# The ranges of the sweeps that were published with CTAG's code. Of elite_ratio, std_init and
# std_decay 0 itself is left out: nobody to breed from, and no spread to search with.
_PUBLISHED: dict[type, dict[str, tuple[float, float]]] = {
    Learned: {"std_init": (0.01, 1.0)},
    Discovered: {
        "std_init": (0.01, 1.0),
        "temperature": (10.0, 30.0),
        "mean_learning_rate": _UNIT,
        "std_learning_rate": _UNIT,
    },
    CovarianceMatrix: {
        "std_init": (0.01, 1.0),
        "elite_ratio": (0.05, 1.0),
        "mean_learning_rate": _UNIT,
    },
    ParticleSwarm: {"inertia": _UNIT, "cognitive": _UNIT, "social": _UNIT},
    SimpleGenetic: {
        "elite_ratio": (0.05, 1.0),
        "crossover_rate": _UNIT,
        "std_init": (0.01, 1.0),
        "std_decay": (0.01, 1.0),
        "std_limit": _UNIT,
    },
}
_WITHOUT_COUNTERPART: dict[type, tuple[str, ...]] = {
    Learned: ("mean_decay",),
    Discovered: ("mean_decay",),
    CovarianceMatrix: ("mean_decay",),
}


@dataclass(frozen=True)
class Space:
    """Ranges of hyperparameters.

    Attributes:
        ranges: low and high of each, by its key in the strategy's node; a dot leads inside
            (`params.crossover_rate` of an evosax algorithm by name).
        without_counterpart: what the paper tuned too and evosax 0.3 does not have.
    """

    ranges: Mapping[str, tuple[float, float]]
    without_counterpart: tuple[str, ...] = ()


def space_of(strategy: Strategy, given: Mapping[str, tuple[float, float]] | None = None) -> Space:
    """The ranges of a strategy's hyperparameters.

    Args:
        strategy: the strategy.
        given: ranges in place of the published ones.

    Raises:
        UserError: none are published for it and none given, or a range is empty.
    """
    ranges = dict(_PUBLISHED.get(type(strategy), {}) if given is None else given)
    if not ranges:
        raise UserError(
            f"nothing is known to tune of {name_of(strategy)}: give ranges of its settings, such "
            "as job.space={std_init: [0.01, 1.0], params.crossover_rate: [0.0, 1.0]}"
        )
    for key, (low, high) in ranges.items():
        if not low < high:
            raise UserError(f"job.space.{key}: [{low}, {high}] is no range: low must be below high")
    return Space(ranges, _WITHOUT_COUNTERPART.get(type(strategy), ()))


def with_values(node: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A node with other values at dotted keys.

    >>> with_values({"name": "PSO", "params": {}}, {"params.inertia_coeff": 0.5})
    {'name': 'PSO', 'params': {'inertia_coeff': 0.5}}
    """
    made = dict(node)
    for dotted, value in values.items():
        key, _, rest = dotted.partition(".")
        made[key] = with_values(made.get(key) or {}, {rest: value}) if rest else value
    return made
