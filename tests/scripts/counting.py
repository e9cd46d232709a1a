"""The job of the runner's own tests: it counts, keeps checkpoints, and can be told to misbehave."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.runtime.run import Run


class Weight(Protocol):
    """What a count multiplies its steps by."""

    factor: float

    def weigh(self, value: float) -> float:
        """The weighted value."""
        ...


@dataclass
class Constant:
    """One weight for all steps."""

    factor: float = 1.0

    def weigh(self, value: float) -> float:
        """The value times the factor."""
        return self.factor * value


@dataclass
class Stranger:
    """Not a weight."""

    factor: float = 1.0


@dataclass
class Count:
    """Sums random numbers, one a step, with a checkpoint after every step."""

    steps: int
    kind: Literal["plain", "fancy"] = "plain"
    rates: Sequence[float] = ()
    weight: Weight | None = None
    source: Path | None = None
    page: OutputPath | None = None
    workers: int = 1
    sleep_s: float = 0.0
    kill_at: int | None = None
    error: Literal["user", "bug", "file", "disk", "metrics", "lock"] | None = None

    def __call__(self, run: Run) -> dict[str, float]:
        state = run.checkpoints.load("count") or {"step": 0, "sum": np.zeros(3)}
        state["sum"] = np.array(state["sum"])
        with run.progress(self.steps, "counting", done=state["step"]) as bar:
            for step in range(state["step"], self.steps):
                if step == self.kill_at and not run.artifact("killed").exists():
                    run.artifact("killed").touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(self.sleep_s)
                drawn = np.random.default_rng((run.seed, step)).standard_normal(3)
                state = {"step": step + 1, "sum": state["sum"] + drawn}
                run.checkpoints.save("count", state)
                run.tracker.log({"sum": float(state["sum"].sum())}, step=step)
                bar.update(sum=float(state["sum"].sum()))
        if self.error == "lock":  # as if this process had slept, and another had taken over
            run.artifact("lock.99").write_text("{}")
            run.artifact("environment.json").write_text("the successor's")
            run.checkpoints.save("count", state)
        self._misbehave()
        total = float(state["sum"].sum())
        if self.error == "metrics":
            return {"total": "much"}  # type: ignore[dict-item]
        return {"total": self.weight.weigh(total) if self.weight else total}

    def _misbehave(self) -> None:
        if self.error == "user":
            raise UserError("the sound is too quiet: make it louder")
        if self.error == "bug":
            raise KeyError("nobody wrote this for a person")
        if self.error == "file":
            Path("/nowhere/at/all.wav").read_bytes()
        if self.error == "disk":
            raise OSError(28, "No space left on device", "/full/results.bin")


def not_annotated(first, second=2):
    """A function without annotations: its arguments may be anything, their names may not."""
    return first, second
