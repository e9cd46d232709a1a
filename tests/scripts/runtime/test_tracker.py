"""The tracker: what is logged is in its files, and no server can hold a run up."""

from __future__ import annotations

import http.server
import json
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from scripts.runtime import tracker
from scripts.runtime.tracker import NoTracker, TrackerSettings, WandbTracker, open_tracker
from tests.conftest import ROOT

HASH = "0123456789ab"


@pytest.fixture(autouse=True)
def no_account(monkeypatch, tmp_path):
    """Neither the environment nor the home folder gives an account or a server."""
    for name in ("WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_MODE", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.fixture
def server() -> Iterator[Any]:
    """A server that takes connections; its `behaviour` says whether and what it answers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.server.release.wait()  # type: ignore[attr-defined]

        do_POST = do_GET = do_HEAD

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    running.release = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield running
    running.release.set()  # type: ignore[attr-defined]
    running.shutdown()
    thread.join()
    running.server_close()


def records(path: Path) -> Iterator[Any]:
    """The records of a `.wandb` file, read by its format: a LevelDB log of protobuf messages.

    Blocks of 32 KiB, the first after a header of 7 bytes; a chunk is CRC (4), length (2), type (1:
    whole, 2: first, 3: middle, 4: last) and data.
    """
    import wandb.proto.wandb_internal_pb2 as messages

    data = path.read_bytes()
    position, held = 7, b""
    while position + 7 <= len(data):
        left = 32768 - position % 32768
        if left < 7:
            position += left
            continue
        length, kind = struct.unpack_from("<HB", data, position + 4)
        chunk = data[position + 7 : position + 7 + length]
        position += 7 + length
        held = chunk if kind in (1, 2) else held + chunk
        if kind in (1, 4):
            record = messages.Record()  # type: ignore[attr-defined]
            record.ParseFromString(held)
            yield record


def test_offline_everything_logged_is_in_the_run_folder(tmp_path):
    from matplotlib.figure import Figure

    log = open_tracker(
        TrackerSettings(mode="offline", project="p"), "a/b", HASH, tmp_path, {"job": {"steps": 3}}
    )
    assert isinstance(log, WandbTracker)
    log.log({"loss": 0.5}, step=10)
    log.log({"loss": np.float32(0.25)}, step=11)  # type: ignore[dict-item]
    tone = np.sin(np.arange(800) * 0.1).astype(np.float32)
    log.audio("tone", tone, 8000.0, caption="a tone")
    figure = Figure()
    figure.subplots().plot([1, 2])
    log.figure("curve", figure)
    log.table("scores", ["prompt", "score"], [("bell", 0.5), ("rain", 0.25)])
    log.finish()

    (path,) = tmp_path.glob(f"wandb/offline-run-*-{HASH}/run-{HASH}.wandb")
    kinds: list[str] = []
    read: list[Any] = []
    deadline = time.monotonic() + 30
    while "exit" not in kinds:  # the tracker's own process writes the file
        assert time.monotonic() < deadline, kinds
        read = list(records(path))
        kinds = [record.WhichOneof("record_type") for record in read]
    run = read[kinds.index("run")].run
    assert (run.run_id, run.project, run.run_group) == (HASH, "p", "a/b")
    config = {item.key: json.loads(item.value_json) for item in run.config.update}
    assert config["job"] == {"steps": 3}
    history = [
        {".".join([item.key, *item.nested_key]).strip("."): item.value_json
         for item in record.history.item}
        for record in read
        if record.HasField("history")
    ]  # fmt: skip
    losses = [(float(entry["step"]), float(entry["loss"])) for entry in history if "loss" in entry]
    assert losses == [(10, 0.5), (11, 0.25)]
    media = path.parent / "files" / "media"
    (sound,) = media.glob("audio/tone_*.wav")
    wave, rate = soundfile.read(sound)
    assert rate == 8000
    np.testing.assert_allclose(wave, tone, atol=1e-4)
    assert len(list(media.glob("images/curve_*.png"))) == 1
    (table,) = media.glob("table/scores_*.table.json")
    assert json.loads(table.read_text())["data"] == [["bell", 0.5], ["rain", 0.25]]


def test_disabled_logs_nothing(tmp_path):
    log = open_tracker(TrackerSettings(mode="disabled"), "a/b", HASH, tmp_path, {})
    assert isinstance(log, NoTracker)
    log.log({"loss": 1.0})
    log.finish()
    assert list(tmp_path.iterdir()) == []


def opened_mode(monkeypatch, settings: TrackerSettings, folder: Path) -> list[str]:
    """The modes in which a tracker is started, without starting one."""
    modes: list[str] = []

    class Started:
        def define_metric(self, *_: Any, **__: Any) -> None:
            pass

    def init(_: TrackerSettings, mode: str, *__: Any) -> Started:
        modes.append(mode)
        return Started()

    monkeypatch.setattr(tracker, "_init", init)
    open_tracker(settings, "a/b", HASH, folder, {})
    return modes


def test_without_an_account_auto_is_offline(monkeypatch, tmp_path):
    assert opened_mode(monkeypatch, TrackerSettings(), tmp_path) == ["offline"]


@pytest.mark.parametrize("place", ["environment", "netrc"])
def test_with_an_account_auto_is_online(monkeypatch, tmp_path, server, place):
    server.release.set()  # it answers, if only with nonsense
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("WANDB_BASE_URL", address)
    if place == "environment":
        monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    else:
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password secret\n")
        (tmp_path / "netrc").chmod(0o600)
    assert tracker.has_account()
    monkeypatch.setattr(tracker, "answers", lambda *_: True)
    assert opened_mode(monkeypatch, TrackerSettings(), tmp_path) == ["online"]


@pytest.mark.parametrize("reason", ["nobody listens", "no answer", "no such host"])
def test_an_unreachable_server_turns_online_into_offline(monkeypatch, tmp_path, server, reason):
    addresses = {
        "nobody listens": "http://127.0.0.1:1",
        "no answer": f"http://127.0.0.1:{server.server_port}",
        "no such host": "http://wandb.invalid",
    }
    monkeypatch.setenv("WANDB_BASE_URL", addresses[reason])
    settings = TrackerSettings(mode="online", timeout_s=1.0)
    began = time.monotonic()
    assert opened_mode(monkeypatch, settings, tmp_path) == ["offline"]
    assert time.monotonic() - began < 10


def test_a_server_that_says_anything_is_reachable(monkeypatch, server):
    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_error(403)

        def log_message(self, *_: Any) -> None:
            pass

    server.RequestHandlerClass = Refusing
    assert tracker.answers(f"http://127.0.0.1:{server.server_port}", timeout_s=5.0)


@pytest.mark.slow
def test_a_server_that_dies_during_the_run_delays_its_end_by_no_more_than_the_limit(tmp_path):
    """A server that starts a run and then never answers again, in a process of its own."""
    script = f"""
import time
from pathlib import Path
from scripts.runtime.tracker import TrackerSettings, open_tracker
settings = TrackerSettings(mode="online", timeout_s=10, finish_timeout_s=3)
log = open_tracker(settings, "a/b", {HASH!r}, Path({str(tmp_path)!r}), {{}})
log.log({{"loss": 1.0}}, step=1)
began = time.monotonic()
log.finish()
assert time.monotonic() - began < 8, time.monotonic() - began
print("online" if not log._run.offline else "offline")
"""
    with dying_server() as address:
        environment = {**os.environ, "WANDB_BASE_URL": address, "WANDB_API_KEY": "0" * 40}
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=90,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "online"
    assert "send the rest with wandb sync" in done.stderr


@contextmanager
def dying_server() -> Iterator[str]:
    """A server that answers until it has started a run."""
    dead, ended = threading.Event(), threading.Event()
    started = {
        "id": "x",
        "name": HASH,
        "displayName": "name",
        "historyLineCount": 0,
        "project": {"name": "p", "entity": {"name": "e"}},
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer({})

        do_GET = do_HEAD

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if dead.is_set():
                ended.wait()
            elif b"upsertBucket" in asked:
                dead.set()
                self.answer({"data": {"upsertBucket": {"bucket": started, "inserted": True}}})
            else:
                self.answer({"data": {"model": None, "viewer": None, "serverInfo": None}})

        def answer(self, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        ended.set()
        running.shutdown()
        thread.join()
        running.server_close()
