"""Any evosax algorithm by its name, with this project's bounds and starting spread."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import jax
import optax
from evosax.algorithms import algorithms as EVOSAX_ALGORITHMS

from ctag.strategies.base import AskTell
from ctag.strategies.problem import check_problem


@dataclass(frozen=True)
class Evosax:
    """An algorithm of evosax, distribution-based or population-based.

    evosax's own spread of 1 is meant for problems of unit scale in an unbounded space; the box is 1
    wide and U(0, 1) has a standard deviation of 0.29, hence the default here.

    Attributes:
        name: evosax's name of the algorithm, such as "SNES" or "DifferentialEvolution".
        std_init: the standard deviation that the search begins with, where the algorithm has one;
            None leaves evosax's own.
        learning_rate: Adam's step for the algorithms that follow an estimated gradient (ARS, ASEBO,
            ESMC, GuidedES, NoiseReuseES, Open_ES, PersistentES, SV_Open_ES), whose own 0.001 is
            meant for thousands of generations on neural networks; None leaves it. Others take no
            notice.
        params: fields of the algorithm's `Params` to set, such as {"crossover_rate": 0.5}.
        options: arguments of its constructor, such as {"num_diff": 2}.
        start_at: "uniform" or "center", for distribution-based algorithms.
        bounds: "clip" or "reflect".

    Raises:
        ValueError: evosax has no algorithm of that name; the message suggests the nearest one.
    """

    name: str
    std_init: float | None = 0.27
    learning_rate: float | None = 0.05
    params: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    start_at: str = "uniform"
    bounds: str = "clip"

    def __post_init__(self) -> None:
        if self.name not in EVOSAX_ALGORITHMS:
            close = get_close_matches(self.name, EVOSAX_ALGORITHMS, n=1, cutoff=0.5)
            hint = f" (did you mean {close[0]}?)" if close else ""
            known = ", ".join(sorted(EVOSAX_ALGORITHMS))
            raise ValueError(f"evosax has no algorithm {self.name!r}{hint}; it has {known}")

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name

    def start(self, n_params: int, population: int) -> AskTell:
        """See `ctag.strategies.base.Strategy`.

        Raises:
            ValueError: a parameter or an option is unknown, or the algorithm refuses this
                population.
        """
        solution = check_problem(n_params, population)
        constructor: Any = EVOSAX_ALGORITHMS[self.name]
        accepted = inspect.signature(constructor).parameters
        options = dict(self.options)
        _reject_unknown(
            self.name, "options", options, set(accepted) - {"population_size", "solution"}
        )
        if "sampling_fn" in accepted:
            options["sampling_fn"] = lambda key: jax.random.uniform(key, (n_params,))
        if self.std_init is not None and "std_schedule" in accepted:
            options.setdefault("std_schedule", optax.constant_schedule(self.std_init))
        if self.learning_rate is not None and {"optimizer", "std_schedule"} <= set(accepted):
            options.setdefault("optimizer", optax.adam(self.learning_rate))
        each = population
        if "num_populations" in accepted:
            parts = options.setdefault("num_populations", 2)
            each, rest = divmod(population, parts)
            if rest:
                raise ValueError(
                    f"{self.name} splits population={population} into {parts} equal parts: "
                    f"choose a multiple of {parts}"
                )
        try:
            algorithm = constructor(population_size=each, solution=solution, **options)
            params = algorithm.default_params
        except AssertionError as refusal:
            raise ValueError(
                f"evosax's {self.name} refuses population={each}: {refusal}"
            ) from refusal
        allowed = {key for key in params.__dataclass_fields__ if key != "params"}
        _reject_unknown(self.name, "params", self.params, allowed)
        changed = dict(self.params)
        if self.std_init is not None and "std_init" in allowed:
            changed.setdefault("std_init", self.std_init)
        return AskTell(algorithm, params.replace(**changed), population, self.start_at, self.bounds)


def _reject_unknown(name: str, what: str, given: Mapping[str, Any], allowed: set[str]) -> None:
    unknown = sorted(set(given) - allowed)
    if unknown:
        raise ValueError(
            f"{name}: unknown {what} {', '.join(unknown)}; "
            f"allowed are {', '.join(sorted(allowed)) or 'none'}"
        )
