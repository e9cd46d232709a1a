"""Which of several processes of one computation this is, where a scheduler started them all."""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["local_rank_of", "rank_of", "scheduled"]


def scheduled(environment: Mapping[str, str] = os.environ) -> int:
    """Return how many processes a scheduler started for one command; 1 where none did.

    torchrun says it in WORLD_SIZE, srun in SLURM_STEP_NUM_TASKS.
    """
    if _by_torchrun(environment):
        return int(environment["WORLD_SIZE"])
    return int(environment.get("SLURM_STEP_NUM_TASKS", "1"))


def rank_of(environment: Mapping[str, str] = os.environ) -> int:
    """Return this process's number among them; 0 where it is the only one."""
    if scheduled(environment) == 1:
        return 0
    return int(environment["RANK" if _by_torchrun(environment) else "SLURM_PROCID"])


def local_rank_of(environment: Mapping[str, str] = os.environ) -> int:
    """Return this process's number among those on its machine."""
    if scheduled(environment) == 1:
        return 0
    return int(environment["LOCAL_RANK" if _by_torchrun(environment) else "SLURM_LOCALID"])


def _by_torchrun(environment: Mapping[str, str]) -> bool:
    return "RANK" in environment and "WORLD_SIZE" in environment
