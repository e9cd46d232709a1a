"""Several processes that train together: one command, the same bits, and one error."""

import os
import subprocess
import sys
from dataclasses import dataclass, replace

import pytest
import torch

from doppel.sources.synthetic import SyntheticSource
from doppel.training.processes import RankFailed
from doppel.training.run import pretrain
from tests.doppel.training.stand_in import CPU, SYNTH, Killed, Witness, recipe

pytestmark = pytest.mark.slow  # each process imports everything

TWO = replace(CPU, n_devices=2)
SETTINGS = {"pairs_per_epoch": 24}  # two steps of two ranks an epoch, and four pairs beside


def state(encoder):
    return {name: value.clone() for name, value in encoder.state_dict().items()}


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    witness = Witness()
    folder = tmp_path_factory.mktemp("two")
    trained = pretrain(recipe(**SETTINGS), 0, folder, witness, TWO)
    return state(trained.encoder), trained.history, witness


def test_two_ranks_make_half_the_steps_and_hear_other_pairs(undisturbed, tmp_path):
    weights, history, witness = undisturbed
    assert witness.begun == [(0, 6)]
    assert [step for step, _ in witness.steps] == [1, 2, 3, 4, 5, 6]
    assert [row["step"] for row in history] == [2.0, 4.0, 6.0]
    alone = pretrain(recipe(**SETTINGS), 0, tmp_path, Witness(), CPU)
    assert [row["step"] for row in alone.history] == [4.0, 8.0, 12.0]
    assert not same(weights, state(alone.encoder))
    assert "LOCAL_RANK" not in os.environ


def test_killed_with_its_ranks_it_ends_with_the_same_bits(undisturbed, tmp_path):
    with pytest.raises(Killed):
        pretrain(recipe(**SETTINGS), 0, tmp_path, Witness(dies_after_step=3), TWO)
    witness = Witness()
    trained = pretrain(recipe(**SETTINGS), 0, tmp_path, witness, TWO)
    assert witness.begun[0][0] in (2, 3)
    assert same(state(trained.encoder), undisturbed[0])
    assert trained.history == undisturbed[1]


@dataclass(frozen=True)
class Broken(SyntheticSource):
    """Has no pairs for rank 1."""

    def training(self, seed, batch_size, rank=0, ranks=1):
        if rank:
            raise OSError("the disk of rank 1 is gone")
        return super().training(seed, batch_size, rank, ranks)


def test_what_went_wrong_in_another_rank_is_said(tmp_path):
    with pytest.raises(RankFailed, match=r"rank 1 failed: .*the disk of rank 1 is gone"):
        pretrain(recipe(source=Broken(SYNTH, delta=0.1)), 0, tmp_path, Witness(), TWO)


def test_ranks_that_a_scheduler_started_make_one_run(plain_environment, tmp_path):
    words = ["experiment=doppel/pretrain", "scale=smoke", "n_devices=2", "device=cpu"]
    own = ["tracker=disabled", f"paths.outputs={tmp_path}"]
    start = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node=2", "-m"]
    done = subprocess.run(
        [*start, "scripts.run", *words, *own],
        env=plain_environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "runs/doppel/pretrain").iterdir()
    assert (folder / "results.json").is_file()
    assert (folder / "encoder.safetensors").is_file()
    assert done.stderr.count("done in") == 1
    assert not list(folder.glob("lock.*"))
