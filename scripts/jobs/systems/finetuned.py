"""A classifier that `ctag/finetune_ast` made, by the run that made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from eval.embedders.ast_finetuned import FineTunedAst, stand_in_classifier
from eval.harness.devices import Device
from scripts.runtime.source import Source

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["FineTuned"]


@dataclass(frozen=True)
class FineTuned:
    """Names a run of the fine-tuning; its classifier is loaded when it is needed.

    Attributes:
        source: the run.
        assets: "stand_in" is a small network with random weights and needs no run.
        device: where to compute.
    """

    source: Source
    assets: Literal["published", "stand_in"] = "published"
    device: Device = "auto"

    def load(self, run: Run, labels: Sequence[str]) -> FineTunedAst:
        """Return the classifier.

        Args:
            run: that asks.
            labels: the classes of a stand-in.

        Raises:
            UserError: the run is not there; the message has the command.
        """
        if self.assets == "stand_in":
            return stand_in_classifier(labels)
        folder = self.source.folder(run.config, "classifier").path / "classifier"
        return FineTunedAst(folder, self.device)
