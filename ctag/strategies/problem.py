"""Checks that every strategy makes of its problem's size and of its settings."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def check_problem(n_params: int, population: int) -> Float[Array, "n_params"]:
    """The all-zero solution that tells evosax the dimension.

    Raises:
        ValueError: fewer than one parameter, or a population of fewer than two.
    """
    if n_params < 1:
        raise ValueError(f"n_params={n_params}: a search needs at least one parameter")
    if population < 2:
        raise ValueError(
            f"population={population}: strategies compare candidates, at least 2 are needed"
        )
    return jnp.zeros(n_params)


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise ValueError unless low <= value <= high."""
    if not low <= value <= high:
        raise ValueError(f"{name}={value} is outside [{low}, {high}]")
