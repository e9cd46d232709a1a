"""Pictures of grids: the score of the best sound in every cell."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib.figure import Figure

from ctag.alternatives.archive import Elites
from ctag.alternatives.behaviour import Axis

__all__ = ["edge_text", "grids"]


def grids(axes: Sequence[Axis], sides: Mapping[str, Elites]) -> Figure:
    """Scores over a grid of two axes, a panel a search, on one scale of colours."""
    figure = Figure(figsize=(4.2 * len(sides), 3.6), layout="constrained")
    panels = figure.subplots(1, len(sides), squeeze=False)[0]
    scores = [elites.score for elites in sides.values() if len(elites.score)]
    low, high = (float(f([f(s) for s in scores])) for f in (min, max)) if scores else (0.0, 1.0)
    across, along = axes
    for panel, (name, elites) in zip(panels, sides.items(), strict=True):
        values = np.full((along.cells, across.cells), np.nan)
        values[elites.cell[:, 1], elites.cell[:, 0]] = elites.score
        image = panel.imshow(
            values, origin="lower", aspect="auto", cmap="viridis", vmin=low, vmax=max(high, low)
        )
        panel.set_title(f"{name}: {len(elites.score)} of {values.size} cells", fontsize=10)
        for set_ticks, axis in ((panel.set_xticks, across), (panel.set_yticks, along)):
            places = np.linspace(0, axis.cells, min(axis.cells, 4) + 1).round().astype(int)
            set_ticks(places - 0.5, [edge_text(axis.edges()[place]) for place in places])
        panel.set_xlabel(f"{across.descriptor.replace('_', ' ')}, {across.measured.unit}")
        panel.set_ylabel(f"{along.descriptor.replace('_', ' ')}, {along.measured.unit}")
    figure.colorbar(image, ax=panels.tolist(), label="score")
    return figure


def edge_text(edge: float) -> str:
    """An edge of a cell, no finer than anybody hears.

    >>> edge_text(0.014434), edge_text(313.72)
    ('0.014', '314')
    """
    return f"{edge:.0f}" if abs(edge) >= 100 else f"{edge:.2g}"
