"""Behaviour: the descriptors by which sounds are told apart, each cut into cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import jax.numpy as jnp
from jaxtyping import Array, Float

from ctag.scorers.acoustic.table import DESCRIPTORS, INDEX, Descriptor, positions


@dataclass(frozen=True)
class Axis:
    """One side of the grid.

    Attributes:
        descriptor: one of `ctag.scorers.acoustic.table.DESCRIPTORS`.
        low, high: its ends in the descriptor's unit; what lies beyond counts to the outermost cell.
        cells: how many, of equal width on the descriptor's curve (octaves of a frequency).
    """

    descriptor: str
    low: float
    high: float
    cells: int = 10

    def __post_init__(self) -> None:
        if self.descriptor not in INDEX:
            near = get_close_matches(self.descriptor, INDEX, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(INDEX)}"
            raise ValueError(f"descriptor={self.descriptor!r} is not known; {hint}")
        if not self.low < self.high or self.cells < 1:
            raise ValueError(
                f"{self.descriptor}: low={self.low}, high={self.high}, cells={self.cells}; low "
                "must be below high, and there must be a cell"
            )
        low, high = self.ends
        if not low < high:
            raise ValueError(
                f"{self.descriptor}: {self.low} and {self.high} are one value for it, since it is "
                f"never below {self.measured.minimum:g} {self.measured.unit}"
            )

    @property
    def measured(self) -> Descriptor:
        """The descriptor with its unit and curve."""
        return DESCRIPTORS[INDEX[self.descriptor]]

    @property
    def ends(self) -> tuple[float, float]:
        """The ends on the curve, in steps."""
        return self.measured.position(self.low), self.measured.position(self.high)

    def edges(self) -> list[float]:
        """The ends of all cells in the descriptor's unit, cells + 1 numbers."""
        low, high = self.ends
        width = (high - low) / self.cells
        return [self.measured.value(low + width * i) for i in range(self.cells + 1)]


def behaviour_of(
    described: Float[Array, "*batch n_descriptors"], axes: Sequence[Axis]
) -> Float[Array, "*batch n_axes"]:
    """Where described sounds stand on the axes' curves; traceable. NaN stays NaN."""
    steps = positions(described)
    return jnp.stack([steps[..., INDEX[axis.descriptor]] for axis in axes], axis=-1)
