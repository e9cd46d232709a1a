"""Things drawn again with replacement: the resamples of every bootstrap (Efron, 1979)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Int64

__all__ = ["BATCH_VALUES", "RESAMPLES", "draws", "resample_counts"]

RESAMPLES = 2000
BATCH_VALUES = 4_000_000  # drawn or counted, in memory at a time


def draws(
    sizes: int | Sequence[int], seed: int | Sequence[int], resamples: int = RESAMPLES
) -> Iterator[tuple[Int64[np.ndarray, "n_block _"], ...]]:
    """Yield which things each resample draws, in blocks of bounded size.

    The resamples of one group depend on the seed alone, not on the size of the blocks.

    Args:
        sizes: how many things there are; several groups, such as the test sounds of each fold, are
            drawn each for itself.
        seed: of the draws; several numbers are one seed.
        resamples: how often.

    Yields:
        For each group the drawn numbers, 0 to its size - 1, a row a resample.

    Raises:
        ValueError: a group of none, or no group or resample.
    """
    groups = [sizes] if isinstance(sizes, int) else [int(size) for size in sizes]
    if not groups or min(groups) < 1 or resamples < 1:
        raise ValueError(f"nothing to draw from: groups of {groups}, {resamples} times")
    generator = np.random.default_rng(seed)
    step = max(1, BATCH_VALUES // sum(groups))
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        yield tuple(generator.integers(0, size, (rows, size)) for size in groups)


def resample_counts(
    sizes: int | Sequence[int], seed: int | Sequence[int], resamples: int = RESAMPLES
) -> Iterator[Float[np.ndarray, "n_block n"]]:
    """Yield how often each thing is drawn in each resample; arguments and errors as `draws`.

    Groups stand one after the other.
    """
    for drawn in draws(sizes, seed, resamples):
        yield np.concatenate([_counted(rows) for rows in drawn], axis=1).astype(np.float64)


def _counted(drawn: Int64[np.ndarray, "rows n"]) -> Int64[np.ndarray, "rows n"]:
    """How often each of 0 to n - 1 is in each row."""
    rows, n = drawn.shape
    places = drawn + np.arange(rows)[:, None] * n
    return np.bincount(places.reshape(-1), minlength=rows * n).reshape(rows, n)
