"""The job of `experiment=synth/speed`: measure every cell in rounds, then write what was found."""

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from eval.harness import files
from scripts.jobs.speed import goals, report, summary
from scripts.jobs.speed.cell import ALLOCATORS, Protocol, usable_cores
from scripts.jobs.speed.figures import figure_2, figure_3
from scripts.jobs.speed.launch import run_cell
from scripts.jobs.speed.libraries import LIMITS, OURS, PEERS, installed
from scripts.jobs.speed.machine import Machine, detect_device, device_name
from scripts.jobs.speed.probes import PROBE_FLOPS
from scripts.jobs.speed.schedule import Cell, Grid, seconds_before, without_hope
from scripts.jobs.speed.show import page
from scripts.runtime.errors import UserError
from scripts.runtime.page.media import png

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)
BUSY = 0.1


@dataclass
class Speed:
    """Measure our synthesizer, its peers and the limits side by side (SynthAX paper, 3.3.1).

    `libraries` take turns at every size, in `rounds` (allocator -> how many); `limits` are measured
    in the first `limit_rounds`. After the first round a turn begins only if it should end within
    `minutes` of measuring (None: no limit). `platform` is where every
    library runs; it is part of what is measured, unlike the `device` of other jobs. `threads` None
    is every core this process may use. `expected` (allocator -> library -> batch -> times realtime)
    and `goals` (see `goals.compare`) are shown beside what was measured.
    """

    libraries: list[str]
    limits: list[str]
    rounds: dict[str, int]
    batches: list[int]
    durations_s: list[float]
    limit_rounds: int = 1
    minutes: float | None = None
    batches_per_loop: int = 100
    loops: int = 10
    limit_s: float = 30.0
    min_batches: int = 3
    synchronise: Literal["batch", "loop"] = "batch"
    sample_rate: int = 44100
    platform: Literal["auto", "cpu", "gpu"] = "auto"
    threads: int | None = None
    memory_limit_gb: float | None = None
    flops_per_sample: float = 167.0
    expected: dict[str, Any] = field(default_factory=dict)
    goals: dict[str, Any] = field(default_factory=dict)

    def __call__(self, run: "Run") -> dict[str, float]:
        """Run the cells that have no record yet, write tables and figures, give the metrics."""
        self._check()
        device = detect_device() if self.platform == "auto" else self.platform
        threads = self.threads or usable_cores()
        limit = None if self.memory_limit_gb is None else int(self.memory_limit_gb * 1e9)
        machine = Machine(device, threads, limit)
        records = self._records(run, machine)
        results = self._results(list(records.values()), machine)
        self._write(run, results)
        return report.metrics(results)

    def _check(self) -> None:
        for name, given, allowed in (
            ("libraries", self.libraries, [*OURS, *PEERS]),
            ("limits", self.limits, list(LIMITS)),
            ("rounds", list(self.rounds), list(ALLOCATORS)),
            ("platform", [self.platform], ["auto", "cpu", "gpu"]),
        ):
            if unknown := [value for value in given if value not in allowed]:
                raise UserError(
                    f"job.{name}: {', '.join(unknown)} given; allowed: {', '.join(allowed)}"
                )
        for name, values in (
            ("libraries", self.libraries),
            ("rounds", self.rounds),
            ("batches", self.batches),
            ("durations_s", self.durations_s),
        ):
            if not values:
                raise UserError(f"job.{name} is empty; at least one is needed")
        if min([*self.rounds.values(), *self.batches]) < 1 or min(self.durations_s) <= 0:
            raise UserError(
                f"job.rounds {self.rounds}, job.batches {self.batches} and job.durations_s "
                f"{self.durations_s} must all be positive"
            )
        for name in PEERS:
            if name in self.libraries and not installed(name):
                log.warning("%s is not installed: going on without it (make setup-bench)", name)

    def _records(self, run: "Run", machine: Machine) -> dict[str, dict[str, Any]]:
        """The record of every cell, from the checkpoint or measured now, by the cell's name."""
        # The host's allocator plays no part in what an accelerator does.
        first = dict(list(self.rounds.items())[:1])
        rounds = self.rounds if machine.device == "cpu" else first
        grid = Grid(
            self.libraries, self.limits, rounds, self.limit_rounds,
            self.batches, self.durations_s, self.sample_rate,
        )  # fmt: skip
        protocol = Protocol(
            self.batches_per_loop, self.loops, self.limit_s, self.min_batches, self.synchronise
        )
        checkpoint = run.checkpoints.load("cells")
        records: dict[str, dict[str, Any]] = dict(checkpoint["records"]) if checkpoint else {}
        turns = list(grid.turns())
        done = sum(cell.name in records for turn in turns for cell in turn)
        with run.progress(sum(map(len, turns)), "cells", done) as progress:
            for turn in turns:
                missing = [cell for cell in turn if cell.name not in records]
                if missing and not self._time_for(turn, records):
                    log.info("%g min are over in round %d", self.minutes, turn[0].round + 1)
                    break
                for cell in missing:
                    record = self._one(cell, protocol, machine, records)
                    records[cell.name] = record
                    run.checkpoints.save("cells", {"records": records})
                    progress.update(1, times_realtime=record.get("times_realtime", 0.0))
                    log.info("%s: %s %s", cell.name, record["status"], _outcome(record))
        return records

    def _time_for(self, turn: list[Cell], records: dict[str, dict[str, Any]]) -> bool:
        """Whether a turn should be begun, or gone on with, within the minutes given."""
        begun = any(cell.name in records for cell in turn)
        if turn[0].round == 0 or begun or self.minutes is None:
            return True
        used = sum(record["wall_seconds"] for record in records.values())
        return used + seconds_before(turn, records) <= self.minutes * 60

    def _one(
        self, cell: Cell, protocol: Protocol, machine: Machine, records: dict[str, dict[str, Any]]
    ) -> dict[str, Any]:
        hopeless = without_hope(cell, records)
        if hopeless is not None:
            return cell.as_dict() | {
                "status": "out_of_memory",
                "detail": hopeless,
                "wall_seconds": 0.0,
                "others_busy": None,
            }
        return run_cell(cell, protocol, machine)

    def _results(self, records: list[dict[str, Any]], machine: Machine) -> report.Results:
        table = summary.rows(records)
        ratios = summary.speedups(records)
        return report.Results(
            device=device_name(machine.device),
            threads=machine.threads,
            records=records,
            table=table,
            ratios=ratios,
            bounds=summary.limits(table, self.flops_per_sample, PROBE_FLOPS),
            expected=_integer_keys(self.expected) if machine.device == "cpu" else {},
            goals=goals.compare(machine.device, self.goals, table, ratios),
            notes=_notes(records, self.flops_per_sample),
        )

    def _write(self, run: "Run", results: report.Results) -> None:
        files.write_json(run.artifact("cells.json"), list(results.records))
        files.write_text(run.artifact("speed.csv"), report.as_csv(results))
        files.write_text(run.artifact("speed.md"), report.as_markdown(results))
        on_gpu = any(row.device_peak_bytes is not None for row in results.table)
        memory = "peak device memory" if on_gpu else "peak memory of the process"
        drawn = {
            f"figure_2_{name}": figure_2(results.table, name, memory)
            for name in dict.fromkeys(row.size.allocator for row in results.table)
        }
        asked = goals.by_size(self.goals, "gpu" if on_gpu else "cpu")
        comparison = figure_3(results.ratios, asked)
        if comparison is not None:
            drawn["figure_3"] = comparison
        for name, figure in drawn.items():
            files.write_bytes(run.artifact(f"{name}.png"), png(figure))
            run.tracker.figure(name, figure)
        page(results, drawn).write(run.artifact("index.html"))
        for title, (columns, lines) in report.tables(results).items():
            run.tracker.table(title, columns, lines)


def _outcome(record: dict[str, Any]) -> str:
    if record["status"] == "ok":
        return f"{record['times_realtime']:,.0f} times realtime"
    return str(record.get("detail", ""))


def _integer_keys(expected: dict[str, Any]) -> dict[str, dict[str, dict[int, float]]]:
    return {
        allocator: {
            library: {int(batch): float(speed) for batch, speed in speeds.items()}
            for library, speeds in by_library.items()
        }
        for allocator, by_library in expected.items()
    }


def _notes(records: list[dict[str, Any]], flops_per_sample: float) -> list[str]:
    """What a reader must know: missing peers, noise, what the limits mean."""
    notes = []
    missing = dict.fromkeys(r["library"] for r in records if r["status"] == "missing")
    if missing:
        notes.append(
            f"{', '.join(missing)} not installed, so not measured: `make setup-bench` installs it. "
            "Speed-ups are over the peers that are there."
        )
    busy = [r["others_busy"] for r in records if r.get("others_busy") is not None]
    if busy:
        share = sum(value > BUSY for value in busy) / len(busy)
        notes.append(
            f"Other processes used {sum(busy) / len(busy):.1%} of the cores in the mean; more than "
            f"{BUSY:.0%} in {share:.0%} of the measurements."
        )
    notes.append(
        "The limit is the slower of writing the audio once (into a new or a reused buffer, as the "
        f"variant does) and of {flops_per_sample:g} operations a sample at the rate that a probe "
        "of independent multiply-adds reached beside it."
    )
    return notes
