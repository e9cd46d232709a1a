"""Training of a whole network: it learns, and resumes with the same bits."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from eval.finetuning import FineTuning, fine_tune, predict

SETTINGS = FineTuning(epochs=6, batch_size=8, learning_rate=0.02, frequency_mask=1, time_mask=1)
N = 24
GENERATOR = torch.Generator().manual_seed(0)
LABELS = [number % 3 for number in range(N)]
DATA = torch.randn(N, 6, 4, generator=GENERATOR)
for number, label in enumerate(LABELS):
    DATA[number, :, label] += 3.0


class Linear(torch.nn.Module):
    """A network with dropout, as AST has."""

    def __init__(self):
        super().__init__()
        self.map = torch.nn.Linear(24, 3)
        self.drop = torch.nn.Dropout(0.1)

    def forward(self, x):
        return SimpleNamespace(logits=self.map(self.drop(x.flatten(1))))


def network():
    torch.manual_seed(1)
    return Linear()


def inputs(numbers):
    return DATA[list(numbers)]


def trained(settings=SETTINGS, **more):
    made = network()
    losses = fine_tune(made, inputs, LABELS, range(N), settings, 3, "cpu", **more)
    return made, losses


def test_it_learns_what_can_be_learned():
    made, losses = trained()
    assert losses[-1] < 0.3 * losses[0]
    logits = predict(made, inputs, range(N), chunk=5, device="cpu")
    assert (logits.argmax(axis=1) == LABELS).all()


def test_an_interrupted_training_ends_with_the_same_bits():
    kept = []
    whole, losses = trained(save=lambda state: kept.append(state))
    saved = {"network": {}, "adam": {}, "losses": kept[2]["losses"][:3]}

    def keep(state):
        if len(state["losses"]) == 3:
            saved["network"] = {k: v.numpy().copy() for k, v in state["network"].items()}
            saved["adam"] = {
                k: {n: v.numpy().copy() for n, v in entry.items()}
                for k, entry in state["adam"].items()
            }
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(save=keep)
    again, later = trained(saved=saved)
    assert later == losses
    for a, b in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)


def test_how_many_go_through_at_a_time_changes_rounding_only():
    calm = {"epochs": 2, "batch_size": 8, "learning_rate": 0.02}
    made = []
    for chunk in (8, 3):
        one = network()
        one.drop.p = 0.0
        settings = FineTuning(**calm, chunk_examples=chunk)
        fine_tune(one, inputs, LABELS, range(N), settings, 3, "cpu")
        made.append(one.map.weight.detach().numpy())
    np.testing.assert_allclose(*made, atol=1e-5)


def test_a_rate_that_is_too_high_is_said_so():
    made = network()
    with torch.no_grad():
        made.map.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="lower the learning rate"):
        fine_tune(made, inputs, LABELS, range(N), SETTINGS, 0, "cpu")
    with pytest.raises(ValueError, match="no example"):
        fine_tune(network(), inputs, LABELS, [], SETTINGS, 0, "cpu")
    with pytest.raises(ValueError, match="must be positive"):
        FineTuning(epochs=0)
