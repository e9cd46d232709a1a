"""The contract of a scorer: what a search asks of whatever judges its sounds."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

from jaxtyping import Array, Float

Target: TypeAlias = Any
"""A pytree of arrays whose leading axis runs over the prompts; opaque to the search."""


@runtime_checkable
class Scorer(Protocol):
    """Judges sounds against prompts: `target` once, then `score` inside the search's jit, and at
    the end outside it, for the best sound of one prompt after the other.

    Attributes:
        sample_rate: the rate in Hz that the scorer wants, or None where any will do.
    """

    sample_rate: float | None

    def target(self, prompts: Sequence[str]) -> Target:
        """Prepare the prompts; may read files, load models and raise for what it cannot judge."""
        ...

    def score(
        self,
        target: Target,
        audio: Float[Array, "prompts population n_samples"],
        sample_rate: float,
    ) -> Float[Array, "prompts population"]:
        """Score every sound against the prompt of its row, higher is better; pure and traceable.

        A sound that holds NaN or infinity scores -inf.
        """
        ...
