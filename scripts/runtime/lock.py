"""One process at a time in a run folder, on any file system, without flock.

The lock is a file `lock.<n>` that is created exclusively and holds host, process and a counter
that its holder advances. Whoever finds one watches the counter on his own clock (clocks of two
machines never agree): a counter that moves has a living holder, one that stands still for
`patience_s` has none and is succeeded by `lock.<n+1>`. Only one process can create that file, and
a number is never used again while the run is unfinished, so two successors cannot both win. A
holder that slept and was succeeded sees the higher number and stops.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scripts.runtime.errors import UserError

__all__ = ["LockHeld", "LockLost", "RunLock"]

log = logging.getLogger(__name__)

_NAME = re.compile(r"lock\.(\d+)")
_LENGTH = 256  # bytes of a lock file: rewritten in place, so its length must not change


class LockHeld(UserError):
    """Another living process holds the lock."""


class LockLost(UserError):
    """Another process took the lock over while this one stood still."""


class RunLock:
    """The lock of a run folder; a context manager.

    Args:
        folder: the run folder; made if it is not there.
        beat_s: seconds between two advances of the counter.
        patience_s: seconds that a counter may stand still before its holder counts as dead.
            Longer than any pause of a living process and any delay of a network file system.
        wait: called once when a lock is found that must be watched, with who holds it.
    """

    def __init__(
        self,
        folder: Path,
        beat_s: float = 2.0,
        patience_s: float = 60.0,
        wait: Callable[[str], None] | None = None,
    ) -> None:
        self.folder = folder
        self._beat_s, self._patience_s = beat_s, patience_s
        self._wait = wait
        self._number = 0
        self._descriptor: int | None = None
        self._counter = 0
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> RunLock:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self) -> None:
        """Takes the lock, or a dead holder's place.

        Raises:
            LockHeld: its holder lives; the message says where it runs.
            OSError: the folder cannot be made or written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        while True:
            newest = self._newest()
            if newest > 0 and not self._is_free(newest):
                continue  # the file went away or changed hands while it was watched
            if self._create(newest + 1):
                break
        for number in self._numbers():
            if number < self._number:
                self._path(number).unlink(missing_ok=True)
        self._thread = threading.Thread(target=self._beat, name="run-lock", daemon=True)
        self._thread.start()

    def release(self, forget: bool = False) -> None:
        """Gives the lock back.

        Args:
            forget: the run is finished, so that the lock's number need not be remembered.
        """
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):
            self._write(released=True)
        os.close(self._descriptor)
        self._descriptor = None
        if forget and not self._lost.is_set():
            self._path(self._number).unlink(missing_ok=True)

    @property
    def is_lost(self) -> bool:
        """Whether another process is known to have taken the lock over."""
        return self._lost.is_set()

    def check(self) -> None:
        """Raises where the lock is known to be lost; costs nothing.

        Raises:
            LockLost: another process took it over.
        """
        if self._lost.is_set():
            raise LockLost(
                f"{self.folder}: this process stood still for so long that another took the run "
                "over; nothing more is written here"
            )

    def confirm(self) -> None:
        """Raises where the lock is lost; looks into the folder, so for use before a write.

        Raises:
            LockLost: another process took it over.
        """
        if self._newest() > self._number:
            self._lost.set()
        self.check()

    def _is_free(self, number: int) -> bool:
        """Whether lock `number` was released or its holder is dead; False: look again.

        Raises:
            LockHeld: its counter moves.
        """
        path = self._path(number)
        seen = _read(path)
        if seen is None:
            return False
        holder = _parse(seen)
        if holder.get("released"):
            return True
        who = f"process {holder.get('pid', '?')} on {holder.get('host', '?')}"
        if holder.get("place") == _place() and holder.get("started") != _started(holder.get("pid")):
            log.warning("taking over from %s, which is no longer running", who)
            return True
        if self._wait is not None:
            self._wait(who)
        deadline = time.monotonic() + self._patience_s
        while time.monotonic() < deadline:
            time.sleep(min(self._beat_s, self._patience_s) / 4)
            now = _read(path)
            if now is None or _parse(now).get("released"):
                return False
            if now != seen:
                if _parse(seen).get("counter") is None:  # it was being created
                    seen = now
                    continue
                raise LockHeld(f"{self.folder} is running already: {who}")
        log.warning("taking over from %s: no sign of life for %.0f s", who, self._patience_s)
        return True

    def _create(self, number: int) -> bool:
        """Creates lock `number`; False where another process was faster."""
        path = self._path(number)
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644)
        except FileExistsError:
            return False
        self._number, self._descriptor = number, descriptor
        try:
            self._write()
        except OSError as error:
            os.close(descriptor)
            self._descriptor = None
            path.unlink(missing_ok=True)
            error.filename = str(path)
            raise
        return True

    def _write(self, released: bool = False) -> None:
        """Advances the counter in the file."""
        assert self._descriptor is not None
        self._counter += 1
        content: dict[str, Any] = {
            "host": platform.node()[:64],
            "pid": os.getpid(),
            "place": _place(),
            "started": _started(os.getpid()),
            "counter": self._counter,
        }
        if released:
            content["released"] = True
        text = json.dumps(content)
        os.pwrite(self._descriptor, text.ljust(_LENGTH - 1).encode() + b"\n", 0)

    def _beat(self) -> None:
        """The holder's thread: advances the counter, and looks for a successor."""
        while not self._stop.wait(self._beat_s):
            with contextlib.suppress(OSError):  # a disk that is full or away: try again
                if self._newest() > self._number:
                    self._lost.set()
                    return
                self._write()

    def _path(self, number: int) -> Path:
        return self.folder / f"lock.{number}"

    def _numbers(self) -> list[int]:
        names = (_NAME.fullmatch(name) for name in os.listdir(self.folder))
        return sorted(int(match[1]) for match in names if match)

    def _newest(self) -> int:
        return max(self._numbers(), default=0)


def _read(path: Path) -> bytes | None:
    """The lock file's bytes, opened anew so that network file systems look again; None if gone."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _parse(content: bytes) -> dict[str, Any]:
    """The holder that a lock file names; empty where the file is still empty or damaged."""
    try:
        holder = json.loads(content)
    except ValueError:
        return {}
    return holder if isinstance(holder, dict) else {}


def _place() -> str:
    """What tells process numbers of two machines, boots or containers apart; "" if unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot[:13]}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""


def _started(pid: Any) -> str:
    """When a process of this machine started, in the kernel's ticks; "" if it does not run.

    Tells a process from a later one that was given the same number, and counts one that has ended
    and was not yet collected by its parent as not running. "" too where the kernel has no /proc.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (OSError, ValueError):
        return ""
    return "" if fields[0] == "Z" else fields[19]
