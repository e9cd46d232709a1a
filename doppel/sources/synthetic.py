"""Pairs of a synthesizer's sounds: rendered at its rate, or higher and then resampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doppel.pairs import FixedPairs, NoiseKind, Pairs, SyntheticPairs
from doppel.perturbation import Isotropic, Perturbation, Unbound
from doppel.sources.protocol import PairSet, PairStream, Views, check_stream
from doppel.sources.resampling import resampled
from synth.base import Synth

if TYPE_CHECKING:
    import torch

__all__ = ["SyntheticSource"]


@dataclass(frozen=True)
class SyntheticSource:
    """Pairs by perturbation of random parameters (Algorithm 1 of the paper).

    Attributes:
        synth: what is played, at its own rate and length.
        delta: standard deviation of the noise on every normalised parameter.
        perturbation: how a view is moved from its patch.
        noise: whose noise generators agree: "sound" none, "pair" both views', "fixed" all.
        sample_rate: of the views in Hz; None is the synth's own. Another one is resampled to on
            the device that rendered.
    """

    synth: Synth
    delta: float = 0.25
    perturbation: Perturbation | Unbound = Isotropic()  # noqa: RUF009 - immutable
    noise: NoiseKind = "sound"
    sample_rate: float | None = None  # pyright: ignore[reportIncompatibleMethodOverride]

    def __post_init__(self) -> None:
        """Take over the synth's rate where none is given.

        Raises:
            ValueError: a setting that no pairs can have; rates that are to be changed and are not
                whole numbers; or a synth whose sounds depend on each other.
        """
        own = float(self.synth.config.sample_rate)
        rate = own if self.sample_rate is None else float(self.sample_rate)
        if rate != own and not (rate > 0 and rate.is_integer() and own.is_integer()):
            raise ValueError(
                f"sounds of {own:g} Hz can be resampled between whole, positive rates only, "
                f"got {rate:g} Hz"
            )
        object.__setattr__(self, "sample_rate", rate)
        if self.synth.config.compat is not None:
            raise ValueError(
                f"with compat={self.synth.config.compat!r} the first sound of a batch sets the "
                "level of all others, so that a pair is not its own: leave compat out"
            )
        FixedPairs(self.synth, 0, self.delta, self.perturbation, self.noise, n=1)

    def training(self, seed: int, batch_size: int, rank: int = 0, ranks: int = 1) -> PairStream:
        """Return the stream of one of several processes.

        Raises:
            ValueError: no pairs a step, or a rank that is not one of them.
        """
        check_stream(batch_size, rank, ranks)
        pairs = SyntheticPairs(
            self.synth, seed, self.delta, self.perturbation, self.noise, batch_size, rank
        )
        return _Stream(pairs, self)

    def validation(self, seed: int, n: int) -> PairSet:
        """Return n pairs that no stream ever makes.

        Raises:
            ValueError: n is below 1.
        """
        pairs = FixedPairs(self.synth, seed, self.delta, self.perturbation, self.noise, n)
        return _Set(pairs, self)

    def views(self, pairs: Pairs) -> Views:
        """Return rendered pairs at the source's rate."""
        own, rate = float(self.synth.config.sample_rate), float(self.sample_rate or 0)
        return pairs if own == rate else _Resampled(pairs, own, rate)


@dataclass(frozen=True)
class _Stream:
    pairs: SyntheticPairs
    source: SyntheticSource

    def batch(self, epoch: int, step: int, delta: float | None = None) -> Views:
        return self.source.views(self.pairs.batch(epoch, step, delta))


@dataclass(frozen=True)
class _Set:
    fixed: FixedPairs
    source: SyntheticSource

    def __len__(self) -> int:
        return len(self.fixed)

    def pairs(self, indices: Sequence[int] | np.ndarray) -> Views:
        return self.source.views(self.fixed.pairs(indices))


@dataclass(frozen=True)
class _Resampled:
    """Pairs that change their rate as they become tensors.

    Attributes:
        pairs: as rendered.
        from_rate, to_rate: in Hz.
    """

    pairs: Pairs
    from_rate: float
    to_rate: float

    def to_torch(self) -> tuple[torch.Tensor, torch.Tensor]:
        first, second = self.pairs.to_torch()
        return (
            resampled(first, self.from_rate, self.to_rate),
            resampled(second, self.from_rate, self.to_rate),
        )
