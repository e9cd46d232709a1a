"""Pretraining as a whole: it learns, stops, goes on with the same bits, and says what is wrong."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from doppel.encoders.resnet import ResNetEncoder
from doppel.losses import AlignUniform
from doppel.schedule import Adaptive
from doppel.training.checkpoint_io import newest
from doppel.training.optimizers import AdamW
from doppel.training.projection import Projection
from doppel.training.run import CHECKPOINT, Collapsed, pretrain
from eval.harness.checkpoints import CheckpointError
from tests.doppel.training.stand_in import CPU, Killed, Witness, recipe

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:lightning")


def weights_of(trained):
    return {name: value.clone() for name, value in trained.encoder.state_dict().items()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return pretrain(recipe(delta=ADAPTIVE), 1, tmp_path_factory.mktemp("whole"), Witness(), CPU)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return pretrain(recipe(), 1, tmp_path_factory.mktemp("plain"), Witness(), CPU)


ADAPTIVE = Adaptive(level=0.2, first=0.05, hold=1)


def assert_same(trained, expected):
    ours, theirs = weights_of(trained), weights_of(expected)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert torch.equal(ours[name], value), name
    assert trained.history == expected.history


STEPS = [pytest.param(step, marks=[pytest.mark.slow] * (step != 4)) for step in range(1, 9)]


@pytest.mark.parametrize("step", STEPS)
def test_killed_after_any_step_it_ends_with_the_same_bits(step, tmp_path, undisturbed):
    """Step 3 and 6 are the last ones of an epoch."""
    with pytest.raises(Killed):
        pretrain(recipe(delta=ADAPTIVE), 1, tmp_path, Witness(dies_after_step=step), CPU)
    witness = Witness()
    again = pretrain(recipe(delta=ADAPTIVE), 1, tmp_path, witness, CPU)
    # The checkpoint of a step is written after it was told.
    assert witness.begun == [(step - 1, 9)]
    assert [number for number, _ in witness.steps] == list(range(step, 10))
    assert_same(again, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [1, 2])
def test_killed_in_a_validation_it_ends_with_the_same_bits(epoch, tmp_path, undisturbed):
    with pytest.raises(Killed):
        pretrain(recipe(delta=ADAPTIVE), 1, tmp_path, Witness(dies_after_epoch=epoch), CPU)
    witness = Witness()
    again = pretrain(recipe(delta=ADAPTIVE), 1, tmp_path, witness, CPU)
    assert witness.begun == [(3 * epoch - 1, 9)]
    assert_same(again, undisturbed)


def test_it_learns_and_tells(undisturbed, tmp_path):
    witness = Witness()
    trained = pretrain(recipe(optimizer=AdamW(5e-3)), 0, tmp_path, witness, CPU)
    assert [row["epoch"] for row in trained.history] == [1, 2, 3]
    assert witness.rows == trained.history
    losses = [figures["train/loss"] for _, figures in witness.steps]
    assert losses[-1] < losses[0]
    assert set(trained.shares) == {"render", "augment", "front_end", "encoder"}
    assert 0 < sum(trained.shares.values()) <= 1
    assert not trained.encoder.training


@pytest.mark.slow
def test_a_projection_learns_with_the_encoder_and_goes_on_after_a_kill(tmp_path):
    settings = recipe(projection=Projection(dimension=3), encoder=ResNetEncoder(2, (1, 1, 1, 1)))
    whole = pretrain(settings, 1, tmp_path / "whole", Witness(), CPU)
    with pytest.raises(Killed):
        pretrain(settings, 1, tmp_path, Witness(dies_after_step=5), CPU)
    again = pretrain(settings, 1, tmp_path, Witness(), CPU)
    assert_same(again, whole)
    assert not [name for name in weights_of(whole) if "head" in name]


@pytest.mark.slow
def test_another_seed_is_another_training(undisturbed, tmp_path):
    other = pretrain(recipe(delta=ADAPTIVE), 2, tmp_path, Witness(), CPU)
    assert other.history != undisturbed.history


@pytest.mark.slow
def test_a_checkpoint_cut_in_half_gives_way_to_the_one_before(tmp_path, undisturbed, caplog):
    with pytest.raises(Killed):
        pretrain(recipe(delta=ADAPTIVE), 1, tmp_path, Witness(dies_after_step=6), CPU)
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    witness = Witness()
    again = pretrain(recipe(delta=ADAPTIVE), 1, tmp_path, witness, CPU)
    assert witness.begun == [(4, 9)]
    assert "going on from the one before" in caplog.text
    assert_same(again, undisturbed)


def test_checkpoints_that_cannot_be_read_are_named(tmp_path):
    assert newest(tmp_path / CHECKPOINT) is None
    for name in (CHECKPOINT, "training.before.ckpt"):
        (tmp_path / name).write_bytes(b"half of a fi")
    with pytest.raises(CheckpointError, match="Delete them to start from the beginning"):
        newest(tmp_path / CHECKPOINT)


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    torch.save({"state": Evil()}, tmp_path / CHECKPOINT)
    with pytest.raises(CheckpointError, match="cannot be read"):
        newest(tmp_path / CHECKPOINT)
    assert not (tmp_path / "made").exists()


@pytest.mark.slow
def test_a_collapse_stops_the_run_and_says_what_helps(tmp_path):
    """Alignment alone is smallest where all sounds are the same."""
    alone = AlignUniform(uniform_weight=0.0)
    settings = recipe(loss=alone, optimizer=AdamW(0.05), epochs=10, collapsed_below=3.0)
    with pytest.raises(Collapsed, match=r"effective rank of [\d.]+; lower the step size"):
        pretrain(settings, 0, tmp_path, Witness(), CPU)


@pytest.mark.slow
def test_a_step_size_far_too_large_is_said_so(tmp_path):
    settings = recipe(optimizer=AdamW(1e30))
    with pytest.raises(FloatingPointError, match="not finite at step"):
        pretrain(settings, 0, tmp_path, Witness(), CPU)


@pytest.mark.slow
def test_an_encoder_goes_on_from_anothers_weights(tmp_path, undisturbed):
    settings = recipe(optimizer=AdamW(0.0), epochs=1)
    first = settings.encoder.build()
    first.load_state_dict(undisturbed.encoder.state_dict())
    trained = pretrain(settings, 0, tmp_path, Witness(), CPU, first=first)
    for name, value in undisturbed.encoder.named_parameters():
        assert torch.equal(dict(trained.encoder.named_parameters())[name], value)


SCRIPT = """
import signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)
from doppel.training.run import Hardware, pretrain
from tests.doppel.training.stand_in import CPU, Witness, recipe
class Slow(Witness):
    def step(self, step, figures):
        print(step, flush=True)
        time.sleep(0.3)
trained = pretrain(recipe(), 1, Path(sys.argv[1]), Slow(), Hardware("cpu", checkpoint_every=100))
print("end", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "step", "goes_on"),
    [
        (signal.SIGTERM, 2, 2),
        (signal.SIGTERM, 3, 3),  # the last one of an epoch: after its validation
        (signal.SIGINT, 2, 2),
        (signal.SIGKILL, 2, 0),
    ],
)
def test_a_stopped_process_leaves_a_checkpoint_and_a_killed_one_begins_anew(
    number, step, goes_on, tmp_path, plain
):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while process.stdout.readline().strip() != str(step):
        assert process.poll() is None, "it ended before"
    time.sleep(0.05)
    process.send_signal(number)
    assert "end" not in process.communicate(timeout=60)[0]
    assert process.returncode != 0
    witness = Witness()
    again = pretrain(recipe(), 1, tmp_path, witness, CPU)
    assert witness.begun == [(goes_on, 9)]
    assert_same(again, plain)
