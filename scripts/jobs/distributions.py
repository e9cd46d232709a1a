"""Distributions of several sets side by side, as Figures 3 and 13 of the papers show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from jaxtyping import Float64

matplotlib.use("Agg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import NullFormatter
from scipy.stats import gaussian_kde

__all__ = ["Panel", "ridgelines"]

COLOURS = {
    "synthetic": ("#c2410c", "#ea8a3e", "#b45309", "#d97706"),
    "real": ("#1d4ed8", "#0e7490", "#4338ca", "#0369a1"),
    "mixture": ("#7c3aed", "#a855f7", "#6d28d9", "#9333ea"),
    "other": ("#475569", "#64748b", "#334155", "#94a3b8"),
}
POINTS = 300
HEIGHT = 0.88  # of a ridge, in rows
RANGE = (0.5, 99.5)  # percentiles of all values that an axis spans


@dataclass(frozen=True)
class Panel:
    """One quantity.

    Attributes:
        title: what it is, with its unit.
        values: of each set, NaN where a sound has none.
        floor: where a logarithmic axis begins; lower values stand there. None: a linear axis.
        bounds: between which all values lie by definition, on a linear axis.
    """

    title: str
    values: Mapping[str, Float64[np.ndarray, " _"]]
    floor: float | None = None
    bounds: tuple[float, float] = (-np.inf, np.inf)


def ridgelines(panels: Sequence[Panel], roles: Mapping[str, str], columns: int = 3) -> Figure:
    """A panel a quantity, a ridge a set; the white line is the median.

    Ridges are kernel densities (Scott's rule), all of the same height, in a logarithmic panel of
    the logarithm. Sets with fewer than two different values are drawn as ticks.

    Args:
        panels: the quantities, with the same sets in the same order.
        roles: of each set: synthetic, real, mixture or other; decides the hue.
        columns: panels in a row.
    """
    names = list(panels[0].values)
    colours = _colours(names, roles)
    columns = min(columns, len(panels))
    lines = -(-len(panels) // columns)
    figure = Figure(
        figsize=(3.5 * columns + 0.9, lines * (0.9 + 0.42 * len(names))),
        layout=ConstrainedLayoutEngine(h_pad=0.12),
    )
    grid = figure.subplots(lines, columns, squeeze=False)
    for place, axes in enumerate(grid.flat):
        if place >= len(panels):
            axes.set_axis_off()
            continue
        _panel(axes, panels[place], colours)
        first = place % columns == 0
        axes.set_yticks(range(len(names)), names[::-1] if first else [""] * len(names))
    return figure


def _panel(axes: Axes, panel: Panel, colours: Mapping[str, str]) -> None:
    known = {
        name: _scaled(values[~np.isnan(values)], panel.floor)
        for name, values in panel.values.items()
    }
    low, high = _span(np.concatenate(list(known.values())))
    position = np.linspace(max(low, panel.bounds[0]), min(high, panel.bounds[1]), POINTS)
    ridges = {name: _density(values, position, panel.bounds) for name, values in known.items()}
    places = position if panel.floor is None else 10**position
    for row, (name, values) in enumerate(reversed(known.items())):
        colour, ridge = colours[name], ridges[name]
        order = len(known) - row
        if ridge is None:
            shown = values if panel.floor is None else 10**values
            axes.plot(shown, np.full(shown.size, row + 0.15), "|", color=colour, markersize=9)
            continue
        height = HEIGHT * ridge / ridge.max()
        axes.fill_between(
            places, row, row + height, color=colour, alpha=0.85, linewidth=0, zorder=order
        )
        axes.plot(places, row + height, color="white", linewidth=0.8, zorder=order)
        middle = float(np.median(values))
        top = row + float(np.interp(middle, position, height))
        at = middle if panel.floor is None else 10**middle
        axes.plot([at, at], [row, top], color="white", linewidth=1.6, zorder=order)
    if panel.floor is not None:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(places[0], places[-1])
    axes.set_ylim(-0.1, len(known) + 0.05)
    axes.set_title(panel.title, fontsize=10)
    axes.tick_params(axis="x", labelsize=8)
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.grid(axis="x", color="#e2e8f0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _scaled(values: np.ndarray, floor: float | None) -> np.ndarray:
    return values if floor is None else np.log10(np.maximum(values, floor))


def _span(values: np.ndarray) -> tuple[float, float]:
    """Return the ends of an axis; around a single value, a unit."""
    if values.size == 0:
        return 0.0, 1.0
    low, high = (float(end) for end in np.percentile(values, RANGE))
    margin = 0.06 * (high - low) or 0.5
    return low - margin, high + margin


def _density(
    values: np.ndarray, position: np.ndarray, bounds: tuple[float, float]
) -> np.ndarray | None:
    """Return the density at positions, reflected at bounds; None without a spread to draw."""
    if values.size < 2 or np.ptp(values) < 1e-9 * max(1.0, float(np.abs(values).max())):
        return None
    density = gaussian_kde(values)
    return density(position) + sum(
        density(2 * bound - position) for bound in bounds if np.isfinite(bound)
    )


def _colours(names: Sequence[str], roles: Mapping[str, str]) -> dict[str, str]:
    """Return a colour a set: hues by role, another one for each set of a role."""
    used: dict[str, int] = {}
    colours = {}
    for name in names:
        shades = COLOURS[roles[name]]
        place = used.setdefault(roles[name], 0)
        colours[name] = shades[place % len(shades)]
        used[roles[name]] += 1
    return colours
