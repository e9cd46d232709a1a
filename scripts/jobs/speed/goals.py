"""What was asked of the synthesizer's speed, compared with what a run measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from scripts.jobs.speed.figures import NAMES
from scripts.jobs.speed.libraries import OURS, PEERS
from scripts.jobs.speed.report import Goal
from scripts.jobs.speed.summary import Row, Size, Speedup


def compare(
    device: str, wanted: Mapping[str, Any], table: Sequence[Row], ratios: Sequence[Speedup]
) -> list[Goal]:
    """The goals of a device kind (cpu or gpu) that concern the sizes which were run.

    `wanted[device]` may hold `allocator` and `duration_s` (which sizes it is about), `speedup`
    (variant -> batch -> times faster than the faster peer), `times_realtime` (batch or `best` ->
    least speed) and `memory_below_peers` (true: peak memory below that of each peer).
    """
    mine = wanted.get(device) or {}
    where = _where(mine)
    rows = {
        (row.size.batch, row.library): row
        for row in table
        if (row.size.allocator, row.size.duration_s) == where
    }
    batches = sorted({batch for batch, _ in rows})
    found = _speedups(mine.get("speedup") or {}, where, batches, ratios)
    found += _speeds(mine.get("times_realtime") or {}, batches, rows)
    if mine.get("memory_below_peers"):
        found += _memory(batches, rows)
    return found


def by_size(wanted: Mapping[str, Any], device: str, variant: str = "ours") -> dict[Size, float]:
    """The speed-ups asked of a variant over the faster peer, by the size that they are about."""
    mine = wanted.get(device) or {}
    speedup = (mine.get("speedup") or {}).get(variant) or {}
    return {Size(*_where(mine), int(batch)): float(times) for batch, times in speedup.items()}


def _where(mine: Mapping[str, Any]) -> tuple[str, float]:
    """Allocator and duration that a device's goals are about."""
    return mine.get("allocator", "stock"), float(mine.get("duration_s", 1.0))


def _speedups(
    asked: Mapping[str, Mapping[Any, float]],
    where: tuple[str, float],
    batches: Sequence[int],
    ratios: Sequence[Speedup],
) -> list[Goal]:
    measured = {(r.size, r.library): r.ratio.median for r in ratios if r.over == "faster peer"}
    return [
        Goal(
            f"{NAMES[variant]}: times faster than the faster peer, batch {batch}",
            float(times),
            measured.get((Size(*where, int(batch)), variant)),
        )
        for variant, by_size in asked.items()
        for batch, times in by_size.items()
        if int(batch) in batches
    ]


def _speeds(
    asked: Mapping[Any, float], batches: Sequence[int], rows: Mapping[tuple[int, str], Row]
) -> list[Goal]:
    goals = []
    for batch, speed in asked.items():
        sizes = batches if batch == "best" else [int(batch)]
        speeds = [
            row.times_realtime.median
            for size in sizes
            for variant in OURS
            if (row := rows.get((size, variant))) is not None and row.times_realtime is not None
        ]
        if batch == "best" or int(batch) in batches:
            at = "best batch" if batch == "best" else f"batch {batch}"
            goals.append(
                Goal(f"times realtime, {at}", float(speed), max(speeds) if speeds else None)
            )
    return goals


def _memory(batches: Sequence[int], rows: Mapping[tuple[int, str], Row]) -> list[Goal]:
    goals = []
    for batch in batches:
        peaks = {
            name: row.device_peak_bytes or row.peak_bytes
            for name in ("ours", *PEERS)
            if (row := rows.get((batch, name))) is not None
        }
        mine = peaks.get("ours")
        peers = [spread.median for name in PEERS if (spread := peaks.get(name)) is not None]
        ratio = min(peers) / mine.median if mine is not None and peers else None
        goals.append(Goal(f"least peak memory of a peer over ours, batch {batch}", 1.0, ratio))
    return goals
