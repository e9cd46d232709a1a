"""The results of a run as CSV, as Markdown and as a flat dictionary of metrics."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.jobs.speed.figures import NAMES
from scripts.jobs.speed.summary import Limit, Record, Row, Size, Speedup

COLUMNS: tuple[str, ...] = (
    "allocator", "duration_s", "batch", "library", "status", "rounds", "times_realtime",
    "times_realtime_min", "times_realtime_max", "seconds_per_100_batches", "ns_per_sample",
    "peak_mb", "working_mb", "device_peak_mb", "compile_s", "speedup", "speedup_min", "speedup_max",
    "detail",
)  # fmt: skip


@dataclass(frozen=True)
class Goal:
    """A figure that was asked for: what, how it is measured, the least that meets it."""

    text: str
    wanted: float
    measured: float | None

    @property
    def met(self) -> bool | None:
        """Whether it was reached; None where it was not measured."""
        return None if self.measured is None else self.measured >= self.wanted


@dataclass(frozen=True)
class Results:
    """Everything a run found, ready to be shown."""

    device: str
    threads: int
    records: Sequence[Record]
    table: Sequence[Row]
    ratios: Sequence[Speedup]
    bounds: Sequence[Limit]
    expected: Mapping[str, Mapping[str, Mapping[int, float]]] = field(default_factory=dict)
    goals: Sequence[Goal] = ()
    notes: Sequence[str] = ()

    def ratio(self, size: Size, library: str, over: str = "faster peer") -> Speedup | None:
        """The speed-up of `library` over a peer at a size, if both were measured."""
        wanted = (size, library, over)
        return next((r for r in self.ratios if (r.size, r.library, r.over) == wanted), None)


def as_csv(results: Results) -> str:
    """One line for each library, size and allocator; medians over rounds with least and greatest.

    `speedup` is over the faster peer of the same round, for our variants only.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(COLUMNS), lineterminator="\n")
    writer.writeheader()
    for row in results.table:
        writer.writerow(_csv_row(row, results.ratio(row.size, row.library)))
    return stream.getvalue()


def _csv_row(row: Row, ratio: Speedup | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        "allocator": row.size.allocator,
        "duration_s": row.size.duration_s,
        "batch": row.size.batch,
        "library": row.library,
        "status": row.status,
        "rounds": row.rounds,
        "detail": row.detail,
    }
    if row.times_realtime is not None:
        values["times_realtime"] = f"{row.times_realtime.median:.1f}"
        values["times_realtime_min"] = f"{row.times_realtime.least:.1f}"
        values["times_realtime_max"] = f"{row.times_realtime.greatest:.1f}"
    medians = {
        "seconds_per_100_batches": (row.seconds_per_100, 1.0, 5),
        "ns_per_sample": (row.nanoseconds_per_sample, 1.0, 4),
        "peak_mb": (row.peak_bytes, 1e-6, 1),
        "working_mb": (row.working_bytes, 1e-6, 1),
        "device_peak_mb": (row.device_peak_bytes, 1e-6, 1),
        "compile_s": (row.compile_seconds, 1.0, 2),
    }
    for name, (spread, scale, digits) in medians.items():
        if spread is not None:
            values[name] = f"{spread.median * scale:.{digits}f}"
    if ratio is not None:
        values["speedup"] = f"{ratio.ratio.median:.2f}"
        values["speedup_min"] = f"{ratio.ratio.least:.2f}"
        values["speedup_max"] = f"{ratio.ratio.greatest:.2f}"
    return values


def metrics(results: Results) -> dict[str, float]:
    """Flat figures such as `stock/1s/batch_32/ours/times_realtime` and `.../speedup`."""
    found: dict[str, float] = {"threads": float(results.threads)}
    for row in results.table:
        if row.times_realtime is None or row.peak_bytes is None:
            continue
        name = f"{_key(row.size)}/{row.library}"
        found[f"{name}/times_realtime"] = row.times_realtime.median
        memory = row.device_peak_bytes or row.peak_bytes
        found[f"{name}/peak_mb"] = memory.median / 1e6
        if row.working_bytes is not None:
            found[f"{name}/working_mb"] = row.working_bytes.median / 1e6
        found[f"{name}/rounds"] = float(row.rounds)
    for ratio in results.ratios:
        if ratio.over == "faster peer":
            name = f"{_key(ratio.size)}/{ratio.library}/speedup"
            found[name] = ratio.ratio.median
            found[f"{name}_min"] = ratio.ratio.least
            found[f"{name}_max"] = ratio.ratio.greatest
    for bound in results.bounds:
        found[f"{_key(bound.size)}/{bound.library}/share_of_limit"] = bound.share
    known = [goal.met for goal in results.goals if goal.met is not None]
    if known:
        found["goals_met"] = float(sum(known))
        found["goals_measured"] = float(len(known))
    return found


def _key(size: Size) -> str:
    return f"{size.allocator}/{size.duration_s:g}s/batch_{size.batch}"


def as_markdown(results: Results) -> str:
    """The report: speed and memory, speed-up, what was asked for, the limits, what was expected."""
    parts = [
        f"# Rendering speed\n\n{introduction(results)}\n",
        *[f"- {note}" for note in results.notes],
    ]
    for title, table in tables(results).items():
        parts += [f"\n## {title}\n", _markdown_table(*table)]
    return "\n".join(parts) + "\n"


def introduction(results: Results) -> str:
    """What was measured, and how, in one paragraph."""
    return (
        f"Voice (78 parameters) on {results.device}, {results.threads} threads for every library. "
        "Parameters are drawn anew in each batch and compilation is apart. Figures are medians "
        "over interleaved rounds (least-greatest); each measurement had a process of its own."
    )


def tables(results: Results) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Title -> (columns, rows of text) for each table of the report that has rows."""
    found: dict[str, tuple[list[str], list[list[str]]]] = {}
    if results.goals:
        found["Asked for"] = (
            ["what", "goal", "measured", "met"],
            [_goal_row(goal) for goal in results.goals],
        )
    if results.ratios:
        columns = ["allocator", "seconds", "batch", "variant", "over", "times faster", "rounds"]
        found["Speed-up"] = columns, [_ratio_row(ratio) for ratio in results.ratios]
    sizes = dict.fromkeys((row.size.allocator, row.size.duration_s) for row in results.table)
    for allocator, duration_s in sizes:
        part = [
            row
            for row in results.table
            if (row.size.allocator, row.size.duration_s) == (allocator, duration_s)
        ]
        where = f"sounds of {duration_s:g} s, allocator: {allocator}"
        found[f"Times realtime, {where}"] = _by_batch(part, _speed_text)
        found[f"Peak memory in MB (without the loaded library), {where}"] = _by_batch(
            part, _memory_text
        )
    if results.bounds:
        columns = [
            "allocator", "seconds", "batch", "variant", "writing alone", "arithmetic alone",
            "limit", "reached", "share",
        ]  # fmt: skip
        found["The limit on this machine, times realtime"] = (
            columns,
            [_bound_row(bound) for bound in results.bounds],
        )
    if rows := _expected_rows(results):
        columns = ["allocator", "batch", "library", "expected", "measured", "measured / expected"]
        found["Expected and measured, times realtime, sounds of 1 s"] = columns, rows
    return found


def _by_batch(part: Sequence[Row], text: Any) -> tuple[list[str], list[list[str]]]:
    libraries = list(dict.fromkeys(row.library for row in part))
    cells = {(row.size.batch, row.library): text(row) for row in part}
    batches = sorted({row.size.batch for row in part})
    lines = [
        [f"{batch:,}", *[cells.get((batch, library), "") for library in libraries]]
        for batch in batches
    ]
    return ["batch", *[NAMES[library] for library in libraries]], lines


def _speed_text(row: Row) -> str:
    if row.times_realtime is None:
        return row.status.replace("_", " ")
    return row.times_realtime.format()


def _memory_text(row: Row) -> str:
    memory = row.device_peak_bytes or row.peak_bytes
    if memory is None:
        return row.status.replace("_", " ")
    working = row.working_bytes if row.device_peak_bytes is None else None
    apart = "" if working is None else f" ({working.median / 1e6:,.0f})"
    return f"{memory.median / 1e6:,.0f}{apart}"


def _ratio_row(ratio: Speedup) -> list[str]:
    size = ratio.size
    return [
        size.allocator, f"{size.duration_s:g}", f"{size.batch:,}", NAMES[ratio.library],
        NAMES.get(ratio.over, ratio.over), ratio.ratio.format(1), str(ratio.rounds),
    ]  # fmt: skip


def _goal_row(goal: Goal) -> list[str]:
    if goal.measured is None:
        return [goal.text, f"{goal.wanted:,.4g}", "not measured", ""]
    return [goal.text, f"{goal.wanted:,g}", f"{goal.measured:,.4g}", "yes" if goal.met else "no"]


def _bound_row(bound: Limit) -> list[str]:
    size = bound.size
    arithmetic = "" if bound.arithmetic is None else f"{bound.arithmetic:,.0f}"
    return [
        size.allocator, f"{size.duration_s:g}", f"{size.batch:,}", NAMES[bound.library],
        f"{bound.write:,.0f}", arithmetic, f"{bound.bound:,.0f}", f"{bound.reached:,.0f}",
        f"{bound.share:.0%}",
    ]  # fmt: skip


def _expected_rows(results: Results) -> list[list[str]]:
    lines = []
    for row in results.table:
        by_batch = results.expected.get(row.size.allocator, {}).get(row.library, {})
        expected = by_batch.get(row.size.batch)
        if expected is None or row.times_realtime is None or row.size.duration_s != 1:
            continue
        measured = row.times_realtime.median
        lines.append(
            [
                row.size.allocator, f"{row.size.batch:,}", NAMES[row.library], f"{expected:,.0f}",
                f"{measured:,.0f}", f"{measured / expected:.2f}",
            ]
        )  # fmt: skip
    return lines


def _markdown_table(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---"] * len(columns)
    return "\n".join("| " + " | ".join(line) + " |" for line in [columns, rule, *lines])
