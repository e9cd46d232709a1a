"""Pictures of distances: bars with their intervals and floors, the extrapolation, the two sets."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib
import numpy as np
from jaxtyping import Float

matplotlib.use("Agg")
from matplotlib.figure import Figure

from eval.distances.floor import Floor
from eval.distances.infinity import Extrapolation
from eval.statistics.estimate import Estimate

__all__ = ["bars", "extrapolation", "scatter"]

EVALUATED, REFERENCE, FLOOR = "#1d4ed8", "#c2410c", "#94a3b8"
MOST_POINTS = 2000


def bars(panels: Mapping[str, tuple[Mapping[str, Estimate], Floor]]) -> Figure:
    """A panel a kind of distance: a bar each with its interval, over the floor as a band."""
    widths = [1 + len(estimates) for estimates, _ in panels.values()]
    figure = Figure(figsize=(1.1 * sum(widths) + 1, 3.4), layout="constrained")
    grid = figure.subplots(1, len(panels), width_ratios=widths, squeeze=False)[0]
    for axes, (title, (estimates, floor)) in zip(grid, panels.items(), strict=True):
        values = [estimate.value for estimate in estimates.values()]
        reach = [
            [estimate.value - estimate.low for estimate in estimates.values()],
            [estimate.high - estimate.value for estimate in estimates.values()],
        ]
        axes.bar(range(len(values)), values, 0.5, yerr=reach, color=EVALUATED, capsize=4)
        axes.axhspan(floor.low, floor.high, color=FLOOR, alpha=0.5, linewidth=0, zorder=3)
        axes.axhline(
            floor.mean, color=REFERENCE, linewidth=1.5, zorder=4, label="reference against itself"
        )
        axes.set_xlim(-0.6, len(values) - 0.4)
        axes.set_xticks(range(len(values)), list(estimates), fontsize=9)
        axes.set_title(title, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", frameon=False)
    return figure


def extrapolation(found: Extrapolation) -> Figure:
    """Distances of subsets over 1 / n, the line through them, and its value at 0."""
    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    axes = figure.subplots()
    x = 1000 / found.n
    line = np.array([0.0, x.max()])
    estimate = found.estimate
    axes.plot(x, found.distances, "o", color=EVALUATED, markersize=4, alpha=0.6)
    axes.plot(line, estimate.value + found.slope * line / 1000, color=REFERENCE, linewidth=1.2)
    axes.errorbar(
        [0.0],
        [estimate.value],
        [[estimate.value - estimate.low], [estimate.high - estimate.value]],
        fmt="D",
        color=REFERENCE,
        capsize=4,
    )
    axes.set_xlabel("1000 / number of vectors")
    axes.set_ylabel("Fréchet distance")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def scatter(
    evaluated: Float[np.ndarray, "n dimension"],
    reference: Float[np.ndarray, "m dimension"],
    names: tuple[str, str],
) -> Figure:
    """Both sets' vectors along the two directions in which they vary most together."""
    both = [np.asarray(v[:: 1 + len(v) // MOST_POINTS], np.float64) for v in (reference, evaluated)]
    centre = np.concatenate(both).mean(axis=0)
    _, _, directions = np.linalg.svd(np.concatenate(both) - centre, full_matrices=False)
    figure = Figure(figsize=(5.2, 4.2), layout="constrained")
    axes = figure.subplots()
    for vectors, name, colour in zip(both, reversed(names), (REFERENCE, EVALUATED), strict=True):
        places = (vectors - centre) @ directions[:2].T
        if places.shape[1] < 2:
            places = np.column_stack([places, np.zeros(len(places))])
        axes.scatter(*places.T, s=9, color=colour, alpha=0.5, linewidth=0, label=name)
    axes.set_xlabel("first principal component")
    axes.set_ylabel("second")
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
