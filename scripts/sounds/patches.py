"""Random patches of a synthesizer as a set of sounds."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from eval.sounds.base import Clip, Unreadable
from scripts.sounds.rendering import Draw, identity_of, rate_of, rendered
from synth.base import Synth

__all__ = ["SynthSounds", "uniform"]


@dataclass(frozen=True)
class SynthSounds:
    """Sounds whose parameters are uniform in [0, 1]; sound i depends on (seed, i) alone.

    Attributes:
        synth: what is played.
        n: how many sounds.
        seed: of the parameters and of each sound's own noise.
        sample_rate: in Hz; None is the synth's own, another one is resampled to.
        name: of the set; empty is the synth's class.
    """

    synth: Synth
    n: int = 1000
    seed: int = 0
    sample_rate: float | None = None
    name: str = ""

    def __post_init__(self) -> None:
        """Name the set where it has no name.

        Raises:
            ValueError: no sounds, or a rate that is not positive.
        """
        if self.n < 1:
            raise ValueError(f"a set needs at least 1 sound, got n = {self.n}")
        if self.sample_rate is not None and not self.sample_rate > 0:
            raise ValueError(f"sample_rate must be positive, got {self.sample_rate} Hz")
        if not self.name:
            object.__setattr__(self, "name", type(self.synth).__name__.lower())

    @property
    def identity(self) -> str:
        """The synth with its code, the seed, how many, and the rate."""
        rate = rate_of(self.synth, self.sample_rate)
        return f"{self.n} patches, seed {self.seed}, at {rate} Hz of {identity_of(self.synth)}"

    def __len__(self) -> int:
        """How many sounds."""
        return self.n

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        """Render the sounds of those numbers.

        Raises:
            IndexError: a number is not in [0, len).
        """
        return [*rendered(self.synth, self._draw, indices, self.n, self.sample_rate, self.name)]

    def theta(self, indices: Sequence[int]) -> Float32[np.ndarray, "n n_params"]:
        """Return the parameters of the sounds of those numbers, nothing rendered."""
        return np.asarray(self._draw(jnp.asarray(indices, jnp.int32))[0])

    @cached_property
    def _draw(self) -> Draw:
        return uniform(self.synth.n_params, self.seed, "patches")


def uniform(n_params: int, seed: int, domain: str) -> Draw:
    """Parameters uniform in [0, 1] and a noise key, from (domain, seed, number) alone.

    Sets of other domains, such as a task's sounds, are independent of each other at equal seeds.
    """

    def one(index):
        key = jax.random.fold_in(jax.random.key(seed), zlib.crc32(domain.encode()))
        of_theta, of_noise = jax.random.split(jax.random.fold_in(key, index))
        return jax.random.uniform(of_theta, (n_params,)), of_noise

    return jax.jit(jax.vmap(one))
