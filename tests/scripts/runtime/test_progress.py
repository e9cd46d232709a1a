"""Progress: a bar on a terminal, readable lines in a log."""

from __future__ import annotations

import logging
import os
import pty
import re
import subprocess
import sys

import pytest

from scripts.runtime.progress import progress
from tests.conftest import ROOT


def lines(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_a_log_has_few_readable_lines(caplog):
    caplog.set_level(logging.INFO)
    with progress(200, "searching") as shown:
        for step in range(200):
            shown.update(score=step / 200)
    first, last = lines(caplog)
    assert re.fullmatch(r"searching: 1/200, [\d.e+]+/s, \d+ s left, score 0", first)
    assert re.fullmatch(r"searching: 200/200, [\d.e+]+/s, took 0 s, score 0\.995", last)


def test_lines_come_at_intervals(caplog):
    caplog.set_level(logging.INFO)
    with progress(5, "x", every_s=0.0) as shown:
        for _ in range(5):
            shown.update()
    assert [line.split()[1] for line in lines(caplog)] == [
        *(f"{n}/5," for n in range(1, 6)),
        "5/5,",
    ]


def test_a_resumed_count_begins_where_it_stopped(caplog):
    caplog.set_level(logging.INFO)
    with progress(10, "x", done=7) as shown:
        shown.update(3)
    assert lines(caplog)[-1].startswith("x: 10/10, ")


def test_a_count_may_begin_with_no_step_done(caplog):
    caplog.set_level(logging.INFO)
    with progress(4, "x") as shown:
        shown.update(0)
        shown.update(4)
    assert lines(caplog)[0] == "x: 0/4"


def test_nothing_is_said_of_nothing(caplog):
    caplog.set_level(logging.INFO)
    with progress(0, "x"):
        pass
    assert lines(caplog) == []


def test_an_update_may_stop_the_work():
    def stop() -> None:
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"), progress(3, "x", on_update=stop) as shown:
        shown.update()


def test_a_terminal_shows_a_bar_with_rate_and_time_left():
    script = """
import time
from scripts.runtime.progress import progress
with progress(40, "searching") as shown:
    for step in range(40):
        time.sleep(0.02)
        shown.update(score=step / 40)
"""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stderr=theirs, env=environment
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            read = os.read(ours, 65536)
        except OSError:  # how a terminal says that its other end is closed
            break
        if not read:
            break
        seen += read
    os.close(ours)
    assert process.wait(timeout=60) == 0
    text = seen.decode()
    assert "searching" in text
    assert "40/40" in text
    assert re.search(r"[\d.]+/s", text)
    assert re.search(r"0:00:\d\d", text)
    assert "score 0.975" in text
