"""Figures 2 and 3 of the SynthAX paper, for our synthesizer and both peers."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib

matplotlib.use("Agg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.jobs.speed.summary import Row, Size, Speedup, Spread

NAMES = {
    "ours": "ours",
    "ours_reused": "ours, reused buffer",
    "synthax": "SynthAX",
    "torchsynth": "torchsynth",
    "fill": "limit: writing a new buffer",
    "fill_reused": "limit: writing a reused buffer",
    "arithmetic": "arithmetic probe",
}
STYLES = {
    "ours": {"color": "#c2410c", "marker": "o"},
    "ours_reused": {"color": "#f59e0b", "marker": "s"},
    "synthax": {"color": "#1d4ed8", "marker": "^"},
    "torchsynth": {"color": "#047857", "marker": "v"},
    "fill": {"color": "#94a3b8", "linestyle": ":"},
    "fill_reused": {"color": "#475569", "linestyle": ":"},
}
HIDDEN = ("arithmetic",)


def figure_2(table: Sequence[Row], allocator: str, memory_name: str) -> Figure:
    """Time for 100 batches, times realtime and peak memory over the batch size (Figure 2).

    A column for each duration; medians over rounds, with bars from the least to the greatest.
    """
    chosen = [row for row in table if row.size.allocator == allocator and row.library not in HIDDEN]
    durations = sorted({row.size.duration_s for row in chosen})
    memory_label = f"{memory_name}, GB"
    quantities: list[tuple[str, Callable[[Row], Spread | None]]] = [
        ("seconds for 100 batches", lambda row: row.seconds_per_100),
        ("times realtime", lambda row: row.times_realtime),
        (memory_label, _memory_gb),
    ]
    figure = Figure(figsize=(max(6.5, 5.2 * len(durations)), 9.5), layout="constrained")
    grid = figure.subplots(len(quantities), len(durations), squeeze=False, sharex=True)
    for column, duration_s in enumerate(durations):
        part = [row for row in chosen if row.size.duration_s == duration_s]
        for axes, (label, quantity) in zip(grid[:, column], quantities, strict=True):
            _lines(axes, part, quantity)
            if label != memory_label:
                axes.set_yscale("log")
            axes.set_ylabel(label)
        grid[0, column].set_title(f"sounds of {duration_s:g} s")
        grid[-1, column].set_xlabel("sounds a batch")
    handles, labels = grid[1, 0].get_legend_handles_labels()
    columns = 2 if len(durations) == 1 else 3
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
    figure.suptitle(f"Voice, parameters drawn anew each batch, allocator: {allocator}")
    return figure


def _memory_gb(row: Row) -> Spread | None:
    spread = row.device_peak_bytes or row.peak_bytes
    if spread is None:
        return None
    return Spread(spread.median / 1e9, spread.least / 1e9, spread.greatest / 1e9)


def _lines(axes: Axes, table: Sequence[Row], quantity: Callable[[Row], Spread | None]) -> None:
    for library in dict.fromkeys(row.library for row in table):
        points = [
            (row.size.batch, spread)
            for row in table
            if row.library == library and (spread := quantity(row)) is not None
        ]
        if points:
            _error_bars(axes, points, NAMES[library], STYLES[library])
    _batch_axis(axes, sorted({row.size.batch for row in table}))


def _error_bars(
    axes: Axes, points: Sequence[tuple[int, Spread]], label: str, style: dict[str, str]
) -> None:
    below = [spread.median - spread.least for _, spread in points]
    above = [spread.greatest - spread.median for _, spread in points]
    axes.errorbar(
        [batch for batch, _ in points],
        [spread.median for _, spread in points],
        yerr=[below, above],
        label=label,
        capsize=3,
        markersize=5,
        **style,  # type: ignore[arg-type]
    )


def _batch_axis(axes: Axes, batches: Sequence[int]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(batches, [str(batch) for batch in batches])
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def figure_3(ratios: Sequence[Speedup], goals: Mapping[Size, float]) -> Figure | None:
    """Speed-up of ours over each peer by batch size, with least and greatest of the rounds.

    A row for each allocator, a column for each duration; `goals` (times, by size) are drawn as
    short lines. None where nothing can be compared.
    """
    ratios = [ratio for ratio in ratios if ratio.over != "faster peer"]
    if not ratios:
        return None
    allocators = list(dict.fromkeys(ratio.size.allocator for ratio in ratios))
    durations = sorted({ratio.size.duration_s for ratio in ratios})
    size = (max(6.5, 5.2 * len(durations)), 4.2 * len(allocators))
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(allocators), len(durations), squeeze=False, sharey=True)
    for line, allocator in zip(grid, allocators, strict=True):
        for axes, duration_s in zip(line, durations, strict=True):
            part = [
                ratio
                for ratio in ratios
                if ratio.size.allocator == allocator and ratio.size.duration_s == duration_s
            ]
            _speedup_panel(axes, part, goals)
            axes.set_title(f"sounds of {duration_s:g} s, allocator: {allocator}")
            axes.set_ylabel("times faster")
    for axes in grid[-1]:
        axes.set_xlabel("sounds a batch")
    grid[0, 0].set_ylim(bottom=0)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _speedup_panel(axes: Axes, ratios: Sequence[Speedup], goals: Mapping[Size, float]) -> None:
    for library, over in dict.fromkeys((ratio.library, ratio.over) for ratio in ratios):
        points = [
            (ratio.size.batch, ratio.ratio)
            for ratio in ratios
            if (ratio.library, ratio.over) == (library, over)
        ]
        style = {
            "color": STYLES[over]["color"],
            "marker": STYLES[library]["marker"],
            "linestyle": "-" if library == "ours" else "--",
        }
        _error_bars(axes, points, f"{NAMES[library]} over {NAMES[over]}", style)
    sizes = sorted({ratio.size for ratio in ratios})
    for size in sizes:
        if size in goals:
            ends = size.batch / 1.3, size.batch * 1.3
            axes.hlines(goals[size], *ends, colors="black", linewidth=1)
    _batch_axis(axes, [size.batch for size in sizes])
