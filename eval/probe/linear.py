"""The paper's probe: one linear layer, trained by Adam, its best epoch chosen by validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from eval.harness.devices import Device
from eval.probe.base import Fitted, Probe, Problem, Progress, Settings
from eval.probe.network import Initialization, Shape
from eval.probe.training import Training, train

__all__ = ["LinearProbe"]


@dataclass(frozen=True)
class LinearProbe(Probe):
    """A linear layer, with the settings of "Contrastive Learning from Synthetic Audio
    Doppelgängers" (Cherep and Singh, 2025, section 4.2) where that states them: Adam, learning rate
    0.001, batches of 32, the benchmark's epochs.

    Attributes:
        learning_rate: of Adam.
        batch_size: examples a step.
        max_epochs: None takes the task's.
        check_every: epochs between two validations.
        patience: validations without a better score after which training stops; None runs all
            epochs.
        initialization: of the weights.
        standardise: whether features are brought to mean 0 and deviation 1.
        device: where it is computed.
        chunk_mb: vectors up to this size, in MB, are held in memory, larger ones read batch by
            batch from the memory map.
    """

    learning_rate: float = 1e-3
    batch_size: int = 32
    max_epochs: int | None = None
    check_every: int = 1
    patience: int | None = None
    initialization: Initialization = "default"
    standardise: bool = False
    device: Device = "cpu"
    chunk_mb: float = 4000.0

    name = "linear"
    deterministic = False
    chooses_once = False

    def fit(
        self,
        problem: Problem,
        seeds: Sequence[int],
        chosen: Sequence[Settings] | None = None,
        progress: Progress | None = None,
    ) -> list[Fitted]:
        """Return one fitted layer a seed; all are trained at once. See `Probe.fit`."""
        shape = Shape(hidden_layers=0, initialization=self.initialization)
        training = Training(
            self.learning_rate,
            self.batch_size,
            self.check_every,
            self.patience,
            self.standardise,
            self.device,
            self.chunk_mb,
        )
        return train(with_epochs(problem, self.max_epochs), shape, training, seeds, progress)


def with_epochs(problem: Problem, max_epochs: int | None) -> Problem:
    """The problem with another number of epochs; None keeps the benchmark's."""
    return problem if max_epochs is None else replace(problem, max_epochs=max_epochs)
