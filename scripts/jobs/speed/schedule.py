"""The cells of a run and their order: rounds, in which the libraries take turns at every size."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

from scripts.jobs.speed.renderers import Sounds


@dataclass(frozen=True)
class Cell:
    """One measurement: a library with an allocator at a size, in a round."""

    library: str
    allocator: str
    batch: int
    duration_s: float
    sample_rate: int
    round: int

    @property
    def sounds(self) -> Sounds:
        """What it renders."""
        return Sounds(self.batch, self.duration_s, self.sample_rate)

    @property
    def name(self) -> str:
        """The key of its record, the same whenever the run is started again."""
        return (
            f"round{self.round}-{self.duration_s:g}s-batch{self.batch}"
            f"-{self.allocator}-{self.library}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Its fields as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Grid:
    """The axes of a run: `rounds` for each allocator; `limits` are measured in `limit_rounds`."""

    libraries: Sequence[str]
    limits: Sequence[str]
    rounds: Mapping[str, int]
    limit_rounds: int
    batches: Sequence[int]
    durations_s: Sequence[float]
    sample_rate: int

    def turns(self) -> Iterator[list[Cell]]:
        """The cells round by round, in turns: at one size and allocator every library once.

        Neighbours in time are what a ratio compares, so a machine that slows down for a minute
        slows all of them.
        """
        for number in range(max(self.rounds.values())):
            libraries = [*self.libraries, *(self.limits if number < self.limit_rounds else ())]
            allocators = [name for name, count in self.rounds.items() if number < count]
            for duration_s, batch, allocator in product(self.durations_s, self.batches, allocators):
                yield [
                    Cell(library, allocator, batch, duration_s, self.sample_rate, number)
                    for library in libraries
                ]


def seconds_before(turn: Sequence[Cell], records: dict[str, dict[str, Any]]) -> float:
    """What the cells of a turn took one round earlier."""
    earlier = (replace(cell, round=cell.round - 1).name for cell in turn)
    return sum(records[name]["wall_seconds"] for name in earlier if name in records)


def without_hope(cell: Cell, records: dict[str, dict[str, Any]]) -> str | None:
    """Why `cell` need not be tried, or None: its library ran out of memory at no larger a size."""
    for record in records.values():
        same = all(record[axis] == getattr(cell, axis) for axis in ("library", "allocator"))
        smaller = record["batch"] <= cell.batch and record["duration_s"] <= cell.duration_s
        if same and smaller and record["status"] == "out_of_memory":
            return (
                f"not tried: ran out of memory at batch {record['batch']} of "
                f"{record['duration_s']:g} s ({record['detail']})"
            )
    return None
