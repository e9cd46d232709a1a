"""Which process this is, as schedulers tell it."""

import pytest

from eval.harness.ranks import local_rank_of, rank_of, scheduled

TORCHRUN = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}
SRUN = {"SLURM_STEP_NUM_TASKS": "8", "SLURM_PROCID": "5", "SLURM_LOCALID": "1"}
# A batch job of one task, and what a shell inside an allocation of several has.
BATCH = {"SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"}
ALLOCATION = {"SLURM_NTASKS": "8", "SLURM_JOB_ID": "7"}


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, (1, 0, 0)),
        (TORCHRUN, (8, 5, 1)),
        (SRUN, (8, 5, 1)),
        (BATCH, (1, 0, 0)),
        (ALLOCATION, (1, 0, 0)),
        ({"LOCAL_RANK": "1"}, (1, 0, 0)),
        (SRUN | TORCHRUN | {"RANK": "3"}, (8, 3, 1)),
    ],
)
def test_a_scheduler_says_how_many_and_which(environment, found):
    assert (scheduled(environment), rank_of(environment), local_rank_of(environment)) == found
