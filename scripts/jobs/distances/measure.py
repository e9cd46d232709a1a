"""All distances between two samples, with what each is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from eval.distances.fad import fad_with_interval, gaussian_of
from eval.distances.floor import Floor, floor
from eval.distances.frechet import frechet_distance
from eval.distances.infinity import Extrapolation, fad_infinity
from eval.distances.kernel import bandwidth_of, kad, kad_with_interval
from eval.distances.sample import Sample
from eval.statistics.estimate import Estimate

__all__ = ["Measured", "Sizes", "measure", "steps"]


@dataclass(frozen=True)
class Sizes:
    """How much is computed for intervals and floors.

    Attributes:
        bootstraps: draws for the interval of FAD.
        subset_sizes, draws: of FAD-infinity: sizes of subsets, and subsets of each.
        groups: of sounds that are left out in turn for the other intervals.
        splits: of the reference into halves.
    """

    bootstraps: int = 100
    subset_sizes: int = 8
    draws: int = 3
    groups: int = 10
    splits: int = 20


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        fad: the Fréchet distance.
        infinity: extrapolated to infinitely many evaluated sounds.
        infinity_both: and to infinitely many reference sounds.
        kad: the kernel distance, times 100.
        bandwidth: of its kernel.
        fad_floor, kad_floor: between halves of the reference.
    """

    fad: Estimate
    infinity: Extrapolation
    infinity_both: Extrapolation
    kad: Estimate
    bandwidth: float
    fad_floor: Floor
    kad_floor: Floor

    def metrics(self) -> dict[str, float]:
        """Numbers by name."""
        found: dict[str, float] = {}
        for name, estimate in self.estimates().items():
            found |= {name: estimate.value, f"{name}_low": estimate.low}
            found |= {f"{name}_high": estimate.high}
        for name, between in (("fad_floor", self.fad_floor), ("kad_floor", self.kad_floor)):
            found |= {name: between.mean, f"{name}_low": between.low, f"{name}_high": between.high}
        return found | {
            "fad_infinity_r2": self.infinity.r2,
            "kad_bandwidth": self.bandwidth,
        }

    def estimates(self) -> dict[str, Estimate]:
        """The distances by name."""
        return {
            "fad": self.fad,
            "fad_infinity": self.infinity.estimate,
            "fad_infinity_both": self.infinity_both.estimate,
            "kad": self.kad,
        }


def steps(sizes: Sizes, evaluated: Sample, reference: Sample) -> int:
    """How often `measure` reports."""
    groups = sum(min(sizes.groups, len(sample)) for sample in (evaluated, reference))
    return sizes.bootstraps + 2 * (1 + groups) + 2 * sizes.splits + 1


def measure(
    evaluated: Sample,
    reference: Sample,
    sizes: Sizes,
    seed: int,
    progress: Callable[[], None] | None = None,
) -> Measured:
    """Measure everything.

    Args:
        evaluated, reference: the two samples.
        sizes: how much is computed.
        seed: of all draws.
        progress: called `steps` times.
    """
    # Threads of small matrices mostly wait for each other; on a busy machine they take 20 times
    # as long as one.
    with threadpool_limits(1, "blas"):
        return _measured(evaluated, reference, sizes, seed, progress or (lambda: None))


def _measured(
    evaluated: Sample,
    reference: Sample,
    sizes: Sizes,
    seed: int,
    progress: Callable[[], None],
) -> Measured:
    bandwidth = bandwidth_of(reference, seed)

    def of_halves(these: np.ndarray, those: np.ndarray) -> float:
        return frechet_distance(gaussian_of(reference, these), gaussian_of(reference, those))

    def kernel_of_halves(these: np.ndarray, those: np.ndarray) -> float:
        return kad(reference.taken(these), reference.taken(those), bandwidth)

    def extrapolated(both: bool) -> Extrapolation:
        return fad_infinity(
            evaluated,
            reference,
            both,
            sizes=sizes.subset_sizes,
            draws=sizes.draws,
            n_groups=sizes.groups,
            seed=seed,
            progress=progress,
        )

    kernel = kad_with_interval(evaluated, reference, bandwidth, n_groups=sizes.groups, seed=seed)
    progress()
    return Measured(
        fad=fad_with_interval(evaluated, reference, sizes.bootstraps, seed, progress=progress),
        infinity=extrapolated(both=False),
        infinity_both=extrapolated(both=True),
        kad=kernel,
        bandwidth=bandwidth,
        fad_floor=floor(of_halves, len(reference), sizes.splits, seed, progress),
        kad_floor=floor(kernel_of_halves, len(reference), sizes.splits, seed, progress),
    )
