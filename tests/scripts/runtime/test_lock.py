"""The lock of a run folder, between real processes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from scripts.runtime.lock import LockHeld, LockLost, RunLock
from tests.conftest import ROOT

CONTENDER = """
import sys, time
from pathlib import Path
from scripts.runtime.lock import LockHeld, RunLock
folder, go = Path(sys.argv[1]), Path(sys.argv[2])
print("ready", flush=True)
while not go.exists():
    time.sleep(0.001)
lock = RunLock(folder, beat_s=0.05, patience_s=1.0)
try:
    lock.acquire()
except LockHeld:
    print("held")
else:
    time.sleep(2.5)
    lock.confirm()
    lock.release()
    print("won")
"""


def write_lock(folder: Path, number: int = 1, counter: int = 1, **changes: object) -> Path:
    """A lock file as another machine would leave it."""
    folder.mkdir(parents=True, exist_ok=True)
    holder = {"host": "elsewhere", "pid": 1, "place": "x/1", "started": "1", "counter": counter}
    path = folder / f"lock.{number}"
    path.write_text(json.dumps({**holder, **changes}))
    return path


def test_the_file_names_its_holder_and_its_counter_advances(tmp_path):
    import os
    import platform

    with RunLock(tmp_path, beat_s=0.02):
        path = tmp_path / "lock.1"
        first = json.loads(path.read_text())
        assert first["pid"] == os.getpid()
        assert first["host"] == platform.node()
        time.sleep(0.3)
        assert json.loads(path.read_text())["counter"] > first["counter"]


def test_a_released_lock_is_taken_at_once(tmp_path):
    with RunLock(tmp_path):
        pass
    began = time.monotonic()
    with RunLock(tmp_path, patience_s=30.0):
        assert time.monotonic() - began < 1.0
        assert [path.name for path in tmp_path.iterdir()] == ["lock.2"]


def test_forgetting_leaves_nothing(tmp_path):
    lock = RunLock(tmp_path)
    lock.acquire()
    lock.release(forget=True)
    assert list(tmp_path.iterdir()) == []


def test_a_holder_on_another_machine_that_counts_is_left_alone(tmp_path):
    path = write_lock(tmp_path)
    stop = threading.Event()

    def beat() -> None:
        counter = 1
        while not stop.wait(0.05):
            counter += 1
            write_lock(tmp_path, counter=counter)

    other = threading.Thread(target=beat)
    other.start()
    try:
        with pytest.raises(LockHeld, match="is running already: process 1 on elsewhere"):
            RunLock(tmp_path, patience_s=20.0).acquire()
    finally:
        stop.set()
        other.join()
    assert json.loads(path.read_text())["host"] == "elsewhere"


def test_a_holder_on_another_machine_that_stands_still_is_succeeded(tmp_path):
    write_lock(tmp_path, number=7)
    began = time.monotonic()
    lock = RunLock(tmp_path, patience_s=0.5)
    lock.acquire()
    assert time.monotonic() - began >= 0.5, "its counter was watched first"
    assert [path.name for path in tmp_path.iterdir()] == ["lock.8"]
    lock.release()


@pytest.mark.parametrize("content", [b"", b"not json", b"[1]"], ids=["empty", "text", "list"])
def test_a_damaged_lock_is_waited_for_and_succeeded(tmp_path, content):
    (tmp_path / "lock.1").write_bytes(content)
    with RunLock(tmp_path, patience_s=0.3):
        assert (tmp_path / "lock.2").exists()


def test_a_process_that_ended_is_succeeded_at_once(tmp_path):
    script = f"import os; from pathlib import Path; from scripts.runtime.lock import RunLock; \
RunLock(Path({str(tmp_path)!r})).acquire(); os._exit(1)"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, timeout=60)
    assert (tmp_path / "lock.1").exists()
    began = time.monotonic()
    with RunLock(tmp_path, patience_s=60.0):
        assert time.monotonic() - began < 5.0


def test_a_holder_that_was_succeeded_stops(tmp_path):
    lock = RunLock(tmp_path, beat_s=0.02)
    lock.acquire()
    lock.check()
    write_lock(tmp_path, number=2)  # as if this process had slept for a minute
    with pytest.raises(LockLost, match="another took the run over"):
        lock.confirm()
    with pytest.raises(LockLost):
        lock.check()
    lock.release(forget=True)
    assert (tmp_path / "lock.2").exists()


def test_one_of_many_successors_wins(tmp_path):
    folder, go = tmp_path / "run", tmp_path / "go"
    write_lock(folder)
    command = [sys.executable, "-c", CONTENDER, str(folder), str(go)]
    contenders = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(5)
    ]
    for contender in contenders:
        assert contender.stdout is not None
        assert contender.stdout.readline() == "ready\n"
    go.touch()
    said = [contender.communicate(timeout=60)[0].strip() for contender in contenders]
    assert sorted(said) == ["held"] * 4 + ["won"]


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        RunLock(tmp_path / "file" / "run").acquire()
