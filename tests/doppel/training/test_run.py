"""Pretraining as a whole: it learns, stops, goes on with the same bits, and says what is wrong."""


import pytest
import torch

from doppel.schedule import Adaptive
from doppel.training.run import pretrain
from tests.doppel.training.stand_in import CPU, Killed, Witness, recipe

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:lightning")


def weights_of(trained):
    return {name: value.clone() for name, value in trained.encoder.state_dict().items()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return pretrain(recipe(delta=ADAPTIVE), 1, tmp_path_factory.mktemp("whole"), Witness(), CPU)


ADAPTIVE = Adaptive(level=0.2, first=0.05, hold=1)


def assert_same(trained, expected):
    ours, theirs = weights_of(trained), weights_of(expected)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert torch.equal(ours[name], value), name
    assert trained.history == expected.history


@pytest.mark.parametrize("step", range(1, 9))
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


@pytest.mark.parametrize("epoch", [1, 2])
def test_killed_in_a_validation_it_ends_with_the_same_bits(epoch, tmp_path, undisturbed):
    with pytest.raises(Killed):
        pretrain(recipe(delta=ADAPTIVE), 1, tmp_path, Witness(dies_after_epoch=epoch), CPU)
    witness = Witness()
    again = pretrain(recipe(delta=ADAPTIVE), 1, tmp_path, witness, CPU)
    assert witness.begun == [(3 * epoch - 1, 9)]
    assert_same(again, undisturbed)
