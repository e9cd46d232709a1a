"""The draws by which hear-preprocess splits sets that have no splits, and takes 5 hours of them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence

import numpy as np

__all__ = ["hear_subset", "new_folds"]

_TRIES = 1000


def new_folds(labels: Mapping[str, str | int], n_folds: int) -> dict[str, str]:
    """Deal files out to folds, as `split_k_folds` of hear-preprocess does.

    The sorted names are shuffled with a fixed seed and cut in equal parts; the next seed is tried
    where a part lacks a label.

    Args:
        labels: name of a file without suffix -> its label.
        n_folds: how many.

    Returns:
        Name -> fold00, fold01, ...

    Raises:
        ValueError: no seed of a thousand leaves every label in every fold.
    """
    every = set(labels.values())
    seeds = ["split_k_folds", *(f"split_k_folds_retry_{i}" for i in range(_TRIES - 1))]
    for seed in seeds:
        names = sorted(labels)
        random.Random(seed).shuffle(names)
        parts = [[str(name) for name in part] for part in np.array_split(names, n_folds)]
        if all({labels[name] for name in part} == every for part in parts):
            return {name: f"fold{i:02d}" for i, part in enumerate(parts) for name in part}
    raise ValueError(
        f"{len(labels)} files cannot be dealt out to {n_folds} folds such that each of the "
        f"{len(every)} labels is in each of them: is the data set whole?"
    )


def hear_subset(names: Sequence[str], split: str, n_files: int) -> list[str]:
    """Take that many files of a split, as `SubsampleSplit` of hear-preprocess does.

    That is `DataFrame.sample(frac=1, random_state=...)` of the sorted names, with a hash of the
    split's name for a seed, and the first of them.
    """
    ordered = sorted(names)
    digest = hashlib.sha1(f"SubsampleSplit({split})".encode()).hexdigest()
    order = np.random.RandomState(int(digest, 16) % (2**32 - 1)).permutation(len(ordered))
    return [ordered[index] for index in order[:n_files]]
