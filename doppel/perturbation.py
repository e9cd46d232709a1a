"""How the two views of a pair are moved away from the patch that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

__all__ = ["Isotropic", "Perturbation"]


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


@dataclass(frozen=True)
class Isotropic:
    """Independent Gaussian noise of standard deviation delta on every parameter, then clipped.

    Algorithm 1 of "Contrastive Learning from Synthetic Audio Doppelgangers".
    """

    def __call__(
        self, theta: Float[Array, " n_params"], key: Key[Array, ""], delta: Float[Array, ""]
    ) -> Float[Array, " n_params"]:
        return jnp.clip(theta + delta * jax.random.normal(key, theta.shape), 0.0, 1.0)
