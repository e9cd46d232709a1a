"""The job of the tests of sources: it reads what another run counted."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.runtime.run import Run
from scripts.runtime.source import Source


@dataclass
class Ask:
    """Multiplies the total of another run."""

    source: Source
    factor: float = 1.0
    file: str = "results.json"

    def __call__(self, run: Run) -> dict[str, float]:
        """The product."""
        found = self.source.folder(run.config, self.file)
        return {"product": self.factor * found.metrics["total"]}
