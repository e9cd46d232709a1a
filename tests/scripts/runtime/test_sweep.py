"""Grids: the plain command runs the cells that are not done, under any launcher."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

GRID = "experiment=test/grid"


def cells(outputs) -> set[tuple[int, str]]:
    """Seed and kind of every run that ended."""
    found = set()
    for path in outputs.glob("runs/test/grid/*/results.json"):
        config = (path.parent / "config.yaml").read_text()
        kind = "fancy" if "kind: fancy" in config else "plain"
        found.add((json.loads(path.read_text())["seed"], kind))
    return found


def test_the_plain_command_runs_the_grid_of_the_experiment(run, outputs):
    assert run(GRID, "job.steps=1").status == 0
    assert cells(outputs) == {(seed, kind) for seed in (0, 1, 2) for kind in ("plain", "fancy")}


def test_smoke_takes_the_first_and_last_value_of_an_axis(run, outputs):
    done = run(GRID, "scale=smoke")
    assert any("seed takes its first and last value of 3" in line for line in done.lines)
    assert cells(outputs) == {(seed, kind) for seed in (0, 2) for kind in ("plain", "fancy")}


def test_the_command_line_overrides_an_axis(run, outputs):
    assert run(GRID, "scale=smoke", "seed=5,6,7", "job.kind=plain").status == 0
    assert cells(outputs) == {(5, "plain"), (6, "plain"), (7, "plain")}


def test_done_cells_are_not_launched(run, outputs):
    run(GRID, "scale=smoke", "seed=0")
    again = run(GRID, "scale=smoke", "seed=0,1", "job.steps=3")
    assert "4 cells: 2 done, 2 to run" in again.lines
    sweeps = list(outputs.glob(".sweeps/*/*/multirun.yaml"))
    nothing = run(GRID, "scale=smoke", "seed=0,1", "job.steps=3")
    assert nothing.lines == ["4 cells: 4 done, 0 to run"]
    assert list(outputs.glob(".sweeps/*/*/multirun.yaml")) == sweeps
    everything = run(GRID, "scale=smoke", "seed=0", "rerun=true")
    assert "2 cells: 0 done, 2 to run" in everything.lines


def test_a_sweep_of_500_done_runs_starts_nothing(run, outputs):
    assert run(GRID, "job.steps=1", "seed=0", "job.kind=plain").status == 0
    (folder,) = outputs.glob("runs/test/grid/*")
    began = time.monotonic()
    nothing = run(GRID, "job.steps=1", "seed=0", "job.kind=plain", "-m", "workers=range(500)")
    assert nothing.lines == ["500 cells: 1 done, 0 to run, 499 the same as others"]
    assert time.monotonic() - began < 60
    assert list(outputs.glob("runs/test/grid/*")) == [folder]


def test_cells_that_come_out_the_same_run_once(run, outputs):
    done = run("-m", "experiment=test/count", "scale=smoke", "workers=1,2,3")
    assert done.status == 0
    assert len(list(outputs.glob("runs/test/count/*"))) == 1


def test_a_group_is_an_axis(run, outputs):
    done = run("-m", "experiment=test/count", "scale=smoke", "tracker=disabled,offline", "seed=0,1")
    assert done.lines[0] == "4 cells: 0 done, 2 to run, 2 the same as others"


def test_a_failing_cell_lets_the_others_end_and_fails_the_command(run, outputs):
    failed = run("-m", "experiment=test/count", "scale=smoke", "job.error=user,null", "seed=0,1")
    assert failed.status == 1
    assert len(list(outputs.glob("runs/test/count/*/results.json"))) == 2
    assert failed.errors[-1] == "2 of 4 cells failed; the same command runs them again"
    assert sum("too quiet" in line for line in failed.errors) == 2
    assert not any("Traceback" in line for line in failed.lines)


@pytest.mark.parametrize(
    "launcher",
    [
        ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
        ("hydra/launcher=submitit_local", "hydra.launcher.timeout_min=2"),
    ],
    ids=["joblib", "submitit"],
)
def test_workers_run_cells_with_the_same_numbers(start, run, outputs, launcher):
    parallel = start(GRID, "job.steps=2", *launcher)
    _, said = parallel.communicate(timeout=120)
    assert parallel.returncode == 0, said
    assert len(cells(outputs)) == 6
    numbers = {
        path.parent.name: json.loads(path.read_text())["metrics"]
        for path in outputs.glob("runs/test/grid/*/results.json")
    }
    assert run(GRID, "job.steps=2", "rerun=true").status == 0
    for path in outputs.glob("runs/test/grid/*/results.json"):
        assert json.loads(path.read_text())["metrics"] == numbers[path.parent.name]


def test_a_sweep_that_was_killed_is_finished_by_the_same_command(start, run, outputs):
    command = (GRID, "scale=smoke", "job.sleep_s=0.2", "job.kind=plain")
    sweep = start(*command)
    deadline = time.monotonic() + 60
    while not cells(outputs):
        assert time.monotonic() < deadline
        assert sweep.poll() is None
        time.sleep(0.02)
    os.kill(sweep.pid, signal.SIGKILL)
    sweep.communicate()
    if len(cells(outputs)) == 2:
        pytest.skip("the sweep was faster than the kill")
    again = run(*command)
    assert again.status == 0, again.lines
    assert "2 cells: 1 done, 1 to run" in again.lines
    assert cells(outputs) == {(0, "plain"), (2, "plain")}
