"""One trial of a tuning, as it is kept in checkpoints."""

import dataclasses
from dataclasses import dataclass, field

from scripts.jobs.tune.evaluate import Outcome

__all__ = ["Trial"]


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        number: from 0.
        values: by hyperparameter.
        made_by: what proposed it.
        score: the mean over prompts of the best score; None: it failed, or is not over.
        reason: why it failed.
        is_over: whether it ended, one way or the other.
    """

    number: int
    values: dict[str, float] = field(hash=False)
    made_by: str
    score: float | None = None
    reason: str = ""
    is_over: bool = False

    def ended(self, outcome: Outcome) -> "Trial":
        """The trial with what came of it."""
        return dataclasses.replace(self, score=outcome.score, reason=outcome.reason, is_over=True)

    def __str__(self) -> str:
        said = ", ".join(f"{name} {value:.4g}" for name, value in self.values.items())
        ended = f"failed: {self.reason}" if self.score is None else f"score {self.score:.4f}"
        return f"trial {self.number} ({self.made_by}), {said}: {ended}"
