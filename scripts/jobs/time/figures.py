"""A picture of where the time of a search goes."""

from collections.abc import Mapping

import matplotlib

matplotlib.use("Agg")
from matplotlib.figure import Figure

from scripts.jobs.time.clock import Seconds

__all__ = ["bars"]


def bars(found: Mapping[tuple[int, int], Seconds]) -> Figure:
    """Seconds of every size of search: the scorer's network, and on top of it the rest."""
    names = [f"{iterations} generations of {population}" for iterations, population in found]
    network = [sum(one.network) / len(one.network) for one in found.values()]
    rest = [max(0.0, one.mean - alone) for one, alone in zip(found.values(), network, strict=True)]
    figure = Figure(figsize=(7.0, 1.4 + 0.38 * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.barh(names, network, color="#1d4ed8", label="the scorer's network alone")
    axes.barh(names, rest, left=network, color="#c2410c", label="the rest of the search")
    axes.invert_yaxis()
    axes.set(xlabel="seconds")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, loc="outside upper center", ncols=2)
    return figure
