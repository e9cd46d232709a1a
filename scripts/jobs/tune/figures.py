"""Pictures of a tuning: its scores in order, and against each hyperparameter."""

from collections.abc import Sequence

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scripts.jobs.tune.trial import Trial

__all__ = ["progress_of", "slices"]

DOT, LINE, FAILED = "#1d4ed8", "#c2410c", "#64748b"


def progress_of(trials: Sequence[Trial]) -> Figure:
    """The score of each trial, and the best so far."""
    figure = Figure(figsize=(7.0, 3.8), layout="constrained")
    axes = figure.subplots()
    ended = [trial for trial in trials if trial.score is not None]
    scores = np.array([trial.score for trial in ended], float)
    numbers = np.array([trial.number for trial in ended])
    axes.plot(numbers, scores, "o", color=DOT, markersize=5, label="trial")
    axes.step(numbers, np.maximum.accumulate(scores), where="post", color=LINE, label="best so far")
    failed = [trial.number for trial in trials if trial.score is None]
    if failed:
        bottom = float(scores.min()) - 0.05 * float(np.ptp(scores) or 1.0)
        axes.plot(failed, [bottom] * len(failed), "x", color=FAILED, label="failed")
    axes.set(xlabel="trial", ylabel="mean best score")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _plainly(axes)
    figure.legend(frameon=False, loc="outside upper right", ncols=3, fontsize=9)
    return figure


def slices(trials: Sequence[Trial], best: Trial) -> Figure:
    """Scores against each hyperparameter, a panel each; later trials are darker."""
    ended = [trial for trial in trials if trial.score is not None]
    keys = list(best.values)
    across = min(3, len(keys))
    down = -(-len(keys) // across)
    figure = Figure(figsize=(3.2 * across, 2.6 * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharey=True)
    numbers = [trial.number for trial in ended]
    scores = [trial.score for trial in ended]
    for place, axes in enumerate(grid.flat):
        if place >= len(keys):
            axes.set_axis_off()
            continue
        values = [trial.values[keys[place]] for trial in ended]
        axes.scatter(values, scores, c=numbers, cmap="Blues", vmin=-len(trials) / 2, s=22)
        axes.plot(
            [best.values[keys[place]]], [best.score], "o", mfc="none", mec=LINE, markersize=10
        )
        axes.set_xlabel(keys[place].replace("_", " "))
        if place % across == 0:
            axes.set_ylabel("mean best score")
        _plainly(axes)
    return figure


def _plainly(axes: Axes) -> None:
    axes.grid(color="#e2e8f0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
