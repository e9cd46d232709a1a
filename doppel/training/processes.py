"""The processes of a training on several devices of one machine.

The process of the command is rank 0; it starts the others, which do nothing but train. (Where a
scheduler starts a process a device, `eval.harness.ranks` says which one this is.)
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["RankFailed", "assist", "launched"]

PATIENCE_S = 120.0
"""How long rank 0 waits for the others when it is done; they have nothing left to do but end."""


class RankFailed(RuntimeError):
    """Another process of the training failed."""


@contextmanager
def launched(ranks: int, task: Any, folder: Path) -> Iterator[None]:
    """Run the other ranks of a training on this machine for as long as the block lasts.

    Args:
        ranks: how many there are, this one included.
        task: keyword arguments of `doppel.training.run.pretrain` but for the reporter; pickled.
        folder: for their logs, `rank-1.log` and so on.

    Raises:
        RankFailed: one ended in an error; the message has the last line of its log.
    """
    own = {
        "LOCAL_RANK": "0",
        "NODE_RANK": "0",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "task.pickle"
        file.write_bytes(pickle.dumps(task))
        others = [_Rank.start(rank, file, folder, own) for rank in range(1, ranks)]
        before = {name: os.environ.get(name) for name in own}
        os.environ.update(own)
        try:
            yield
            for other in others:
                other.wait()
        except Exception as error:
            failed = [problem for other in others if (problem := other.problem())]
            if failed and not isinstance(error, RankFailed):
                raise RankFailed(failed[0]) from error
            raise
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
            for other in others:
                other.end()


class _Rank:
    """A process that trains as another rank."""

    def __init__(self, rank: int, process: subprocess.Popen[bytes], path: Path) -> None:
        self._rank, self._process, self._path = rank, process, path

    @classmethod
    def start(cls, rank: int, task: Path, folder: Path, environment: Mapping[str, str]) -> _Rank:
        path = folder / f"rank-{rank}.log"
        with path.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "doppel.training.processes", str(task)],
                env={
                    **os.environ,
                    **environment,
                    "LOCAL_RANK": str(rank),
                    # A rank's sounds are made on its own GPU, and its JAX sees no other.
                    "JAX_CUDA_VISIBLE_DEVICES": str(rank),
                    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                },
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        return cls(rank, process, path)

    def wait(self) -> None:
        """Wait for its end.

        Raises:
            RankFailed: it failed, or does not end.
        """
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            raise RankFailed(
                f"rank {self._rank} still runs {PATIENCE_S:g} s after rank 0 is done: see "
                f"{self._path}"
            ) from error
        if problem := self.problem():
            raise RankFailed(problem)

    def problem(self) -> str:
        """What went wrong there; empty where nothing did, or where it was asked to stop."""
        try:
            # One that lost its neighbours fails a moment after them.
            status = self._process.wait(10.0)
        except subprocess.TimeoutExpired:
            return ""
        if status in (0, -signal.SIGTERM, -signal.SIGINT):
            return ""
        lines = self._path.read_text("utf-8", errors="replace").strip().splitlines()
        # Threads that an error leaves behind may abort the process, which has a word of its own.
        told = [line for line in lines if not line.startswith("terminate called")]
        last = told[-1] if told else f"without a word, status {status}"
        return f"rank {self._rank} failed: {last} [{self._path}]"

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class _Silent:
    """What ranks other than 0 report: nothing."""

    def begin(self, step: int, total: int) -> None:
        pass

    def step(self, step: int, figures: dict[str, float]) -> None:
        pass

    def epoch(self, row: dict[str, float]) -> None:
        pass


def assist(**task: Any) -> None:
    """Train as a rank other than 0, which says and writes nothing.

    Args:
        task: keyword arguments of `doppel.training.run.pretrain` but for the reporter.
    """
    from doppel.training.run import pretrain

    pretrain(**task, reporter=_Silent())


def _main(task: Path) -> None:
    """Train as the rank that LOCAL_RANK says."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    assist(**pickle.loads(task.read_bytes()))


def _end_with(parent: int) -> None:
    """End this process when the one that started it is gone, even if it was killed."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
