"""How delta changes over training: fixed, along a curve, or led by the alignment loss.

The published runs hold delta for good. A small run learns nothing at a large delta, where hardly
any two views of a pair can be told from views of others; so delta may begin small, or be whatever
keeps the alignment loss where there is something to learn.

All that a schedule remembers is a small dictionary of numbers, which goes into checkpoints: a run
that goes on from one sees the deltas that it would have seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

__all__ = ["Adaptive", "Constant", "Ramp", "Schedule"]

State = dict[str, float]


@runtime_checkable
class Schedule(Protocol):
    """Says delta at every step of training."""

    def start(self) -> State:
        """Return the state of a training that has not begun; JSON can hold it."""
        ...

    def delta(self, state: State, progress: float) -> float:
        """Return delta for the next step.

        Args:
            state: of now.
            progress: the share of training that is over, 0 to 1.
        """
        ...

    def after(self, state: State, alignment: float) -> State:
        """Return the state after a step; the one given is left as it is.

        Args:
            state: of before the step.
            alignment: the step's alignment loss.
        """
        ...


@dataclass(frozen=True)
class Constant:
    """The same delta at every step, as published.

    Attributes:
        value: of delta, 0 or more.
    """

    value: float = 0.25

    def __post_init__(self) -> None:
        """Refuse what no delta can be.

        Raises:
            ValueError: it is negative or no number.
        """
        _check_delta("value", self.value)

    def start(self) -> State:
        """Return an empty state."""
        return {}

    def delta(self, state: State, progress: float) -> float:
        """Return the value."""
        return self.value

    def after(self, state: State, alignment: float) -> State:
        """Return the state as it is."""
        return dict(state)


@dataclass(frozen=True)
class Ramp:
    """From one delta to another over a share of training, and constant before and after.

    Attributes:
        first, last: deltas at both ends, 0 or more; above 0 where the shape is geometric.
        shape: linear; cosine, which leaves and arrives gently; geometric, by equal ratios.
        begin: the share of training after which it begins.
        share: of training over which it goes; 0 is a jump.
    """

    first: float
    last: float
    shape: Literal["linear", "cosine", "geometric"] = "linear"
    begin: float = 0.0
    share: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no way from one delta to another.

        Raises:
            ValueError: a delta that is negative, or 0 where ratios are equal; shares outside of
                training.
        """
        _check_delta("first", self.first)
        _check_delta("last", self.last)
        if self.shape == "geometric" and not min(self.first, self.last) > 0:
            raise ValueError(
                "a geometric ramp needs deltas above 0 at both ends, got "
                f"{self.first} and {self.last}: begin at a small one, or take shape linear"
            )
        if not (min(self.begin, self.share) >= 0 and self.begin + self.share <= 1 + 1e-9):
            raise ValueError(
                "begin and share are shares of training, 0 or more and 1 at most together, "
                f"got {self.begin} and {self.share}"
            )

    def start(self) -> State:
        """Return an empty state."""
        return {}

    def delta(self, state: State, progress: float) -> float:
        """Return delta at that share of training."""
        if progress >= self.begin + self.share:
            return self.last
        if progress <= self.begin:
            return self.first
        way = (progress - self.begin) / self.share
        if self.shape == "geometric":
            return self.first * (self.last / self.first) ** way
        if self.shape == "cosine":
            way = (1 - math.cos(math.pi * way)) / 2
        return self.first + (self.last - self.first) * way

    def after(self, state: State, alignment: float) -> State:
        """Return the state as it is."""
        return dict(state)


@dataclass(frozen=True)
class Adaptive:
    """Raises or lowers delta so that the smoothed alignment loss stays at a level.

    After each step log delta moves by `rate` times the relative distance of the smoothed loss to
    the level: a loss below it, pairs that are easy, raises delta. The bounds hold delta itself, so
    that nothing winds up while it rests on one of them.

    Attributes:
        level: of the alignment loss, which is 2 for views that know nothing of each other (the
            squared distance of independent unit vectors) and 0 for equal ones.
        first: delta at the beginning.
        lowest, highest: bounds of delta, above 0.
        rate: of log delta a step, at most, for a loss of 0.
        smoothing: how much of the smoothed loss a step keeps, 0 (nothing) to below 1.
        hold: steps at the beginning in which delta rests: an encoder that has not learnt anything
            maps all sounds to about the same place, where every pair looks easy.
    """

    level: float = 1.0
    first: float = 0.05
    lowest: float = 0.01
    highest: float = 0.5
    rate: float = 0.02
    smoothing: float = 0.9
    hold: int = 50

    def __post_init__(self) -> None:
        """Refuse what cannot be held.

        Raises:
            ValueError: a setting outside of its range, by name.
        """
        if not 0 < self.lowest <= self.first <= self.highest < math.inf:
            raise ValueError(
                "0 < lowest <= first <= highest is needed, got "
                f"{self.lowest}, {self.first}, {self.highest}"
            )
        if not 0 < self.level < 4:
            raise ValueError(
                f"level lies between 0 (equal views) and 4 (opposite ones), got {self.level}"
            )
        if not (self.rate > 0 and 0 <= self.smoothing < 1 and self.hold >= 0):
            raise ValueError(
                "rate must be above 0, smoothing in [0, 1) and hold 0 or more, "
                f"got {self.rate}, {self.smoothing} and {self.hold}"
            )

    def start(self) -> State:
        """Return the first delta, no step, and no loss yet."""
        return {"delta": self.first, "smoothed": 0.0, "steps": 0.0}

    def delta(self, state: State, progress: float) -> float:
        """Return the delta that the losses so far have led to."""
        return state["delta"]

    def after(self, state: State, alignment: float) -> State:
        """Return the state after a step; a loss that is no finite number changes nothing."""
        if not math.isfinite(alignment):
            return dict(state)
        steps = state["steps"] + 1
        keep = self.smoothing if steps > 1 else 0.0
        smoothed = keep * state["smoothed"] + (1 - keep) * alignment
        delta = state["delta"]
        if steps > self.hold:
            distance = max(-1.0, min(1.0, (self.level - smoothed) / self.level))
            delta = min(self.highest, max(self.lowest, delta * math.exp(self.rate * distance)))
        return {"delta": delta, "smoothed": smoothed, "steps": steps}


def _check_delta(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} is a delta, a number of 0 or more, got {value}")
