"""Optimisers, the spread of vectors, vectors of all ranks, and settings that are refused."""

import math
import signal
import subprocess
import sys

import pytest
import torch

from doppel.augmentation.chain import Chain
from doppel.augmentation.spec_augment import SpecAugment
from doppel.sources.synthetic import SyntheticSource
from doppel.training.gathered import gathered
from doppel.training.optimizers import AdamW, Optimizer, PublishedSGD
from doppel.training.run import CHECKPOINT, _Keeper, _Stopped
from doppel.training.spread import spread_of
from tests.doppel.training.stand_in import CPU, SYNTH, Witness, recipe


def test_the_published_step_size_is_the_papers():
    """0.72 for two GPUs with 768 pairs each, 0.0072 after two of three milestones."""
    sgd = PublishedSGD()
    assert isinstance(sgd, Optimizer)
    built = sgd.build([torch.nn.Parameter(torch.zeros(2))], 1536)
    assert built.param_groups[0]["lr"] == pytest.approx(0.72)
    assert [sgd.factor(epoch / 200) for epoch in (0, 154, 155, 169, 170, 185)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.001]
    )
    small = sgd.build([torch.nn.Parameter(torch.zeros(2))], 64)
    assert small.param_groups[0]["lr"] == pytest.approx(0.03)


def test_the_cosine_rises_and_ends_at_nothing():
    adam = AdamW(warm_up=0.1)
    assert [adam.factor(p) for p in (0.0, 0.05, 0.1, 0.55, 1.0)] == pytest.approx(
        [0, 0.5, 1, 0.5, 0], abs=1e-9
    )
    layer = torch.nn.Linear(2, 3)
    groups = adam.build(layer.parameters(), 64).param_groups
    assert [(group["weight_decay"], len(group["params"])) for group in groups] == [
        (1e-4, 1),
        (0.0, 1),
    ]


def test_spread_of_known_sets():
    axes = torch.cat([torch.eye(8), -torch.eye(8)])
    spread = spread_of(axes)
    assert spread.effective_rank == pytest.approx(8.0)
    assert spread.deviation == pytest.approx(1.0)
    line = spread_of(torch.tensor([[1.0, 0, 0], [-1.0, 0, 0], [2.0, 0, 0]]))
    assert line.effective_rank == pytest.approx(1.0)
    assert spread_of(torch.ones(4, 3)) == (0.0, pytest.approx(0.0, abs=1e-12))
    assert math.isnan(spread_of(torch.tensor([[1.0, math.nan], [0.0, 1.0]])).effective_rank)


def test_one_process_has_all_vectors_already():
    vectors = torch.randn(3, 2)
    assert gathered(vectors) is vectors


RANKS = """
import sys, torch
import torch.distributed as dist
from doppel.losses import AlignUniform
from doppel.training.gathered import gathered, ranks
rank = int(sys.argv[1])
dist.init_process_group("gloo", init_method=f"file://{sys.argv[2]}", rank=rank, world_size=2)
torch.manual_seed(0)
weight = torch.randn(4, 3, dtype=torch.float64)
first, second = torch.randn(2, 8, 4, dtype=torch.float64)
def loss_of(weight, first, second):
    unit = torch.nn.functional.normalize
    return AlignUniform()(*(gathered(unit(side @ weight, dim=1)) for side in (first, second)))
assert ranks() == 2
mine = weight.clone().requires_grad_()
half = slice(4 * rank, 4 * rank + 4)
loss = loss_of(mine, first[half], second[half])
loss.backward()
dist.all_reduce(mine.grad)  # as distributed training does: the mean over ranks
dist.destroy_process_group()
whole = weight.clone().requires_grad_()
expected = loss_of(whole, first, second)
expected.backward()
torch.testing.assert_close(loss, expected)
torch.testing.assert_close(mine.grad / 2, whole.grad)
"""


@pytest.mark.slow
def test_two_ranks_have_the_loss_and_gradient_of_one_with_both_batches(tmp_path):
    processes = [
        subprocess.Popen([sys.executable, "-c", RANKS, str(rank), str(tmp_path / "meeting")])
        for rank in range(2)
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"epochs": 0}, "epochs=0"),
        ({"batch_size": 1}, "the loss compares pairs"),
        ({"validation_share": 1.0}, "between 0 and 1"),
        ({"pairs_per_epoch": 5}, "pairs_per_epoch=5"),
        ({"source": SyntheticSource(SYNTH, sample_rate=8000.0)}, "the pairs have 8000 Hz"),
        ({"augmentation": SpecAugment()}, "augmentation changes sounds, and SpecAugment does not"),
        ({"picture_augmentation": Chain()}, "changes pictures, and Chain does not"),
    ],
)
def test_what_cannot_be_trained_is_refused(settings, says):
    with pytest.raises(ValueError, match=says):
        recipe(**settings)


def test_steps_are_whole_batches_of_all_ranks():
    settings = recipe(pairs_per_epoch=100_000, validation_share=0.1, batch_size=768)
    assert settings.steps_per_epoch(2) == 58
    assert settings.validation_pairs == 10_000
    with pytest.raises(ValueError, match="each of 200 ranks"):
        settings.steps_per_epoch(200)


def test_a_rank_that_stops_because_another_was_asked_is_not_finished(tmp_path):
    asked = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
    try:
        keeper = _Keeper(tmp_path / CHECKPOINT, recipe(), Witness(), CPU)
        with keeper.listening():
            raise _Stopped
    finally:
        signal.signal(signal.SIGTERM, before)
    assert asked == [signal.SIGTERM]
