"""Pictures of parameter prediction: all parameters by module, and the best ones point by point."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from jaxtyping import Float

matplotlib.use("Agg")
from matplotlib.figure import Figure

from eval.parameters.prediction import Prediction

__all__ = ["overview", "scatters"]

KNOWN, UNKNOWN, CHANCE = "#c2410c", "#94a3b8", "#1d4ed8"


def overview(prediction: Prediction) -> Figure:
    """R2 of every parameter with its interval, modules apart, and what chance comes to."""
    names = [
        name
        for name, r2 in zip(prediction.names, prediction.r2, strict=True)
        if r2.value == r2.value
    ]
    columns = 1 if len(names) < 40 else 2 if len(names) < 100 else 4
    lines = -(-len(names) // columns)
    figure = Figure(figsize=(4.6 * columns, 0.8 + 0.19 * lines), layout="constrained")
    grid = np.atleast_1d(figure.subplots(1, columns, sharex=True))
    known = set(prediction.known)
    by_name = dict(zip(prediction.names, prediction.r2, strict=True))
    chance = dict(zip(prediction.names, prediction.chance, strict=True))
    lowest = min(-0.05, *(max(r2.low, -0.3) for r2 in by_name.values() if r2.low == r2.low))
    for column, axes in enumerate(grid):
        shown = names[column * lines : (column + 1) * lines]
        for row, name in enumerate(shown):
            r2 = by_name[name]
            colour = KNOWN if name in known else UNKNOWN
            axes.plot([r2.low, r2.high], [row, row], color=colour, linewidth=2, alpha=0.5)
            axes.plot(r2.value, row, "o", color=colour, markersize=4)
            axes.plot(chance[name], row, "|", color=CHANCE, markersize=5)
        modules = [name.split(".")[0] for name in shown]
        for row in range(1, len(shown)):
            if modules[row] != modules[row - 1]:
                axes.axhline(row - 0.5, color="#e2e8f0", linewidth=0.8)
        axes.set_yticks(range(len(shown)), shown, fontsize=7)
        axes.set(ylim=(lines - 0.5, -0.5), xlim=(lowest, 1.02))
        axes.axvline(0.0, color="#94a3b8", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel("share of the variance that is predicted (R2); blue ticks: chance", fontsize=9)
    return figure


def scatters(
    theta: Float[np.ndarray, "n_sounds n_params"], prediction: Prediction, shown: Sequence[str]
) -> Figure:
    """Predicted over true values of a few parameters, in [0, 1]."""
    figure = Figure(figsize=(2.9 * len(shown), 3.1), layout="constrained")
    for axes, name in zip(np.atleast_1d(figure.subplots(1, len(shown))), shown, strict=True):
        place = prediction.names.index(name)
        axes.plot([0, 1], [0, 1], color="#94a3b8", linewidth=1)
        axes.scatter(
            theta[:, place],
            prediction.predicted[:, place],
            s=7,
            color=KNOWN,
            alpha=0.5,
            linewidths=0,
        )
        axes.set(xlim=(-0.05, 1.05), ylim=(-0.3, 1.3), xlabel="true", ylabel="predicted")
        axes.set_title(f"{name}, R2 {prediction.r2[place].value:.2f}", fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    return figure
