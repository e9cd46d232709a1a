"""Pictures of pairs: their similarity by delta, and where they lie in an embedder's space."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from jaxtyping import Float

matplotlib.use("Agg")
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from eval.similarity.pairs import PairSimilarity

__all__ = ["curves", "panels"]

COLOURS = ("#c2410c", "#1d4ed8", "#047857", "#7c3aed", "#475569")
FIRST, SECOND = "#dc2626", "#1d4ed8"


def curves(similarities: Mapping[str, Mapping[float, PairSimilarity]], embedder: str) -> Figure:
    """The mean similarity of pairs over delta, a line a synthesizer (Figure 2A, 12A).

    A dotted line is the similarity of unrelated sounds of the same synthesizer; bands are 95 %
    intervals.
    """
    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    axes = figure.subplots()
    lowest = 1.0
    for (name, by_delta), colour in zip(similarities.items(), _cycle(similarities), strict=True):
        deltas = list(by_delta)
        found = list(by_delta.values())
        lows, means, highs = (
            np.array([getattr(one.pairs, end) for one in found]) for end in ("low", "value", "high")
        )
        axes.plot(deltas, means, color=colour, marker="o", markersize=5, label=name)
        axes.fill_between(deltas, lows, highs, color=colour, alpha=0.18, linewidth=0)
        unrelated = [one.unrelated.value for one in found]
        axes.plot(deltas, unrelated, color=colour, linestyle=":", linewidth=1.4)
        lowest = min(lowest, float(np.nanmin(lows)), min(unrelated))
    axes.plot([], [], color="#475569", linestyle=":", label="unrelated sounds")
    axes.set_xscale("log")
    deltas = sorted({delta for by_delta in similarities.values() for delta in by_delta})
    axes.set_xticks(deltas, [f"{delta:g}" for delta in deltas])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(lowest - 0.05 * (1 - lowest), 1 + 0.05 * (1 - lowest))
    axes.set(xlabel="delta", ylabel=f"cosine similarity, {embedder}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper right")
    return figure


def panels(
    first: Mapping[float, Float[np.ndarray, "n_pairs 2"]],
    second: Mapping[float, Float[np.ndarray, "n_pairs 2"]],
    labels: tuple[str, str],
) -> Figure:
    """Where pairs lie, a panel a delta: red and blue points joined by a line (Figure 2B, 12B).

    All panels have the same axes. `labels` name them.
    """
    columns = min(len(first), 5)
    rows = -(-len(first) // columns)
    figure = Figure(figsize=(2.7 * columns, 2.9 * rows), layout="constrained")
    grid = np.atleast_1d(figure.subplots(rows, columns, sharex=True, sharey=True)).reshape(-1)
    for axes, delta in zip(grid, first, strict=False):
        segments = np.stack([first[delta], second[delta]], axis=1)
        axes.add_collection(LineCollection(list(segments), colors="#64748b", linewidths=0.7))
        axes.scatter(*first[delta].T, s=9, color=FIRST, linewidths=0, zorder=2)
        axes.scatter(*second[delta].T, s=9, color=SECOND, linewidths=0, zorder=2)
        axes.set_title(f"delta = {delta:g}", fontsize=10)
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in grid[len(first) :]:
        axes.set_visible(False)
    figure.supxlabel(labels[0], fontsize=9)
    figure.supylabel(labels[1], fontsize=9)
    return figure


def _cycle(names: Mapping[str, object]) -> Sequence[str]:
    """A colour a name."""
    return [COLOURS[place % len(COLOURS)] for place in range(len(names))]
