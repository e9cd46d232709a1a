"""Trains a whole network on a labelled set, as AST was for ESC-50 (Gong et al., 2021)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Float32

from eval.harness.devices import Device, torch_device

__all__ = ["FineTuning", "fine_tune", "predict"]

Inputs = Callable[[Sequence[int]], Float[torch.Tensor, "batch n_frames n_mels"]]
"""From numbers of examples to what the network takes."""


@dataclass(frozen=True)
class FineTuning:
    """How a network is trained; the defaults are AST's recipe for ESC-50.

    Attributes:
        epochs: passes over the examples.
        batch_size: examples a step.
        learning_rate: of Adam at first.
        decay: what the rate is multiplied by after every epoch from `decay_from` on.
        decay_from: see `decay`.
        frequency_mask, time_mask: the widest bands of mels and frames that are set to 0, drawn anew
            for every example and epoch (SpecAugment).
        chunk_examples: of a batch in one pass, at most; it bounds the memory.
    """

    epochs: int = 25
    batch_size: int = 48
    learning_rate: float = 1e-5
    decay: float = 0.85
    decay_from: int = 5
    frequency_mask: int = 24
    time_mask: int = 96
    chunk_examples: int = 12

    def __post_init__(self) -> None:
        """Refuse what cannot be trained.

        Raises:
            ValueError: a number is out of range.
        """
        if min(self.epochs, self.batch_size, self.chunk_examples) < 1 or self.learning_rate <= 0:
            raise ValueError(
                f"epochs {self.epochs}, batch_size {self.batch_size}, chunk_examples "
                f"{self.chunk_examples} and learning_rate {self.learning_rate} must be positive"
            )

    def rate(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 1.

        >>> [FineTuning().rate(epoch) for epoch in (1, 5, 6)]
        [1e-05, 1e-05, 8.5e-06]
        """
        return self.learning_rate * self.decay ** max(0, epoch - self.decay_from)


def fine_tune(
    network: Any,
    inputs: Inputs,
    labels: Sequence[int],
    train: Sequence[int],
    settings: FineTuning,
    seed: int = 0,
    device: Device = "auto",
    progress: Callable[[int, float], None] | None = None,
    save: Callable[[dict[str, Any]], None] | None = None,
    saved: Mapping[str, Any] | None = None,
) -> list[float]:
    """Train in place by cross entropy; an interrupted training goes on and ends the same.

    The order of examples and their masks depend on the seed, the epoch and the example alone.

    Args:
        network: gives an object with `logits`.
        inputs: of examples by number.
        labels: the class of every example.
        train: numbers of the examples to train on.
        settings: how.
        seed: of order, masks and dropout.
        device: where it is computed.
        progress: called after every epoch with its number and mean loss.
        save: called after every epoch with the state.
        saved: a state to go on from.

    Returns:
        The mean loss of every epoch.

    Raises:
        ValueError: there is nothing to train on.
    """
    if not len(train):
        raise ValueError("there is no example to train on")
    place = torch_device(device)
    network.to(place).requires_grad_(True).train()
    weights = list(network.parameters())
    adam = torch.optim.Adam(
        weights, lr=settings.learning_rate, betas=(0.95, 0.999), weight_decay=5e-7
    )
    losses: list[float] = []
    if saved is not None:
        losses = list(saved["losses"])
        _restore(network, adam, saved)
    examples = np.asarray(train)
    for epoch in range(len(losses) + 1, settings.epochs + 1):
        for group in adam.param_groups:
            group["lr"] = settings.rate(epoch)
        order = np.random.default_rng([seed, epoch]).permutation(examples)
        torch.manual_seed(seed * 1_000_003 + epoch)
        total = 0.0
        for start in range(0, len(order), settings.batch_size):
            batch = order[start : start + settings.batch_size]
            adam.zero_grad()
            for first in range(0, len(batch), settings.chunk_examples):
                part = batch[first : first + settings.chunk_examples].tolist()
                x = _masked(inputs(part), part, settings, [seed, epoch]).to(place)
                wanted = torch.tensor([labels[number] for number in part], device=place)
                loss = F.cross_entropy(network(x).logits, wanted, reduction="sum") / len(batch)
                loss.backward()
                total += float(loss.detach()) * len(batch)
            adam.step()
        losses.append(total / len(order))
        if not np.isfinite(losses[-1]):
            raise ValueError(f"the loss of epoch {epoch} is not finite: lower the learning rate")
        if save is not None:
            save(_packed(network, adam, losses))
        if progress is not None:
            progress(epoch, losses[-1])
    network.eval().requires_grad_(False)
    return losses


def predict(
    network: Any, inputs: Inputs, numbers: Sequence[int], chunk: int = 12, device: Device = "auto"
) -> Float32[np.ndarray, "n n_classes"]:
    """Return the logits of examples by number."""
    place = torch_device(device)
    network.to(place).eval()
    found = []
    with torch.no_grad():
        for start in range(0, len(numbers), chunk):
            x = inputs(list(numbers[start : start + chunk])).to(place)
            found.append(network(x).logits.float().cpu().numpy())
    return np.concatenate(found)


def _masked(
    x: torch.Tensor, numbers: Sequence[int], settings: FineTuning, seed: Sequence[int]
) -> torch.Tensor:
    """Bands of mels and of frames set to 0, the mean of all sounds."""
    masked = x.clone()
    for row, number in enumerate(numbers):
        rng = np.random.default_rng([*seed, number])
        for widest, size, axis in (
            (settings.frequency_mask, x.shape[2], 1),
            (settings.time_mask, x.shape[1], 0),
        ):
            width = int(rng.integers(0, min(widest, size) + 1))
            start = int(rng.integers(0, size - width + 1))
            band = slice(start, start + width)
            if axis:
                masked[row, :, band] = 0
            else:
                masked[row, band] = 0
    return masked


def _packed(network: Any, adam: torch.optim.Adam, losses: list[float]) -> dict[str, Any]:
    """The state as arrays and numbers."""
    state = adam.state_dict()["state"]
    return {
        "network": dict(network.state_dict()),
        "adam": {str(key): dict(value) for key, value in state.items()},
        "losses": losses,
    }


def _restore(network: Any, adam: torch.optim.Adam, saved: Mapping[str, Any]) -> None:
    """The inverse of `_packed`."""
    network.load_state_dict({k: torch.as_tensor(v) for k, v in saved["network"].items()})
    moments = {
        int(key): {name: torch.as_tensor(value) for name, value in entry.items()}
        for key, entry in saved["adam"].items()
    }
    adam.load_state_dict({"state": moments, "param_groups": adam.state_dict()["param_groups"]})
