"""Start a cell in a process of its own, watch its memory and its time, and say how it ended."""

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.jobs.speed.cell import Protocol, environment, is_out_of_memory
from scripts.jobs.speed.machine import Machine
from scripts.jobs.speed.memory import available_bytes, resident_bytes
from scripts.jobs.speed.schedule import Cell

ROOT = Path(__file__).resolve().parents[3]
POLL_S = 0.05
COMMAND = (sys.executable, "-m", "scripts.jobs.speed.cell")


@dataclass(frozen=True)
class Ended:
    """How a process ended: its code, its standard error, and why we stopped it (status, detail)."""

    returncode: int
    errors: str
    stopped: tuple[str, str] | None
    seconds: float
    others_busy: float | None


def run_cell(
    cell: Cell, protocol: Protocol, machine: Machine, command: Sequence[str] = COMMAND
) -> dict[str, Any]:
    """Measure `cell`; gives its record: ok, missing, out_of_memory, timed_out or failed (`status`).

    Running out of memory is a result, whether the library says so, the system ends the process or
    it passes the limit; so is any other end, with its last words in `detail`.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "record.json"
        words = [*_words(cell, protocol, machine), f"--json={target}"]
        ended = watch([*command, *words], cell, machine)
        if ended.returncode == 0 and ended.stopped is None and target.exists():
            record = json.loads(target.read_text())
        else:
            status, detail = diagnose(ended)
            record = {"status": status, "detail": detail}
    spent = {"wall_seconds": ended.seconds, "others_busy": ended.others_busy}
    return cell.as_dict() | record | spent


def _words(cell: Cell, protocol: Protocol, machine: Machine) -> list[str]:
    return [
        f"--library={cell.library}",
        f"--allocator={cell.allocator}",
        f"--batch={cell.batch}",
        f"--duration={cell.duration_s}",
        f"--sample-rate={cell.sample_rate}",
        f"--batches={protocol.batches}",
        f"--loops={protocol.loops}",
        f"--limit={protocol.limit_s}",
        f"--min-batches={protocol.min_batches}",
        f"--synchronise={protocol.synchronise}",
        f"--threads={machine.threads}",
        f"--device={machine.device}",
    ]


def watch(command: Sequence[str], cell: Cell, machine: Machine) -> Ended:
    """Run `command` until it ends, or passes the machine's limit of memory or of time.

    Its memory is read every 50 ms from outside, so that a machine shared with others is not driven
    to where the system itself chooses which process to end.
    """
    variables = os.environ | environment(cell.allocator, machine.threads, machine.device)
    variables["PYTHONPATH"] = os.pathsep.join(
        part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part
    )
    limit = machine.memory_limit_bytes
    if limit is None and (available := available_bytes()) is not None:
        limit = int(0.9 * available)
    stopped = None
    before, started = _cpu_seconds(), time.perf_counter()
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        process = subprocess.Popen(
            list(command), env=variables, stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            while process.poll() is None:
                time.sleep(POLL_S)
                resident = resident_bytes(process.pid)
                if limit is not None and resident is not None and resident > limit:
                    stopped = "out_of_memory", f"passed the limit of {limit / 1e9:.1f} GB"
                    break
                if time.perf_counter() - started > machine.time_limit_s:
                    stopped = "timed_out", f"not done after {machine.time_limit_s:g} s"
                    break
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
        seconds = time.perf_counter() - started
        errors.seek(0)
        text = errors.read()
    busy = _others_busy(before, _cpu_seconds(), seconds)
    return Ended(process.returncode, text, stopped, seconds, busy)


def diagnose(ended: Ended) -> tuple[str, str]:
    """Status and detail of a process that left no record."""
    if ended.stopped is not None:
        return ended.stopped
    if ended.returncode == -signal.SIGKILL:
        return "out_of_memory", "ended by the system (SIGKILL)"
    lines = [line.strip() for line in ended.errors.splitlines() if line.strip()]
    memory = next((line for line in lines if is_out_of_memory(RuntimeError(line))), None)
    if memory is not None:
        return "out_of_memory", memory
    return "failed", f"exit code {ended.returncode}: {lines[-1] if lines else 'no message'}"


def _cpu_seconds() -> tuple[float, float] | None:
    """Busy seconds of all cores and of our ended children; None where there is no /proc/stat."""
    try:
        fields = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    except (OSError, ValueError):
        return None
    busy = sum(fields[:3]) + sum(fields[5:8])
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return busy / os.sysconf("SC_CLK_TCK"), children.ru_utime + children.ru_stime


def _others_busy(
    before: tuple[float, float] | None, after: tuple[float, float] | None, seconds: float
) -> float | None:
    """Share of all cores that other processes used meanwhile, 0 to 1: noise in the measurement."""
    if before is None or after is None or seconds <= 0:
        return None
    others = (after[0] - before[0]) - (after[1] - before[1])
    return max(0.0, others / (seconds * (os.cpu_count() or 1)))
