"""The protocol of one cell, with a renderer whose time is known."""

import json

import pytest

from scripts.jobs.speed import cell
from scripts.jobs.speed.cell import Loop, Protocol, figures_of, measure, run_loops
from scripts.jobs.speed.libraries import LIBRARIES, MissingLibrary
from scripts.jobs.speed.renderers import Sounds


class Clock:
    """A clock that only the renderer moves on."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self):
        return self.now


class FakeRenderer:
    def __init__(self, clock, seconds):
        self.clock, self.seconds = clock, seconds
        self.indices, self.waits = [], 0

    def render(self, index):
        self.indices.append(index)
        self.clock.now += self.seconds

    def wait(self):
        self.waits += 1

    def device_peak_bytes(self):
        return None


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(cell, "time", clock)
    return clock


def test_paper_protocol_is_ten_loops_of_a_hundred_batches(clock):
    renderer = FakeRenderer(clock, 0.001)
    loops, batch_seconds = run_loops(renderer, Protocol())
    assert [loop.batches for loop in loops] == [100] * 10
    assert renderer.indices == list(range(1, 1001)), "a batch is never drawn twice"
    assert batch_seconds == pytest.approx([0.001] * 1000)
    assert all(loop.seconds == pytest.approx(0.1) for loop in loops)
    assert all(loop.peak_bytes > 0 for loop in loops), "memory is read after each loop"


@pytest.mark.parametrize(
    ("seconds", "batches"),
    [(20.0, 3), (100.0, 3), (10.0, 3), (5.0, 6), (0.25, 120)],
)
def test_a_cell_ends_after_thirty_seconds_with_at_least_three_batches(clock, seconds, batches):
    loops, _ = run_loops(FakeRenderer(clock, seconds), Protocol())
    assert sum(loop.batches for loop in loops) == batches


def test_waiting_for_loops_waits_once_a_loop(clock):
    renderer = FakeRenderer(clock, 0.001)
    loops, batch_seconds = run_loops(renderer, Protocol(loops=4, synchronise="loop"))
    assert renderer.waits == 4
    assert batch_seconds == []
    assert len(loops) == 4


def test_times_realtime_is_the_papers_formula():
    loops = [Loop(4.0, 100, 5, 7, None), Loop(6.0, 100, 5, 9, None)]
    figures = figures_of(Sounds(batch=32, duration_s=4.0), loops, [])
    assert figures["times_realtime"] == pytest.approx(200 * 32 * 4.0 / 10.0)
    assert figures["seconds_per_batch"] == pytest.approx(0.05)
    assert figures["peak_bytes"] == 9


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 722534400 bytes."),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"),
    ],
)
def test_running_out_of_memory_is_a_result(monkeypatch, error):
    def build(sounds):
        raise error

    monkeypatch.setitem(LIBRARIES, "ours", build)
    record = measure("ours", Sounds(2, 1.0), Protocol())
    assert record["status"] == "out_of_memory"
    assert record["peak_bytes"] > 0
    assert json.loads(json.dumps(record)) == record


def test_other_errors_are_not_hidden(monkeypatch):
    def build(sounds):
        raise ValueError("a bug")

    monkeypatch.setitem(LIBRARIES, "ours", build)
    with pytest.raises(ValueError, match="a bug"):
        measure("ours", Sounds(2, 1.0), Protocol())


def test_a_missing_peer_says_how_to_install_it(monkeypatch):
    def build(sounds):
        raise MissingLibrary("synthax is not installed; `make setup-bench` installs it")

    monkeypatch.setitem(LIBRARIES, "ours", build)
    record = measure("ours", Sounds(2, 1.0), Protocol())
    assert record["status"] == "missing"
    assert "make setup-bench" in record["detail"]


@pytest.mark.parametrize(
    "wrong", [{"batches": 0}, {"loops": 0}, {"min_batches": 0}, {"synchronise": "never"}]
)
def test_a_protocol_that_measures_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="batch"):
        Protocol(**wrong)


def test_the_environment_of_a_cell():
    tuned = cell.environment("tuned", 2, "cpu")
    assert tuned["MALLOC_ARENA_MAX"] == "1"
    assert tuned["MALLOC_MMAP_MAX_"] == "0"
    assert tuned["MALLOC_TRIM_THRESHOLD_"] == "17179869184"
    assert tuned["OMP_NUM_THREADS"] == "2"
    assert tuned["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    assert tuned["JAX_PLATFORMS"] == "cpu"
    assert not any(name.startswith("MALLOC") for name in cell.environment("stock", 2, "cpu"))
    assert "JAX_PLATFORMS" not in cell.environment("stock", 2, "gpu")
    with pytest.raises(ValueError, match="allocator is 'fast'; allowed: stock, tuned"):
        cell.environment("fast", 2, "cpu")
    with pytest.raises(ValueError, match="device is 'tpu'; allowed: cpu, gpu"):
        cell.environment("stock", 2, "tpu")
