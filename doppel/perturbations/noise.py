"""The noise of a move: independent, or with a part that all parameters of a module share."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

__all__ = ["check_share", "module_noise"]


def module_noise(
    key: Key[Array, ""], modules: tuple[int, ...], share: float
) -> Float[Array, " n_params"]:
    """Standard normal noise whose correlation is `share` within a module and 0 between modules.

    With a share of 0 it is bit for bit `jax.random.normal(key, ...)`.

    Args:
        key: of this noise alone.
        modules: the number of each parameter's module.
        share: of the variance that a module's parameters have in common, 0 to 1.
    """
    own = jax.random.normal(key, (len(modules),))
    if share == 0:
        return own
    common = jax.random.normal(jax.random.fold_in(key, 1), (max(modules) + 1,))
    return math.sqrt(share) * common[jnp.asarray(np.array(modules))] + math.sqrt(1 - share) * own


def check_share(share: float) -> None:
    """Refuse what is no share of a variance.

    Raises:
        ValueError: it is not in [0, 1].
    """
    if not 0 <= share <= 1:
        raise ValueError(f"rho is a share of the variance, 0 to 1, got {share}")
