"""Pairs at a delta as a set of sounds: one view of each, or both, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from doppel.pairs import FixedPairs, NoiseKind
from doppel.perturbation import Isotropic, Perturbation, Unbound
from eval.sounds.base import Clip, Unreadable
from scripts.sounds.rendering import identity_of, rate_of, rendered
from synth.base import Synth

__all__ = ["PairSounds", "Side"]

Side = Literal["first", "second", "both"]


@dataclass(frozen=True)
class PairSounds:
    """The sounds of a fixed set of pairs; those of number i depend on (seed, i) alone.

    Attributes:
        synth: what is played.
        n: how many pairs.
        delta: standard deviation of the noise on every normalised parameter.
        side: which view of each pair; "both" makes sounds 2 i and 2 i + 1 of pair i.
        seed: of the pairs; both sides of the same set have the same.
        perturbation: how a view is moved from its patch.
        noise: whose noise generators agree: "sound" none, "pair" both views', "fixed" all.
        sample_rate: in Hz; None is the synth's own, another one is resampled to.
        name: of the set; empty is the synth's class, delta and side.
    """

    synth: Synth
    n: int = 1000
    delta: float = 0.25
    side: Side = "first"
    seed: int = 0
    perturbation: Perturbation | Unbound = Isotropic()  # noqa: RUF009 - immutable
    noise: NoiseKind = "sound"
    sample_rate: float | None = None
    name: str = ""

    def __post_init__(self) -> None:
        """Name the set where it has no name.

        Raises:
            ValueError: a setting that no pairs can have.
        """
        _ = self._pairs
        if not self.name:
            kind = type(self.synth).__name__.lower()
            object.__setattr__(self, "name", f"{kind} pairs at {self.delta:g}, {self.side}")

    @property
    def identity(self) -> str:
        """The synth with its code, delta, the side, the seed, how many, and the rate."""
        rate = rate_of(self.synth, self.sample_rate)
        return (
            f"{self.n} pairs, seed {self.seed}, delta {self.delta!r} by {self.perturbation!r}, "
            f"noise {self.noise}, {self.side}, at {rate} Hz of {identity_of(self.synth)}"
        )

    def __len__(self) -> int:
        """How many sounds."""
        return 2 * self.n if self.side == "both" else self.n

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        """Render the sounds of those numbers.

        Raises:
            IndexError: a number is not in [0, len).
        """
        n = len(self)
        return [*rendered(self.synth, self._draw, indices, n, self.sample_rate, self.name)]

    @property
    def _pairs(self) -> FixedPairs:
        return FixedPairs(
            self.synth, self.seed, self.delta, self.perturbation, self.noise, n=self.n
        )

    def _draw(self, indices: Array) -> tuple[Array, Array | None]:
        numbers = np.asarray(indices)
        if self.side != "both":
            made = self._pairs.parameters(numbers)
            if self.side == "first":
                return made.first, made.first_noise
            return made.second, made.second_noise
        made = self._pairs.parameters(numbers // 2)
        second = jnp.asarray(numbers % 2 == 1)
        theta = jnp.where(second[:, None], made.second, made.first)
        if made.first_noise is None or made.second_noise is None:
            return theta, None
        return theta, jnp.where(second, made.second_noise, made.first_noise)
