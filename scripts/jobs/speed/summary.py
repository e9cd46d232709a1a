"""From the records of cells to medians over rounds, ratios within rounds, and the limits."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.jobs.speed.libraries import OURS, PEERS

Record = dict[str, Any]


@dataclass(frozen=True)
class Spread:
    """Median, least and greatest of some measurements."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """The spread of at least one value."""
        values = list(values)
        if not values:
            raise ValueError("a spread needs at least one value")
        return cls(statistics.median(values), min(values), max(values))

    def format(self, digits: int = 0, scale: float = 1.0) -> str:
        """`median (least-greatest)`, each multiplied by `scale`."""
        middle, low, high = (
            f"{value * scale:,.{digits}f}" for value in (self.median, self.least, self.greatest)
        )
        return f"{middle} ({low}-{high})"


@dataclass(frozen=True, order=True)
class Size:
    """Where a row stands: allocator, sounds a batch and seconds a sound."""

    allocator: str
    duration_s: float
    batch: int


@dataclass(frozen=True)
class Row:
    """One library at one size over all rounds; figures are None unless every round went well.

    `peak_bytes` is the whole process; `working_bytes` is that without what was there once the
    library was loaded: its compilation and its batches.
    """

    size: Size
    library: str
    status: str
    detail: str
    rounds: int
    times_realtime: Spread | None = None
    seconds_per_100: Spread | None = None
    nanoseconds_per_sample: Spread | None = None
    peak_bytes: Spread | None = None
    working_bytes: Spread | None = None
    device_peak_bytes: Spread | None = None
    compile_seconds: Spread | None = None


@dataclass(frozen=True)
class Speedup:
    """How many times faster `library` is than `over` at one size, by round."""

    size: Size
    library: str
    over: str
    ratio: Spread
    rounds: int


def size_of(record: Record) -> Size:
    """The size of a record."""
    return Size(record["allocator"], record["duration_s"], record["batch"])


def rows(records: Sequence[Record]) -> list[Row]:
    """One row for each library at each size, by size; libraries in the order they were measured."""
    groups: dict[tuple[Size, str], list[Record]] = {}
    for record in records:
        groups.setdefault((size_of(record), record["library"]), []).append(record)
    ordered = sorted(groups.items(), key=lambda item: item[0][0])
    return [_row(size, library, group) for (size, library), group in ordered]


def _row(size: Size, library: str, group: list[Record]) -> Row:
    good = [record for record in group if record["status"] == "ok"]
    bad = [record for record in group if record["status"] != "ok"]
    if bad:
        first = bad[0]
        return Row(size, library, first["status"], first.get("detail", ""), len(good))
    samples = size.batch * round(size.duration_s * group[0]["sample_rate"])
    device = [record["device_peak_bytes"] for record in good]
    working = [
        record["peak_bytes"] - record["loaded_bytes"]
        for record in good
        if record.get("loaded_bytes") is not None
    ]
    return Row(
        size,
        library,
        "ok",
        "",
        len(good),
        times_realtime=Spread.of(record["times_realtime"] for record in good),
        seconds_per_100=Spread.of(100 * record["seconds_per_batch"] for record in good),
        nanoseconds_per_sample=Spread.of(
            1e9 * record["seconds_per_batch"] / samples for record in good
        ),
        peak_bytes=Spread.of(record["peak_bytes"] for record in good),
        working_bytes=Spread.of(working) if working else None,
        device_peak_bytes=None if None in device else Spread.of(device),
        compile_seconds=Spread.of(record["compile_seconds"] for record in good),
    )


def speedups(records: Sequence[Record]) -> list[Speedup]:
    """Ratios of times realtime within each round: ours over each peer and over the faster one.

    `over` is a peer's name or `faster peer`, the faster of those that were measured in that round;
    rounds in which one side did not finish give no ratio.
    """
    speeds: dict[Size, dict[int, dict[str, float]]] = {}
    for record in records:
        if record["status"] == "ok":
            by_round = speeds.setdefault(size_of(record), {})
            by_round.setdefault(record["round"], {})[record["library"]] = record["times_realtime"]
    found = []
    for size, by_round in sorted(speeds.items()):
        for library in (name for name in OURS):
            ratios: dict[str, list[float]] = {}
            for measured in by_round.values():
                peers = {name: measured[name] for name in PEERS if name in measured}
                if library not in measured or not peers:
                    continue
                for over, speed in {**peers, "faster peer": max(peers.values())}.items():
                    ratios.setdefault(over, []).append(measured[library] / speed)
            found += [
                Speedup(size, library, over, Spread.of(values), len(values))
                for over, values in ratios.items()
            ]
    return found


@dataclass(frozen=True)
class Limit:
    """What bounds a size on this machine, in times realtime.

    `write` is writing the audio once and nothing else, into a donated buffer or a new one as
    `library` does; `arithmetic` is doing `flops_per_sample` operations at the measured rate; the
    bound is the lower of both.
    """

    size: Size
    library: str
    write: float
    arithmetic: float | None
    reached: float

    @property
    def bound(self) -> float:
        """Times realtime that no program of this kind can pass here."""
        return self.write if self.arithmetic is None else min(self.write, self.arithmetic)

    @property
    def share(self) -> float:
        """How much of the bound the library reached, 0 to 1."""
        return self.reached / self.bound


def limits(table: Sequence[Row], flops_per_sample: float, probe_flops: float) -> list[Limit]:
    """The bounds of our variants at each size, where `fill` or `fill_reused` was measured.

    The cell `arithmetic` does `probe_flops` operations a sample; its speed gives the rate at which
    `flops_per_sample`, what our synthesizer needs, could be done.
    """
    speed = {
        (row.size, row.library): row.times_realtime.median for row in table if row.times_realtime
    }
    found = []
    for (size, library), reached in speed.items():
        write = speed.get((size, {"ours": "fill", "ours_reused": "fill_reused"}.get(library, "")))
        if write is None:
            continue
        probe = speed.get((size, "arithmetic"))
        arithmetic = None if probe is None else probe * probe_flops / flops_per_sample
        found.append(Limit(size, library, write, arithmetic, reached))
    return found
