"""How far a value is from a goal: nothing in its core, little in its range, then step by step."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ctag.scorers.acoustic.profile import Goal, Profile
from ctag.scorers.acoustic.table import DESCRIPTORS, NAMES, Descriptor

EDGE = 0.35
"""Distance at the edge of a range, in steps: a search should not stop at the first value in it."""

MARGIN = 1.0
"""Steps from an edge to the core, but for ranges too narrow to hold that on both sides."""

FAR = 1e4


class Fit(NamedTuple):
    """Goals in steps on the descriptors' curves, any leading shape.

    Attributes:
        low, high: ends of the core, where the distance is zero; an end that the goal leaves open is
            far away.
        margin: width of the zone between the core and the edge of the range.
        weight: share of the descriptor in the score; zero where there is no goal.
    """

    low: Float[Array, "*shape"] | np.ndarray
    high: Float[Array, "*shape"] | np.ndarray
    margin: Float[Array, "*shape"] | np.ndarray
    weight: Float[Array, "*shape"] | np.ndarray


def fit_of(profile: Profile) -> Fit:
    """Return a profile's goals in the order of the table, as (n_descriptors,) arrays.

    The weights add up to 1.
    """
    rows = np.zeros((4, len(NAMES)), np.float32)
    for column, descriptor in enumerate(DESCRIPTORS):
        goal = profile.get(descriptor.name)
        if goal is not None:
            rows[:, column] = (*_core(goal, descriptor), goal.weight)
    rows[3] /= rows[3].sum()
    return Fit(*rows)


def _core(goal: Goal, descriptor: Descriptor) -> tuple[float, float, float]:
    low, high = descriptor.position(goal.low), descriptor.position(goal.high)
    open_below = goal.low <= descriptor.minimum
    open_above = goal.high >= descriptor.maximum
    closed_ends = 2 - open_below - open_above
    margin = min(MARGIN, (high - low) / closed_ends) if closed_ends else 0.0
    return (-FAR if open_below else low + margin, FAR if open_above else high - margin, margin)


def distance(fit: Fit, position: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Return the distance of positions from goals in steps: 0 in the core, EDGE at the edge."""
    outside = jnp.maximum(jnp.maximum(fit.low - position, position - fit.high), 0.0)
    inside = EDGE * outside / jnp.maximum(fit.margin, 1e-6)
    return jnp.where(outside <= fit.margin, inside, EDGE + outside - fit.margin)


def match(steps: float) -> float:
    """Return how well a descriptor fits, in (0, 1]: 1 / (1 + steps^2)."""
    return 1.0 / (1.0 + steps**2)
