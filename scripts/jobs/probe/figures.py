"""Which labels are taken for which."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from jaxtyping import Float

matplotlib.use("Agg")
from matplotlib.figure import Figure

__all__ = ["confusion_figure"]


def confusion_figure(
    confusion: Float[np.ndarray, "n_labels n_labels"], vocabulary: Sequence[str]
) -> Figure:
    """Rows are the labels that sounds have, columns those they are taken for, shares of a row.

    Shares from 1 % are written where there is room.
    """
    n = len(vocabulary)
    side = 3.0 + 0.26 * n
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.subplots()
    picture = axes.imshow(confusion, cmap="Blues", vmin=0.0, vmax=1.0)
    size = 8 if n <= 24 else 6
    names = [name.replace("_", " ")[:24] for name in vocabulary]
    axes.set_xticks(range(n), names, rotation=90, fontsize=size)
    axes.set_yticks(range(n), names, fontsize=size)
    axes.set(xlabel="taken for", ylabel="is")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if n <= 16:
        for (row, column), share in np.ndenumerate(confusion):
            if share >= 0.01:
                colour = "white" if share > 0.5 else "black"
                text = f"{100 * share:.0f}"
                axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    figure.colorbar(picture, ax=axes, shrink=0.7, label="share of the sounds with this label")
    return figure
