"""Measure one library at one batch size in this process, and print what was measured as JSON.

    python -m scripts.jobs.speed.cell --library ours --batch 128
    python -m scripts.jobs.speed.cell --library ours_reused --batch 512 --allocator tuned
    python -m scripts.jobs.speed.cell --library torchsynth --batch 32 --limit 5 --json cell.json

Libraries: ours, ours_reused (into a donated buffer), synthax, torchsynth, and the limits fill and
fill_reused (nothing but writing the audio) and arithmetic. `--trace FOLDER` records a JAX profile
of ten more batches for TensorBoard or Perfetto. A summary goes to the standard error: times
realtime (of all batches, the median and the best one), milliseconds a batch, nanoseconds a sample,
and memory.

The protocol is that of the SynthAX paper (section 3.3.1): one batch first, outside the clock, so
that compilation is apart; then `--loops` loops of `--batches` batches with parameters drawn anew
in each; a loop ends early once `--limit` seconds have passed in all and `--min-batches` batches
are done. Memory is read after each loop.
"""

import argparse
import dataclasses
import json
import os
import statistics
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from scripts.jobs.speed.libraries import LIBRARIES, MissingLibrary, build
from scripts.jobs.speed.memory import peak_resident_bytes, prefer_as_victim, resident_bytes
from scripts.jobs.speed.renderers import Renderer, Sounds

ALLOCATORS: dict[str, dict[str, str]] = {
    "stock": {},
    "tuned": {
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": str(16 * 1024**3),
    },
}
OUT_OF_MEMORY = (
    "RESOURCE_EXHAUSTED",
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "bad_alloc",
    "MemoryError",
)


@dataclasses.dataclass(frozen=True)
class Protocol:
    """How long a cell measures: the paper's sizes, and where it may stop."""

    batches: int = 100
    loops: int = 10
    limit_s: float = 30.0
    min_batches: int = 3
    synchronise: str = "batch"

    def __post_init__(self) -> None:
        if min(self.batches, self.loops, self.min_batches) < 1 or self.limit_s < 0:
            raise ValueError(f"a cell needs at least one batch, loop and a limit >= 0: {self}")
        if self.synchronise not in ("batch", "loop"):
            raise ValueError(f"synchronise is {self.synchronise!r}; allowed: batch, loop")


@dataclasses.dataclass(frozen=True)
class Loop:
    """One loop of batches: seconds in all, batches done, and memory in bytes after it."""

    seconds: float
    batches: int
    resident_bytes: int | None
    peak_bytes: int
    device_peak_bytes: int | None


def run_loops(renderer: Renderer, protocol: Protocol) -> tuple[list[Loop], list[float]]:
    """Time the loops of a renderer that is compiled; gives the loops and each batch's seconds.

    With `synchronise="batch"` every batch is waited for; with "loop" only the last of a loop, and
    the list of batches is empty.
    """
    loops: list[Loop] = []
    batch_seconds: list[float] = []
    index, elapsed = 1, 0.0
    each = protocol.synchronise == "batch"
    for _ in range(protocol.loops):
        started, done = time.perf_counter(), 0
        while done < protocol.batches:
            batch_started = time.perf_counter()
            renderer.render(index)
            if each:
                renderer.wait()
            index, done = index + 1, done + 1
            now = time.perf_counter()
            if each:
                batch_seconds.append(now - batch_started)
            if elapsed + now - started >= protocol.limit_s and index > protocol.min_batches:
                break
        renderer.wait()
        seconds = time.perf_counter() - started
        elapsed += seconds
        host, peak, device = resident_bytes(), peak_resident_bytes(), renderer.device_peak_bytes()
        loops.append(Loop(seconds, done, host, peak, device))
        if elapsed >= protocol.limit_s and index > protocol.min_batches:
            break
    return loops, batch_seconds


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of Python, XLA or torch says that memory ran out."""
    text = f"{type(error).__name__}: {error}".lower()
    return isinstance(error, MemoryError) or any(mark.lower() in text for mark in OUT_OF_MEMORY)


def measure(
    library: str, sounds: Sounds, protocol: Protocol, trace: str | None = None
) -> dict[str, Any]:
    """Measure `library`; gives a JSON-able record whose `status` is ok, out_of_memory or missing.

    Any other failure of the library raises.
    """
    record: dict[str, Any] = {
        "library": library,
        **dataclasses.asdict(sounds),
        "protocol": dataclasses.asdict(protocol),
    }
    try:
        started = time.perf_counter()
        renderer = build(library, sounds)
        built = time.perf_counter()
        record["loaded_bytes"] = resident_bytes()
        renderer.render(0)
        renderer.wait()
        compiled = time.perf_counter()
        record |= {"setup_seconds": built - started, "compile_seconds": compiled - built}
        record["setup_peak_bytes"] = peak_resident_bytes()
        loops, batch_seconds = run_loops(renderer, protocol)
        if trace is not None:
            _record_trace(renderer, trace)
    except MissingLibrary as error:
        return record | {"status": "missing", "detail": str(error)}
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return record | {
            "status": "out_of_memory",
            "detail": str(error).splitlines()[0] if str(error) else type(error).__name__,
            "peak_bytes": peak_resident_bytes(),
        }
    return record | {"status": "ok"} | figures_of(sounds, loops, batch_seconds)


def figures_of(sounds: Sounds, loops: list[Loop], batch_seconds: list[float]) -> dict[str, Any]:
    """The figures of a cell: seconds a batch, times realtime and memory."""
    seconds = sum(loop.seconds for loop in loops)
    batches = sum(loop.batches for loop in loops)
    audio_seconds = sounds.batch * sounds.duration_s
    median = statistics.median(batch_seconds) if batch_seconds else seconds / batches
    return {
        "loops": [dataclasses.asdict(loop) for loop in loops],
        "batches": batches,
        "seconds": seconds,
        "seconds_per_batch": seconds / batches,
        "median_batch_seconds": median,
        "best_batch_seconds": min(batch_seconds) if batch_seconds else median,
        "times_realtime": audio_seconds * batches / seconds,
        "median_times_realtime": audio_seconds / median,
        "peak_bytes": max(loop.peak_bytes for loop in loops),
        "device_peak_bytes": loops[-1].device_peak_bytes,
    }


def _record_trace(renderer: Renderer, folder: str, batches: int = 10) -> None:
    import jax

    with jax.profiler.trace(folder):
        for index in range(batches):
            renderer.render(index)
        renderer.wait()


def describe(record: dict[str, Any]) -> str:
    """One line for people: what was measured."""
    head = f"{record['library']} batch {record['batch']} x {record['duration_s']:g} s"
    if record["status"] != "ok":
        return f"{head}: {record['status']}: {record.get('detail', '')}"
    audio_seconds = record["batch"] * record["duration_s"]
    samples = audio_seconds * record["sample_rate"]
    return (
        f"{head}: {record['times_realtime']:,.0f} times realtime "
        f"(median batch {record['median_times_realtime']:,.0f}, "
        f"best {audio_seconds / record['best_batch_seconds']:,.0f}), "
        f"{record['seconds_per_batch'] * 1e3:.3f} ms a batch, "
        f"{record['seconds_per_batch'] / samples * 1e9:.3f} ns a sample, "
        f"{record['batches']} batches, compiled in {record['compile_seconds']:.1f} s, "
        f"peak {record['peak_bytes'] / 1e6:.0f} MB (set-up {record['setup_peak_bytes'] / 1e6:.0f})"
    )


def environment(allocator: str, threads: int, device: str) -> dict[str, str]:
    """Variables that a measuring process starts with: allocator, threads, device, no preallocation.

    `device` is cpu or gpu. Raises ValueError for an unknown allocator or device.
    """
    if allocator not in ALLOCATORS:
        raise ValueError(f"allocator is {allocator!r}; allowed: {', '.join(ALLOCATORS)}")
    if device not in ("cpu", "gpu"):
        raise ValueError(f"device is {device!r}; allowed: cpu, gpu")
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    variables = {name: str(threads) for name in names}
    variables |= {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", **ALLOCATORS[allocator]}
    if device == "cpu":
        variables |= {"JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    return variables


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def limit_threads(threads: int) -> None:
    """Pin this process to its first `threads` cores; XLA's and torch's pools follow."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--library", choices=list(LIBRARIES), default="ours")
    parser.add_argument("--batch", type=int, default=128, help="sounds a batch")
    parser.add_argument("--duration", type=float, default=1.0, help="seconds a sound")
    parser.add_argument("--sample-rate", type=int, default=44100, help="Hz")
    parser.add_argument("--batches", type=int, default=100, help="batches a loop")
    parser.add_argument("--loops", type=int, default=10)
    parser.add_argument("--limit", type=float, default=10.0, help="seconds for all loops")
    parser.add_argument("--min-batches", type=int, default=3)
    parser.add_argument("--synchronise", choices=["batch", "loop"], default="batch")
    parser.add_argument("--allocator", choices=list(ALLOCATORS), default="stock")
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu")
    parser.add_argument("--json", help="file for the record; standard output if not given")
    parser.add_argument("--trace", help="folder for a JAX profile of ten more batches")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Measure what the arguments say; 0 also when memory ran out, since that is a result."""
    given = _arguments(argv)
    wanted = environment(given.allocator, given.threads, given.device)
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        # The allocator reads its variables when a program starts: start again with them set.
        words = sys.argv[1:] if argv is None else argv
        command = [sys.executable, "-m", "scripts.jobs.speed.cell", *words]
        os.execve(sys.executable, command, os.environ | wanted)
    prefer_as_victim()
    limit_threads(given.threads)
    sounds = Sounds(given.batch, given.duration, given.sample_rate)
    protocol = Protocol(
        given.batches, given.loops, given.limit, given.min_batches, given.synchronise
    )
    try:
        record = measure(given.library, sounds, protocol, given.trace)
    except Exception:
        traceback.print_exc()
        return 1
    text = json.dumps(record)
    if given.json:
        Path(given.json).write_text(text)
    else:
        print(text)
    print(describe(record), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
