"""A cell's process: how each kind of end is told, with processes that really end that way."""

import os
import subprocess
import sys

import pytest

from scripts.jobs.speed.cell import Protocol
from scripts.jobs.speed.launch import run_cell
from scripts.jobs.speed.machine import Machine
from scripts.jobs.speed.memory import peak_resident_bytes, resident_bytes
from scripts.jobs.speed.schedule import Cell

CELL = Cell("ours", "tuned", 2, 1.0, 44100, 0)
MEGABYTE = 1_000_000


def end_like(code, **limits):
    machine = Machine("cpu", 1, **limits)
    return run_cell(CELL, Protocol(), machine, command=[sys.executable, "-c", code])


def test_a_record_comes_back_with_the_cells_name_and_what_it_took():
    code = (
        "import json, os, sys\n"
        "target = next(w for w in sys.argv if w.startswith('--json='))[7:]\n"
        "record = {'status': 'ok', 'arenas': os.environ['MALLOC_ARENA_MAX'], 'words': sys.argv}\n"
        "open(target, 'w').write(json.dumps(record))\n"
    )
    record = end_like(code)
    assert record["status"] == "ok"
    assert (record["library"], record["batch"], record["round"]) == ("ours", 2, 0)
    assert record["arenas"] == "1"
    assert {"--library=ours", "--batch=2", "--limit=30.0", "--threads=1"} <= set(record["words"])
    assert 0 < record["wall_seconds"] < 60
    assert record["others_busy"] is None or 0 <= record["others_busy"] <= 1.1


def test_a_process_ended_by_the_system_ran_out_of_memory():
    record = end_like("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert record["status"] == "out_of_memory"
    assert "SIGKILL" in record["detail"]


def test_a_process_that_dies_with_a_memory_error_ran_out_of_memory():
    record = end_like("raise MemoryError('no room for the batch')")
    assert record["status"] == "out_of_memory"
    assert "no room for the batch" in record["detail"]


def test_a_process_that_aborts_on_an_allocation_ran_out_of_memory():
    record = end_like("import os, sys; sys.stderr.write('std::bad_alloc\\n'); os.abort()")
    assert record["status"] == "out_of_memory"


@pytest.mark.skipif(resident_bytes() is None, reason="needs /proc")
def test_a_process_that_passes_the_limit_is_ended():
    code = "import time; block = bytearray(300_000_000); time.sleep(60)"
    record = end_like(code, memory_limit_bytes=150 * MEGABYTE)
    assert record["status"] == "out_of_memory"
    assert "limit of 0.1 GB" in record["detail"] or "limit of 0.2 GB" in record["detail"]
    assert record["wall_seconds"] < 30


def test_a_process_that_hangs_is_ended():
    record = end_like("import time; time.sleep(60)", time_limit_s=0.3)
    assert record["status"] == "timed_out"
    assert record["wall_seconds"] < 30


def test_any_other_failure_tells_its_last_words():
    record = end_like("raise ValueError('a bug')")
    assert record["status"] == "failed"
    assert record["detail"] == "exit code 1: ValueError: a bug"


@pytest.mark.skipif(resident_bytes() is None, reason="needs /proc")
def test_the_peak_is_that_of_the_process_and_not_of_its_parent():
    block = bytearray(400 * MEGABYTE)  # what ru_maxrss would hand down to the child
    code = (
        "from scripts.jobs.speed.memory import peak_resident_bytes\n"
        "block = bytearray(100_000_000); del block; print(peak_resident_bytes())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert 100 * MEGABYTE < int(done.stdout) < 200 * MEGABYTE
    assert peak_resident_bytes() > len(block)


def test_a_real_cell_measures_the_write_limit():
    cell = Cell("fill_reused", "stock", 2, 0.5, 8000, 0)
    protocol = Protocol(batches=3, loops=2, limit_s=5.0)
    record = run_cell(cell, protocol, Machine("cpu", 1))
    assert record["status"] == "ok", record
    assert record["batches"] == 6
    assert len(record["loops"]) == 2
    expected = 6 * 2 * 0.5 / sum(loop["seconds"] for loop in record["loops"])
    assert record["times_realtime"] == pytest.approx(expected)
    assert record["compile_seconds"] > 0
    assert record["peak_bytes"] >= record["loops"][0]["resident_bytes"] > 0
