"""A curve over steps as inline SVG, such as the best score of a search by generation."""

import math
from collections.abc import Sequence

from scripts.runtime.page.element import Markup, tag
from scripts.runtime.page.plot import Axis, Tick, frame, linear_ticks

WIDTH, HEIGHT = 640, 200  # of the drawing's own coordinates; the page stretches them
MOST_POINTS = 400


def curve(values: Sequence[float], label: str, steps: str = "iteration") -> Markup:
    """A line through values (n,), the first at step 1, with the last one's value in the caption.

    Long series are thinned to every n-th point, the last kept. Raises ValueError where a value is
    not finite or there is none.
    """
    values = [float(value) for value in values]
    if not values or not all(map(math.isfinite, values)):
        raise ValueError(f"the curve {label!r} needs finite values, given {values[:5]}")
    low, high = padded(min(values), max(values))
    last = max(len(values), 2)
    chosen = list(range(0, len(values), math.ceil(len(values) / MOST_POINTS)))
    if chosen[-1] != len(values) - 1:
        chosen.append(len(values) - 1)
    points = [
        (WIDTH * index / (last - 1), HEIGHT * (1 - (values[index] - low) / (high - low)))
        for index in chosen
    ]
    if len(points) == 1:
        points.append((WIDTH, points[0][1]))
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    count = f"{len(values)} {steps}{'' if len(values) == 1 else 's'}"
    words = f"{label} over {count}: from {values[0]:.4g} to {values[-1]:.4g}"
    drawing = tag(
        "svg",
        tag("polygon", points=f"0,{HEIGHT} {line} {points[-1][0]:.1f},{HEIGHT}"),
        tag("polyline", points=line),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        preserveAspectRatio="none",
        role="img",
        aria_label=words,
        class_="curve",
    )
    return tag(
        "figure",
        tag("figcaption", f"{label}, ", tag("strong", f"{values[-1]:.4g}"), f" after {count}"),
        frame(
            drawing,
            x=Axis(steps, step_ticks(last)),
            y=Axis("", linear_ticks(low, high, most=4)),
        ),
        class_="curve-figure",
    )


def step_ticks(last: int) -> list[Tick]:
    """Round steps up to the last, and the first, which is 1, where it has room."""
    ticks = linear_ticks(1, last, most=6, smallest=1)
    return ticks if ticks and ticks[0].position < 0.1 else [Tick(0.0, "1"), *ticks]


def padded(low: float, high: float) -> tuple[float, float]:
    """The range with a twentieth of it at either end; around a constant, half a unit or 5 %."""
    margin = 0.05 * (high - low) or max(0.05 * abs(high), 1e-6)
    return low - margin, high + margin
