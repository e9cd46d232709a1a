"""Pictures of a recovery: all patches at a glance, and the course of one."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from jaxtyping import Float

matplotlib.use("Agg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.jobs.recover.measures import ENVELOPE_DB, PITCH_CENTS, Measures

STYLES = {
    "target": {"color": "#94a3b8", "linewidth": 5.0},
    "start": {"color": "#1d4ed8", "linewidth": 1.2, "linestyle": "--"},
    "recovered": {"color": "#c2410c", "linewidth": 1.5},
}


def overview(start: Measures, end: Measures) -> Figure:
    """The errors of every patch at the end over those at the start, in pitch and in envelope."""
    panels = [
        ("pitch, cents", start.pitch_cents, end.pitch_cents, PITCH_CENTS),
        ("envelope, dB", start.envelope_db, end.envelope_db, ENVELOPE_DB),
    ]
    panels = [panel for panel in panels if not np.isnan(panel[1]).all()]
    figure = Figure(figsize=(4.2 * len(panels), 4.0), layout="constrained")
    for axes, panel in zip(np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True):
        _before_and_after(axes, *panel)
    return figure


def _before_and_after(
    axes: Axes, title: str, before: np.ndarray, after: np.ndarray, limit: float
) -> None:
    known = ~np.isnan(before)
    before, after = (np.maximum(values[known], limit / 100) for values in (before, after))
    low = 0.7 * min(before.min(), after.min(), limit)
    high = 1.4 * max(before.max(), after.max(), limit)
    axes.plot([low, high], [low, high], color="#94a3b8", linewidth=1.0, label="no change")
    axes.axhline(limit, color="#047857", linewidth=1.0, linestyle=":", label=f"{limit:g}")
    axes.scatter(before, after, s=18, color="#c2410c", alpha=0.7, linewidths=0)
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
    axes.set(title=f"error of {title}", xlabel="at the start", ylabel="at the end")
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)


def course(
    pitches: Mapping[str, Sequence[Float[np.ndarray, " n_frames"]]],
    levels: Mapping[str, Float[np.ndarray, " n_points"]],
    duration_s: float,
) -> Figure:
    """Pitch of the oscillators where they are heard, and level of the sound, over time.

    Both by name: target, start, recovered.
    """
    has_pitch = any(np.isfinite(line).any() for lines in pitches.values() for line in lines)
    figure = Figure(figsize=(7.5, 2.6), layout="constrained")
    *upper, lower = np.atleast_1d(figure.subplots(1, 2 if has_pitch else 1))
    for name, lines in pitches.items() if has_pitch else ():
        for place, line in enumerate(lines):
            seconds = np.linspace(0.0, duration_s, len(line), endpoint=False)
            upper[0].plot(seconds, line, label=None if place else name, **STYLES[name])
    for name, line in levels.items():
        seconds = np.linspace(0.0, duration_s, len(line))
        lower.plot(seconds, line, label=name, **STYLES[name])
    lower.set_ylim(bottom=max(line.max() for line in levels.values()) - 60.0)
    lower.set_title("level, dB")
    for axes in upper:
        axes.set_title("pitch, MIDI")
    for axes in (*upper, lower):
        axes.set_xlabel("seconds")
        axes.spines[["top", "right"]].set_visible(False)
    lower.legend(frameon=False, fontsize=8)
    return figure
