"""How the two views of a pair are moved away from the patch that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from synth.parameter import Parameter

__all__ = ["Isotropic", "Perturbation", "Unbound", "bound"]


@runtime_checkable
class Perturbation(Protocol):
    """Moves one parameter vector; batched by `vmap`, hashable, and traceable under jit."""

    def __call__(
        self, theta: Float[Array, " n_params"], key: Key[Array, ""], delta: Float[Array, ""]
    ) -> Float[Array, " n_params"]:
        """Return the moved vector, in [0, 1].

        Args:
            theta: in [0, 1].
            key: of this move alone.
            delta: how far, 0 or more; a traced number, so that it may change from step to step.
        """
        ...


@runtime_checkable
class Unbound(Protocol):
    """What speaks of parameters by name, and becomes a perturbation once it knows a synth's."""

    def for_synth(self, parameters: Sequence[Parameter]) -> Perturbation:
        """Return the perturbation for vectors with these columns.

        Raises:
            ValueError: a name or unit that these parameters do not have.
        """
        ...


def bound(perturbation: Perturbation | Unbound, parameters: Sequence[Parameter]) -> Perturbation:
    """Return a perturbation of a synth's parameters from one that may speak of them by name.

    Raises:
        ValueError: it names what the synth does not have.
    """
    if isinstance(perturbation, Unbound):
        return perturbation.for_synth(parameters)
    return perturbation


@dataclass(frozen=True)
class Isotropic:
    """Independent Gaussian noise of standard deviation delta on every parameter, then clipped.

    Algorithm 1 of "Contrastive Learning from Synthetic Audio Doppelgangers".
    """

    def __call__(
        self, theta: Float[Array, " n_params"], key: Key[Array, ""], delta: Float[Array, ""]
    ) -> Float[Array, " n_params"]:
        return jnp.clip(theta + delta * jax.random.normal(key, theta.shape), 0.0, 1.0)
