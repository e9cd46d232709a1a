"""What all modules share: parameters with ranges, held in [0, 1], read in human units."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax.core import FrozenDict
from jaxtyping import Array, Float

from synth.config import SynthConfig
from synth.grid import Grid, make_grid
from synth.parameter import Range, Setting, hashable, settle

HUMAN = "human"
"""Variable collection in which a synth hands its modules their parameters in human units."""


class SynthModule(nn.Module):
    """Base of all modules: a Flax module whose parameters are vectors (batch,) in [0, 1].

    A subclass declares each parameter as a field whose default is its `Range`; the field accepts
    another range, a value in human units (a number, or one a sound), or both as `Initial`. A value
    becomes the initial parameter, else `init` draws uniformly in [0, 1].

    Args:
        config: settings shared by the synth's modules.
    """

    config: SynthConfig

    def __post_init__(self) -> None:
        # Arrays and dicts cannot key compiled programs.
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(f.default, Range):
                object.__setattr__(self, f.name, hashable(value))
            elif isinstance(value, Mapping):
                frozen = FrozenDict({k: hashable(v) for k, v in value.items()})
                object.__setattr__(self, f.name, frozen)
        super().__post_init__()

    def default_ranges(self) -> dict[str, Range]:
        """The module's parameters in order, each with its own range."""
        return {f.name: f.default for f in fields(self) if isinstance(f.default, Range)}

    def settings(self) -> dict[str, Setting]:
        """What was asked for each parameter: a range, a value or both."""
        return {name: getattr(self, name) for name in self.default_ranges()}

    def with_setting(self, name: str, setting: Setting) -> "SynthModule":
        """A copy with another setting of one parameter."""
        changes: dict[str, Any] = {name: setting}
        if not any(f.name == name for f in fields(self)):
            held = self.settings_field
            changes = {held: {**getattr(self, held), name: setting}}
        return self.clone(**changes)

    @property
    def settings_field(self) -> str:
        """The field that holds settings of parameters which are not fields themselves."""
        raise NotImplementedError(f"{type(self).__name__} has only its own fields as parameters")

    def ranges(self) -> dict[str, Range]:
        """The ranges in force, by parameter name, in order."""
        default, settings = self.default_ranges(), self.settings()
        return {name: settle(name, settings[name], default[name])[0] for name in default}

    def initial_unit(self, name: str, key: Array) -> Float[Array, " batch"]:
        """The initial value of a parameter in [0, 1]: as set, else uniformly random.

        Raises:
            ValueError: the number of values is neither 1 nor the batch size.
        """
        scope, values = settle(name, self.settings()[name], self.default_ranges()[name])
        size = self.config.batch_size
        if values is None:
            if self.config.compat == "synthax":
                low, high = scope.minimum, scope.maximum
                return scope.to_unit(jax.random.uniform(key, (size,), minval=low, maxval=high))
            return jax.random.uniform(key, (size,))
        if len(values) not in (1, size):
            raise ValueError(
                f"{name} has {len(values)} values for a batch of {size}; give 1 or {size}"
            )
        unit = jnp.asarray(scope.to_unit(np.asarray(values)), jnp.float32)
        return jnp.broadcast_to(unit, (size,))

    def value(self, name: str) -> Float[Array, " batch"]:
        """A parameter in human units (call inside a compact method)."""
        if self.has_variable(HUMAN, name):
            return self.get_variable(HUMAN, name)
        unit = self.param(name, lambda key: self.initial_unit(name, key))
        return self.ranges()[name].to_human(unit)

    def values(self) -> dict[str, Float[Array, " batch"]]:
        """All parameters in human units."""
        return {name: self.value(name) for name in self.default_ranges()}

    @property
    def grid(self) -> Grid:
        """Where control points and samples lie."""
        return make_grid(self.config)


def stack_values(modules: Sequence[SynthModule]) -> dict[str, Float[Array, "batch modules"]]:
    """The parameters of several modules of one class side by side, to compute them as one."""
    columns = [module.values() for module in modules]
    return {name: jnp.stack([c[name] for c in columns], axis=1) for name in columns[0]}


def merge_settings(
    defaults: Mapping[str, Range], given: Mapping[str, Setting], owner: str
) -> dict[str, Setting]:
    """Settings by name over a module's defaults.

    Raises:
        ValueError: a name that the module does not have.
    """
    if unknown := sorted(set(given) - set(defaults)):
        raise ValueError(
            f"{owner} has no parameter {unknown[0]!r}; it has {', '.join(sorted(defaults))}"
        )
    return {name: given.get(name, default) for name, default in defaults.items()}
