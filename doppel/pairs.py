"""Pairs of sounds from one patch: two perturbations of random parameters, rendered on the device.

Algorithm 1 of "Contrastive Learning from Synthetic Audio Doppelgangers": theta is uniform in
[0, 1]^m, each view is theta plus noise scaled by delta, clipped. Every pair has a key of its own
that comes from its place alone: (seed, epoch, rank, step, row) in training, (seed, number) in a
fixed set. So ranks, epochs and the fixed set never share a pair, and a run goes on at any step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from doppel.perturbation import Isotropic, Perturbation, Unbound, bound
from eval.harness.arrays import to_torch
from synth.base import Synth

if TYPE_CHECKING:
    import torch

__all__ = ["FixedPairs", "NoiseKind", "PairParameters", "Pairs", "SyntheticPairs", "draw_pairs"]

NoiseKind = Literal["sound", "pair", "fixed"]
"""Whose noise generators agree: nobody's, both views' of a pair, or all sounds' (as published)."""

_TRAINING, _FIXED = 0, 1


class PairParameters(NamedTuple):
    """What makes a batch of pairs.

    Attributes:
        theta: the patches that the pairs share, in [0, 1].
        first, second: both views' parameters.
        first_noise, second_noise: keys of both views' noise generators; None is the fixed noise.
    """

    theta: Float[Array, "batch n_params"]
    first: Float[Array, "batch n_params"]
    second: Float[Array, "batch n_params"]
    first_noise: Key[Array, " batch"] | None
    second_noise: Key[Array, " batch"] | None


class Pairs(NamedTuple):
    """A batch of pairs, on the device that rendered them.

    Attributes:
        first, second: both views' audio, in [-1, 1].
        parameters: what made them.
    """

    first: Float[Array, "batch n_samples"]
    second: Float[Array, "batch n_samples"]
    parameters: PairParameters

    def to_torch(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Both views as tensors over the same memory, on the same device; not to be written to."""
        return to_torch(self.first), to_torch(self.second)


@partial(jax.jit, static_argnames=("n_params", "perturbation"))
def draw_pairs(
    keys: Key[Array, " batch"],
    n_params: int,
    delta: Float[Array, ""] | float,
    perturbation: Perturbation,
) -> PairParameters:
    """The parameters of one pair a key."""
    delta = jnp.asarray(delta, jnp.float32)

    def one(key: Key[Array, ""]) -> tuple[Array, ...]:
        of_theta, of_first, of_second, first_noise, second_noise = jax.random.split(key, 5)
        theta = jax.random.uniform(of_theta, (n_params,))
        first = perturbation(theta, of_first, delta)
        return theta, first, perturbation(theta, of_second, delta), first_noise, second_noise

    return PairParameters(*jax.vmap(one)(keys))


@dataclass(frozen=True)
class _Source:
    """What both kinds of sources share."""

    synth: Synth
    seed: int = 0
    delta: float = 0.25
    perturbation: Perturbation | Unbound = Isotropic()  # noqa: RUF009 - immutable
    noise: NoiseKind = "sound"

    def __post_init__(self) -> None:
        """Refuse settings that no pair can have.

        Raises:
            ValueError: delta below 0, or a perturbation that names what the synth lacks.
        """
        if not self.delta >= 0:
            raise ValueError(f"delta must be 0 or more, got {self.delta}")
        self._move  # noqa: B018 - a name that the synth lacks is told here

    @cached_property
    def _move(self) -> Perturbation:
        return bound(self.perturbation, self.synth.parameters)

    def _drawn(self, keys: Key[Array, " batch"], delta: float | None = None) -> PairParameters:
        delta = self.delta if delta is None else delta
        made = draw_pairs(keys, self.synth.n_params, delta, self._move)
        if self.noise == "pair":
            return made._replace(second_noise=made.first_noise)
        if self.noise == "fixed":
            return made._replace(first_noise=None, second_noise=None)
        return made

    def _rendered(self, made: PairParameters) -> Pairs:
        return Pairs(
            self.synth.render(made.first, made.first_noise),
            self.synth.render(made.second, made.second_noise),
            made,
        )


@dataclass(frozen=True)
class SyntheticPairs(_Source):
    """An endless, seeded, rank-aware stream of pairs for training.

    Attributes:
        synth: what is played.
        seed: of everything.
        delta: standard deviation of the noise on every normalised parameter.
        perturbation: how a view is moved from its patch.
        noise: whose noise generators agree: "sound" none, "pair" both views', "fixed" all.
        batch_size: pairs a step on this rank.
        rank: of this process.
    """

    batch_size: int = 128
    rank: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that no stream can have.

        Raises:
            ValueError: a batch of no pairs, or a negative rank; or as for any pairs.
        """
        super().__post_init__()
        if self.batch_size < 1 or self.rank < 0:
            raise ValueError(
                "batch_size must be at least 1 and rank at least 0, "
                f"got {self.batch_size} and {self.rank}"
            )

    def batch(self, epoch: int, step: int, delta: float | None = None) -> Pairs:
        """The pairs of one step; the same whenever and wherever they are asked for.

        Args:
            epoch, step: 0 or more.
            delta: for this step; None is the stream's own.
        """
        keys = _keys(self.seed, (_TRAINING, epoch, self.rank, step), np.arange(self.batch_size))
        return self._rendered(self._drawn(keys, delta))

    def stream(self, steps_per_epoch: int, epoch: int = 0, step: int = 0) -> Iterator[Pairs]:
        """Yield batches without end, beginning at any step of any epoch.

        Raises:
            ValueError: the step is not one of the epoch.
        """
        if not 0 <= step < steps_per_epoch or epoch < 0:
            raise ValueError(
                f"epoch {epoch}, step {step}: an epoch from 0 and a step of its "
                f"{steps_per_epoch} are needed"
            )
        while True:
            yield self.batch(epoch, step)
            step += 1
            if step == steps_per_epoch:
                epoch, step = epoch + 1, 0


@dataclass(frozen=True)
class FixedPairs(_Source):
    """A finite, numbered set of pairs, for validation: none of them is ever trained on.

    Attributes:
        synth, seed, delta, perturbation, noise: as in `SyntheticPairs`.
        n: how many pairs.
    """

    n: int = 1000

    def __post_init__(self) -> None:
        """Refuse settings that no set can have.

        Raises:
            ValueError: no pairs; or as for any pairs.
        """
        super().__post_init__()
        if self.n < 1:
            raise ValueError(f"a set needs at least 1 pair, got n = {self.n}")

    def __len__(self) -> int:
        """How many pairs."""
        return self.n

    def pairs(self, indices: Sequence[int] | np.ndarray) -> Pairs:
        """The pairs of those numbers; pair i depends on (seed, i) alone.

        Raises:
            IndexError: a number is not in [0, len).
        """
        return self._rendered(self.parameters(indices))

    def parameters(self, indices: Sequence[int] | np.ndarray) -> PairParameters:
        """What makes the pairs of those numbers, nothing rendered.

        Raises:
            IndexError: a number is not in [0, len).
        """
        numbers = np.asarray(indices, np.int64)
        if numbers.size and (numbers.min() < 0 or numbers.max() >= self.n):
            raise IndexError(f"pairs {numbers.min()} to {numbers.max()} of {self.n}")
        return self._drawn(_keys(self.seed, (_FIXED,), numbers))


def _keys(seed: int, place: Sequence[int], rows: np.ndarray) -> Key[Array, " batch"]:
    """A key for each row of a place; other places have other keys."""
    return _folded(
        jax.random.key(seed), jnp.asarray(place, jnp.uint32), jnp.asarray(rows, jnp.uint32)
    )


@jax.jit
def _folded(key: Key[Array, ""], place: Array, rows: Array) -> Key[Array, " batch"]:
    for number in place:
        key = jax.random.fold_in(key, number)
    return jax.vmap(lambda row: jax.random.fold_in(key, row))(rows)
