"""Spectrograms in a grid, as Figures 5 and 8 of CTAG show them."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from jaxtyping import Float

matplotlib.use("Agg")
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from scripts.runtime.page.media import RANGE_DB, log_spectrogram

__all__ = ["Picture", "spectrograms"]

TICKS = {100: "100", 1000: "1k", 10_000: "10k"}


@dataclass(frozen=True)
class Picture:
    """A sound and what is written above its spectrogram.

    Attributes:
        title: above it.
        wave: finite, mono.
        sample_rate: in Hz.
    """

    title: str
    wave: Float[np.ndarray, " n_samples"]
    sample_rate: float


def spectrograms(rows: Sequence[Sequence[Picture]]) -> Figure:
    """Draw a row of spectrograms for each row of pictures: 80 dB below each one's own loudest.

    Frequencies are logarithmic. A silent sound is black.
    """
    columns = max(map(len, rows))
    figure = Figure(figsize=(2.5 * columns + 0.6, 2.1 * len(rows) + 0.4), layout="constrained")
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for row, pictures in zip(grid, rows, strict=True):
        for axes in row[len(pictures) :]:
            axes.set_axis_off()
        for place, (axes, picture) in enumerate(zip(row, pictures, strict=False)):
            wave = np.asarray(picture.wave, np.float64)
            levels, (low, high) = log_spectrogram(wave, picture.sample_rate)
            loudest = max(float(levels.max()), -100.0)
            edges = np.geomspace(low, high, levels.shape[0] + 1)
            times = np.linspace(0, wave.size / picture.sample_rate, levels.shape[1] + 1)
            axes.pcolormesh(
                times, edges, levels, cmap="magma", vmin=loudest - RANGE_DB, vmax=loudest,
                rasterized=True,
            )  # fmt: skip
            axes.set_yscale("log")
            axes.set_yticks([hz for hz in TICKS if low < hz < high])
            axes.set_yticklabels(
                [text for hz, text in TICKS.items() if low < hz < high] if place == 0 else []
            )
            axes.yaxis.set_minor_locator(NullLocator())
            axes.set_title(picture.title, fontsize=9)
            axes.tick_params(labelsize=7)
            if place == 0:
                axes.set_ylabel("Hz", fontsize=8)
    figure.supxlabel("seconds", fontsize=8)
    return figure
