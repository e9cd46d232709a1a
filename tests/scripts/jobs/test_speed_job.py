"""The job: rounds, resuming, missing peers, memory as a result, and what it writes."""

import contextlib
import csv
import logging
from types import SimpleNamespace

import pytest

from eval.harness.checkpoints import Checkpoints
from eval.harness.files import read_json
from scripts.jobs.speed import job as speed_job
from scripts.jobs.speed.job import Speed
from scripts.runtime.errors import UserError

SPEEDS = {"ours": 9000.0, "synthax": 450.0, "torchsynth": 300.0, "fill": 90000.0}


class FakeTracker:
    def __init__(self):
        self.figures, self.tables = {}, {}

    def figure(self, name, figure):
        self.figures[name] = figure

    def table(self, name, columns, rows):
        assert all(len(row) == len(columns) for row in rows)
        self.tables[name] = rows


class FakeMachine:
    """Stands for the processes of a run: notes each cell, can be interrupted, can run short."""

    def __init__(self):
        self.measured = []
        self.interrupt_after = None
        self.too_large = {}
        self.wall_seconds = 10.0

    def run_cell(self, cell, protocol, machine):
        if self.interrupt_after is not None and len(self.measured) >= self.interrupt_after:
            raise KeyboardInterrupt
        self.measured.append(cell)
        base = cell.as_dict() | {"wall_seconds": self.wall_seconds, "others_busy": 0.3}
        if cell.batch >= self.too_large.get(cell.library, 10**9):
            return base | {"status": "out_of_memory", "detail": "no room"}
        speed = SPEEDS[cell.library] * (1 + 0.1 * cell.round)
        return base | {
            "status": "ok",
            "times_realtime": speed,
            "seconds_per_batch": cell.batch * cell.duration_s / speed,
            "peak_bytes": 3e8,
            "device_peak_bytes": None,
            "compile_seconds": 1.0,
        }


@pytest.fixture
def machine(monkeypatch):
    machine = FakeMachine()
    monkeypatch.setattr(speed_job, "run_cell", machine.run_cell)
    monkeypatch.setattr(speed_job, "installed", lambda name: True)
    return machine


@pytest.fixture
def run(tmp_path):
    @contextlib.contextmanager
    def progress(total, description, done=0):
        yield SimpleNamespace(update=lambda n=1, **figures: None)

    def artifact(name):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    return SimpleNamespace(
        folder=tmp_path,
        checkpoints=Checkpoints(tmp_path / "checkpoints"),
        tracker=FakeTracker(),
        progress=progress,
        artifact=artifact,
    )


def speed(**changes):
    settings = {
        "libraries": ["ours", "synthax", "torchsynth"],
        "limits": ["fill"],
        "rounds": {"stock": 3, "tuned": 3},
        "batches": [2, 32],
        "durations_s": [1.0],
        "platform": "cpu",
        "goals": {"cpu": {"speedup": {"ours": {32: 15}}}},
    }
    return Speed(**(settings | changes))


def test_every_cell_is_measured_in_rounds_and_reported(machine, run):
    metrics = speed()(run)
    assert [cell.round for cell in machine.measured] == [0] * 16 + [1] * 12 + [2] * 12
    turns = [cell.library for cell in machine.measured]
    libraries = ["ours", "synthax", "torchsynth"]
    assert turns == [*libraries, "fill"] * 4 + libraries * 8
    assert metrics["stock/1s/batch_32/ours/speedup"] == pytest.approx(20.0)
    assert metrics["tuned/1s/batch_2/ours/times_realtime"] == pytest.approx(9900.0)
    assert metrics["goals_met"] == metrics["goals_measured"] == 1.0
    tables = ("speed.csv", "speed.md", "cells.json", "index.html")
    for name in (*tables, "figure_3.png", "figure_2_stock.png", "figure_2_tuned.png"):
        assert (run.folder / name).stat().st_size > 500, name
    with open(run.folder / "speed.csv") as handle:
        assert len(list(csv.DictReader(handle))) == 16
    assert len(read_json(run.folder / "cells.json")) == 40
    assert set(run.tracker.figures) == {"figure_2_stock", "figure_2_tuned", "figure_3"}
    assert "Asked for" in run.tracker.tables
    assert "in 100% of the measurements" in (run.folder / "speed.md").read_text()


def test_an_interrupted_run_goes_on_where_it_was(machine, run):
    whole = speed()(run)
    machine.measured.clear()
    run.checkpoints = Checkpoints(run.folder / "again")
    machine.interrupt_after = 21
    with pytest.raises(KeyboardInterrupt):
        speed()(run)
    machine.interrupt_after = None
    resumed = speed()(run)
    names = [cell.name for cell in machine.measured]
    assert len(names) == len(set(names)) == 40, "no cell is measured twice"
    assert resumed == whole


def test_a_turn_is_begun_only_if_it_should_end_in_time(machine, run):
    # Round 0 takes 160 s and round 1 takes 120 s; then turns of 30 s: 310, 340, but not 370 s.
    metrics = speed(minutes=6.0)(run)
    assert machine.measured[-1].name == "round2-1s-batch2-tuned-torchsynth"
    assert metrics["stock/1s/batch_2/ours/rounds"] == 3.0
    assert metrics["stock/1s/batch_32/ours/rounds"] == 2.0
    assert len(machine.measured) == 16 + 12 + 6


def test_a_resumed_run_counts_the_minutes_that_were_used(machine, run):
    machine.interrupt_after = 30
    with pytest.raises(KeyboardInterrupt):
        speed(minutes=6.0)(run)
    machine.interrupt_after = None
    speed(minutes=6.0)(run)
    assert len(machine.measured) == 16 + 12 + 6


def test_the_first_round_is_always_whole(machine, run):
    metrics = speed(minutes=0.01)(run)
    assert metrics["stock/1s/batch_2/ours/rounds"] == 1.0
    assert len(machine.measured) == 16


def test_allocators_have_their_own_number_of_rounds(machine, run):
    metrics = speed(rounds={"stock": 2, "tuned": 1})(run)
    assert metrics["stock/1s/batch_2/ours/rounds"] == 2.0
    assert metrics["tuned/1s/batch_2/ours/rounds"] == 1.0


def test_out_of_memory_is_a_result_and_larger_batches_are_not_tried(machine, run):
    machine.too_large = {"torchsynth": 32}
    metrics = speed(batches=[2, 32, 128], rounds={"stock": 3})(run)
    tried = [cell for cell in machine.measured if cell.library == "torchsynth"]
    assert [(cell.batch, cell.round) for cell in tried] == [(2, 0), (32, 0), (2, 1), (2, 2)]
    assert "stock/1s/batch_32/torchsynth/times_realtime" not in metrics
    assert metrics["stock/1s/batch_32/ours/speedup"] == pytest.approx(20.0), "over SynthAX alone"
    lines = (run.folder / "speed.md").read_text().splitlines()
    assert any(line.startswith("| 128 |") and "out of memory" in line for line in lines)


def test_without_peers_ours_is_measured_and_the_report_says_so(machine, run, monkeypatch, caplog):
    def missing(cell, protocol, where):
        if cell.library in ("synthax", "torchsynth"):
            return cell.as_dict() | {
                "status": "missing",
                "detail": "make setup-bench",
                "wall_seconds": 0.1,
                "others_busy": None,
            }
        return machine.run_cell(cell, protocol, where)

    monkeypatch.setattr(speed_job, "run_cell", missing)
    monkeypatch.setattr(speed_job, "installed", lambda name: False)
    with caplog.at_level(logging.WARNING):
        metrics = speed()(run)
    assert "synthax is not installed" in caplog.text
    assert "make setup-bench" in caplog.text
    assert "stock/1s/batch_2/ours/times_realtime" in metrics
    assert not any("speedup" in name for name in metrics)
    assert "make setup-bench" in (run.folder / "speed.md").read_text()


def test_on_a_gpu_the_hosts_allocator_is_left_alone(machine, run):
    speed(platform="gpu")(run)
    assert {cell.allocator for cell in machine.measured} == {"stock"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"libraries": ["ours", "syntax"]}, "job.libraries: syntax given; allowed: ours, "),
        ({"libraries": []}, "job.libraries is empty"),
        ({"libraries": ["fill"]}, "job.libraries: fill given"),
        ({"limits": ["ours"]}, "job.limits: ours given; allowed: fill, fill_reused, arithmetic"),
        ({"rounds": {"fast": 1}}, "job.rounds: fast given; allowed: stock, tuned"),
        ({"platform": "tpu"}, "job.platform: tpu given; allowed: auto, cpu, gpu"),
        ({"rounds": {"stock": 0}}, "must all be positive"),
        ({"batches": [2, 0]}, "must all be positive"),
        ({"durations_s": [0.0]}, "must all be positive"),
        ({"batches": []}, "job.batches is empty"),
        ({"durations_s": []}, "job.durations_s is empty"),
    ],
)
def test_settings_that_measure_nothing_are_refused(machine, run, changes, message):
    with pytest.raises(UserError, match=message):
        speed(**changes)(run)
