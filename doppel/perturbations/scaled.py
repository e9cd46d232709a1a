"""Gaussian noise as in the isotropic perturbation, of another size for each parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from doppel.perturbation import Perturbation
from doppel.perturbations.names import by_parameter, modules_of
from doppel.perturbations.noise import check_share, module_noise
from synth.parameter import Parameter

__all__ = ["Correlated", "Only", "Scaled"]


@dataclass(frozen=True)
class Scaled:
    """Each parameter's standard deviation is delta times a factor of its own.

    Attributes:
        scales: factors by name or pattern (`doppel.perturbations.names`), 0 or more; 0 holds a
            parameter still.
        default: the factor of all others.
        rho: the share of the variance that the parameters of a module have in common.
    """

    scales: Mapping[str, float] = field(default_factory=dict, hash=False)
    default: float = 1.0
    rho: float = 0.0

    def __post_init__(self) -> None:
        """Refuse factors that no deviation can have.

        Raises:
            ValueError: a factor is negative or not finite, or rho is no share.
        """
        for name, scale in {**self.scales, "default": self.default}.items():
            if not 0 <= scale < math.inf:
                raise ValueError(f"the factor of {name!r} must be 0 or more, got {scale}")
        check_share(self.rho)

    def for_synth(self, parameters: Sequence[Parameter]) -> Perturbation:
        """Return the perturbation for a synth with these parameters.

        Raises:
            ValueError: a name that means none of them.
        """
        scales = by_parameter(self.scales, parameters, self.default)
        return _Gaussian(tuple(map(float, scales)), modules_of(parameters), self.rho)


@dataclass(frozen=True)
class Correlated:
    """Isotropic for each parameter alone, but those of a module tend to move the same way.

    Attributes:
        rho: their correlation: 0 is the isotropic perturbation, 1 moves a module as one.
    """

    rho: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what is no share.

        Raises:
            ValueError: rho is not in [0, 1].
        """
        check_share(self.rho)

    def for_synth(self, parameters: Sequence[Parameter]) -> Perturbation:
        """Return the perturbation for a synth with these parameters."""
        return Scaled(rho=self.rho).for_synth(parameters)


@dataclass(frozen=True)
class Only:
    """Only some parameters move, as they would in the isotropic perturbation.

    Attributes:
        names: of parameters or modules, or patterns of them (`doppel.perturbations.names`).
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a perturbation that moves nothing.

        Raises:
            ValueError: no name is given.
        """
        if not self.names:
            raise ValueError("names is empty: name at least one parameter or module that moves")

    def for_synth(self, parameters: Sequence[Parameter]) -> Perturbation:
        """Return the perturbation for a synth with these parameters.

        Raises:
            ValueError: a name that means none of them.
        """
        return Scaled(dict.fromkeys(self.names, 1.0), default=0.0).for_synth(parameters)


@dataclass(frozen=True)
class _Gaussian:
    """The move itself: a factor and a module's number for each column of theta."""

    scales: tuple[float, ...]
    modules: tuple[int, ...]
    rho: float

    def __call__(
        self, theta: Float[Array, " n_params"], key: Key[Array, ""], delta: Float[Array, ""]
    ) -> Float[Array, " n_params"]:
        scales = jnp.asarray(np.array(self.scales, np.float32))
        moves = delta * scales * module_noise(key, self.modules, self.rho)
        return jnp.clip(theta + moves, 0.0, 1.0)
