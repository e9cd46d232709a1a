"""The frame around a plot: axes, ticks and labels as HTML text around a picture that stretches.

Text keeps its size on every screen and its colour in light and dark; only the picture scales.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.runtime.page.element import Markup, tag


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis: 0 is its left or lower end, 1 the other."""

    position: float
    text: str


@dataclass(frozen=True)
class Axis:
    """What an axis shows, with its unit, and its ticks."""

    label: str
    ticks: Sequence[Tick]


def frame(picture: Markup, x: Axis, y: Axis) -> Markup:
    """A picture with an axis below and one at its left.

    The text is hidden from screen readers: the picture's own description says it in words.
    """
    return tag(
        "div",
        tag("div", y.label, class_="plot-label", aria_hidden="true"),
        tag(
            "div",
            *(tick(mark, "bottom") for mark in y.ticks),
            class_="plot-y",
            aria_hidden="true",
        ),
        tag("div", picture, class_="plot-area"),
        tag(
            "div",
            *(tick(mark, "left") for mark in x.ticks),
            class_="plot-x",
            aria_hidden="true",
        ),
        tag("div", x.label, class_="plot-label plot-label-x", aria_hidden="true"),
        class_="plot",
    )


def tick(mark: Tick, side: str) -> Markup:
    """One label, its place as a percentage from the side where the axis begins.

    Labels at the ends are moved inwards so that they do not stand out of the frame.
    """
    edge = "start" if mark.position < 0.04 else "end" if mark.position > 0.96 else None
    return tag("span", mark.text, class_=edge, style=f"{side}:{100 * mark.position:.2f}%")


def linear_ticks(low: float, high: float, most: int = 5, smallest: float = 0.0) -> list[Tick]:
    """At most `most` round values between low and high, at steps of 1, 2 or 5 times a power of ten.

    No step is below `smallest` (1 for things that are counted). Raises ValueError unless both ends
    are finite, low < high and most is at least 2.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"an axis needs finite ends, the lower first, not {low} and {high}")
    if most < 2:
        raise ValueError(f"an axis has at least 2 ticks, not {most}")
    step = round_step(max((high - low) / (most - 1), smallest))
    decimals = max(0, -math.floor(math.log10(step)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [index * step for index in range(first, last + 1)]
    return [Tick((value - low) / (high - low), f"{value:,.{decimals}f}") for value in values]


def round_step(smallest: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `smallest`.

    >>> [round_step(step) for step in (0.7, 1.0, 1.2, 3.1, 60.0)]
    [1.0, 1.0, 2.0, 5.0, 100.0]
    """
    power = 10.0 ** math.floor(math.log10(smallest))
    return next(
        factor * power for factor in (1, 2, 5, 10) if factor * power >= smallest * (1 - 1e-9)
    )
