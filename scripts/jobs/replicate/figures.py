"""Figure 4 of the SynthAX paper, and control signals as lines."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from jaxtyping import Float

matplotlib.use("Agg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.jobs.replicate.compare import DYNAMIC_RANGE_DB, decibel_picture

COLORS = ("#c2410c", "#1d4ed8", "#047857", "#7c3aed", "#b45309")


def figure_4(
    titles: Sequence[str],
    sounds: Mapping[str, Sequence[Float[np.ndarray, " n_samples"]]],
    sample_rate: float,
) -> Figure:
    """Spectrograms: a row a library (name -> a sound for each title), a column an example."""
    size = (3.1 * len(titles), 2.7 * len(sounds))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(sounds), len(titles), squeeze=False, sharex=True, sharey=True)
    for line, (name, waves) in zip(grid, sounds.items(), strict=True):
        for axes, wave in zip(line, waves, strict=True):
            _spectrogram(axes, wave, sample_rate)
        line[0].set_ylabel(f"{name}\nkHz")
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, fontsize=10)
    for axes in grid[-1]:
        axes.set_xlabel("seconds")
    return figure


def _spectrogram(axes: Axes, wave: np.ndarray, sample_rate: float) -> None:
    axes.imshow(
        decibel_picture(wave),
        origin="lower",
        aspect="auto",
        extent=(0.0, len(wave) / sample_rate, 0.0, sample_rate / 2000),
        vmin=-DYNAMIC_RANGE_DB,
        vmax=0.0,
        cmap="magma",
    )
    axes.set_ylim(0.0, min(10.0, sample_rate / 2000))


def control_lines(
    labels: Sequence[str],
    signals: Mapping[str, Float[np.ndarray, "batch n_points"]],
    control_rate: float,
) -> Figure:
    """Control signals over time: ours as wide pale lines, the other library as thin ones on top."""
    figure = Figure(figsize=(7.0, 3.0), layout="constrained")
    axes = figure.subplots()
    for order, lines in enumerate(signals.values()):
        for label, line, color in zip(labels, lines, COLORS, strict=False):
            axes.plot(
                np.arange(len(line)) / control_rate,
                line,
                color=color if order == 0 else "black",
                linewidth=4.0 if order == 0 else 0.9,
                alpha=0.55 if order == 0 else 1.0,
                label=label if order == 0 else None,
            )
    axes.set_xlabel("seconds")
    thick, *thin = signals
    axes.set_title(" and ".join([f"{thick} (wide)", *(f"{n} (black)" for n in thin)]), fontsize=10)
    axes.legend(frameon=False, fontsize=8, loc="upper right")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
