"""In which order recordings come: all of them before any comes again, each time anew."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

__all__ = ["drawn"]

_APART = 7  # from the seeds of segments, which begin alike


def drawn(seed: int, kind: int, epoch: int, n: int, number: int) -> int:
    """Which of n recordings pair `number` of an epoch is of.

    Args:
        seed: of everything.
        kind: training or a fixed set.
        epoch: 0 or more.
        n: recordings, 1 at least.
        number: of the pair in the epoch, over all ranks.
    """
    again, at = divmod(number, n)
    return int(_order(seed, kind, epoch, again, n)[at])


@lru_cache(maxsize=8)
def _order(seed: int, kind: int, epoch: int, again: int, n: int) -> np.ndarray:
    return np.random.default_rng([seed, kind, epoch, again, _APART]).permutation(n)
