"""The runner from the outside: the command, its run folder, skipping, resuming, errors."""

from __future__ import annotations

import json
import math
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import yaml


def only_folder(outputs: Path, experiment: str = "test/count") -> Path:
    folders = list((outputs / "runs" / experiment).iterdir())
    assert len(folders) == 1
    return folders[0]


def expected_total(steps: int, seed: int = 0) -> float:
    """What the counting job must end with, computed without the runner."""
    drawn = [np.random.default_rng((seed, step)).standard_normal(3) for step in range(steps)]
    return float(np.sum(drawn))


def results(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text())


def test_run_leaves_a_complete_folder(run, outputs):
    done = run("experiment=test/count", "scale=smoke", "seed=4")
    assert done.status == 0, done.lines
    folder = only_folder(outputs)
    assert len(folder.name) == 12
    assert set(folder.name) <= set("0123456789abcdef")
    written = results(folder)
    assert written["metrics"]["total"] == pytest.approx(expected_total(3, seed=4), rel=1e-12)
    assert (written["scale"], written["assets"], written["seed"]) == ("smoke", "stand_in", 4)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["experiment"] == "test/count"
    assert config["job"]["steps"] == 3
    assert "hydra" not in config
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["packages"]["numpy"] == np.__version__
    assert environment["seconds"] > 0
    assert set(environment["git"]) == {"revision", "dirty"}
    left = {path.name for path in folder.iterdir()}
    expected = {"config.yaml", "environment.json", "results.json", "run.log", "checkpoints"}
    assert left == expected, "no lock, error or temporary file may be left"


def test_hydra_writes_only_to_its_own_folders(run, outputs):
    assert run("experiment=test/count", "scale=smoke").status == 0
    assert {path.name for path in outputs.iterdir()} == {"runs", "hydra"}
    assert run("-m", "experiment=test/count", "scale=smoke", "seed=1,2").status == 0
    assert {path.name for path in outputs.iterdir()} == {"runs", "hydra", ".sweeps"}


def test_a_done_run_is_skipped_and_rerun_runs_it(run, outputs):
    run("experiment=test/count", "scale=smoke")
    path = only_folder(outputs) / "results.json"
    written = path.stat().st_mtime_ns
    again = run("experiment=test/count", "scale=smoke")
    assert again.status == 0
    assert any("done before" in line for line in again.lines)
    assert path.stat().st_mtime_ns == written
    assert run("experiment=test/count", "scale=smoke", "rerun=true").status == 0
    assert path.stat().st_mtime_ns > written


def test_what_changes_no_result_finds_the_done_run(run, outputs):
    run("experiment=test/count", "scale=smoke")
    for override in ("workers=3", "device=cpu", "job.page=/tmp/page.html", "tracker.project=other"):
        again = run("experiment=test/count", "scale=smoke", override)
        assert any("done before" in line for line in again.lines), override
    only_folder(outputs)


def test_a_published_run_counts_as_done(run, outputs):
    run("experiment=test/count", "scale=smoke")
    folder = only_folder(outputs)
    published = outputs / "published" / "runs" / "test" / "count" / folder.name
    published.parent.mkdir(parents=True)
    folder.rename(published)
    again = run("experiment=test/count", "scale=smoke")
    assert any(f"done before, in {published}" in line for line in again.lines)
    assert not folder.exists()


def test_a_run_of_other_code_is_skipped_with_a_warning(run, outputs):
    run("experiment=test/count", "scale=smoke")
    path = only_folder(outputs) / "environment.json"
    environment = json.loads(path.read_text())
    environment["git"] = {"revision": "0" * 40, "dirty": False}
    path.write_text(json.dumps(environment))
    swept = run("-m", "experiment=test/count", "scale=smoke", "seed=0")
    assert any("1 of them are done by other code" in line for line in swept.lines)
    again = run("experiment=test/count", "scale=smoke")
    assert any("done by revision 0000000000" in line for line in again.lines)
    assert any("rerun=true" in line for line in again.lines)


def test_a_killed_run_goes_on_and_ends_with_the_same_numbers(start, run, outputs):
    command = ("experiment=test/count", "job.steps=20", "job.kill_at=11")
    killed = start(*command)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    folder = only_folder(outputs)
    assert not (folder / "results.json").exists()
    assert list(folder.glob("lock.*")), "a killed process leaves its lock"
    resumed = run(*command)
    assert resumed.status == 0, resumed.lines
    assert any("no longer running" in line for line in resumed.lines)
    assert any("resuming" in line for line in resumed.lines)
    assert results(folder)["metrics"]["total"] == pytest.approx(expected_total(20), rel=1e-12)
    assert not list(folder.glob("lock.*"))


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["TERM", "INT"]
)
def test_a_stopped_run_says_one_line_releases_its_lock_and_resumes(
    start, run, outputs, number, status
):
    command = ("experiment=test/count", "job.steps=40", "job.sleep_s=0.05")
    stopped = start(*command)
    deadline = time.monotonic() + 60
    while not list(outputs.glob("runs/test/count/*/checkpoints/count.npz")):
        assert time.monotonic() < deadline
        assert stopped.poll() is None
        time.sleep(0.02)
    stopped.send_signal(number)
    _, said = stopped.communicate(timeout=60)
    assert stopped.returncode == status
    assert said.splitlines()[-1].startswith("stopped; the same command goes on")
    assert "Traceback" not in said
    (lock,) = only_folder(outputs).glob("lock.*")
    assert json.loads(lock.read_text())["released"]
    began = time.monotonic()
    assert run(*command).status == 0
    assert time.monotonic() - began < 30, "a released lock is not waited for"
    total = results(only_folder(outputs))["metrics"]["total"]
    assert total == pytest.approx(expected_total(40), rel=1e-12)


def test_two_processes_never_run_the_same(start, outputs):
    # Long enough for the second to have begun, on a busy machine too.
    command = ("experiment=test/count", "job.steps=80", "job.sleep_s=0.1")
    first = start(*command)
    deadline = time.monotonic() + 60
    while not list(outputs.glob("runs/test/count/*/lock.*")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    second = start(*command)
    _, said_second = second.communicate(timeout=60)
    _, said_first = first.communicate(timeout=60)
    assert first.returncode == 0, said_first
    assert second.returncode == 1
    (error,) = [line for line in said_second.splitlines() if line.startswith("error: ")]
    assert f"is running already: process {first.pid} on " in error


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("user", "the sound is too quiet: make it louder"),
        ("bug", "KeyError: 'nobody wrote this for a person' (at tests/scripts/counting.py:"),
        ("file", "/nowhere/at/all.wav: no such file or directory; check the name"),
        ("disk", "/full/results.bin: no space left on device; free some space"),
    ],
)
def test_an_error_of_a_job_is_one_line_with_its_traceback_in_the_folder(run, outputs, kind, said):
    failed = run("experiment=test/count", "scale=smoke", f"job.error={kind}")
    assert failed.status == 1
    (error,) = failed.errors
    folder = only_folder(outputs)
    assert error.startswith(f"test/count {folder.name}: {said}")
    assert not any("Traceback" in line for line in failed.lines)
    assert "Traceback" in (folder / "error.log").read_text()
    assert not (folder / "results.json").exists()
    (lock,) = folder.glob("lock.*")
    assert json.loads(lock.read_text())["released"]


def test_a_run_that_was_taken_over_stops_and_writes_nothing_more(run, outputs):
    failed = run("experiment=test/count", "scale=smoke", "job.error=lock")
    assert failed.status == 1
    assert "another took the run over" in failed.errors[0]
    folder = only_folder(outputs)
    assert (folder / "environment.json").read_text() == "the successor's"
    assert (folder / "lock.99").exists()
    assert not (folder / "results.json").exists()
    assert not (folder / "error.log").exists()


def test_metrics_that_are_no_numbers_are_refused(run, outputs):
    failed = run("experiment=test/count", "scale=smoke", "job.error=metrics")
    assert failed.status == 1
    assert "returned 'total': 'much'" in failed.errors[0]
    assert not (only_folder(outputs) / "results.json").exists()


def test_a_metric_that_is_not_finite_is_stored_as_null_and_read_as_nan(run, outputs):
    from scripts.runtime.folders import find

    weight = "+job.weight={_target_: tests.scripts.counting.Constant, factor: nan}"
    done = run("experiment=test/count", "scale=smoke", weight)
    assert done.status == 0, done.lines
    assert results(only_folder(outputs))["metrics"] == {"total": None}
    assert any("not finite" in line for line in done.lines)
    (found,) = find("test/count", {"scale": "smoke"}, outputs / "runs")
    assert math.isnan(found.metrics["total"])


def test_a_folder_that_cannot_be_written_is_one_line(run, outputs):
    outputs.mkdir()
    (outputs / "runs").write_text("a file where a folder should be")
    failed = run("experiment=test/count", "scale=smoke")
    assert failed.status == 1
    (error,) = failed.errors
    assert str(outputs / "runs") in error
    assert "not a directory" in error or "file exists" in error


def test_input_files_enter_by_content(run, outputs, tmp_path):
    first, second = tmp_path / "a.wav", tmp_path / "b.wav"
    first.write_bytes(b"one")
    second.write_bytes(b"one")
    small = ("experiment=test/count", "job.steps=1")
    assert run(*small, f"job.source={first}").status == 0
    again = run(*small, f"job.source={second}")
    assert any("done before" in line for line in again.lines), "the same content elsewhere"
    second.write_bytes(b"two")
    changed = run(*small, f"job.source={second}")
    assert not any("done before" in line for line in changed.lines)
    assert len(list((outputs / "runs/test/count").iterdir())) == 2


def test_a_run_logs_into_its_folder_under_its_hash_and_goes_on_there(start, run, outputs):
    command = ("experiment=test/count", "job.steps=6", "job.kill_at=3", "tracker=offline")
    start(*command).wait(timeout=60)
    assert run(*command).status == 0
    folder = only_folder(outputs)
    logs = list(folder.glob("wandb/offline-run-*"))
    assert len(logs) == 2, "one a session"
    assert all(log.name.endswith(folder.name) for log in logs)
    assert {path.name for log in logs for path in log.glob("*.wandb")} == {
        f"run-{folder.name}.wandb"
    }


def test_an_experiment_is_planned_without_the_command(outputs):
    from scripts.runtime.compose import plan_of
    from scripts.runtime.errors import ConfigError

    plan = plan_of("synth/speed", "scale=smoke", f"paths.outputs={outputs}")
    assert plan.folder == outputs / "runs" / "synth" / "speed" / plan.hash
    assert plan.job["_target_"].startswith("scripts.jobs.")
    with pytest.raises(ConfigError, match=r"job\.nothing: .* has no argument 'nothing'"):
        plan_of("synth/speed", "job.nothing=1")
