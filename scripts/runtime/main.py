"""Behind `python -m scripts.run`: Hydra composes, the runner checks and performs."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from scripts.runtime import plugins
from scripts.runtime.catalog import CONF
from scripts.runtime.compose import opened, prepare, register_resolvers
from scripts.runtime.composition_errors import lines
from scripts.runtime.errors import Interrupted
from scripts.runtime.execute import perform
from scripts.runtime.logs import also_to, configure

__all__ = ["main", "task"]


def task(config: DictConfig) -> dict[str, float]:
    """What Hydra calls, here or in a launcher's worker, with one composed configuration."""
    configure()
    chosen = HydraConfig.get()
    try:
        with _terminating(), also_to(Path(chosen.runtime.output_dir) / "job.log"):
            experiment = chosen.runtime.choices.get("experiment")
            plan = prepare(config, experiment, tuple(chosen.overrides.task))
            return perform(plan)
    except Exception as error:
        if chosen.mode == RunMode.MULTIRUN:
            raise  # into the cell's result, which the sweeper looks at
        _failures.append(error)
        return {}


_failures: list[Exception] = []
"""The error of a single run: Hydra would put lines of its own before it."""


def main() -> int:
    """Runs the command line; returns the exit status: 0, 1 for an error, 130 or 143 if stopped."""
    configure()
    plugins.make_importable()
    register_resolvers()
    wants_traceback = os.environ.get("HYDRA_FULL_ERROR") == "1"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises instead of printing its own, longer story
    words = (opened(word) for word in sys.argv[1:])
    sys.argv[1:] = sorted(words, key=lambda word: word not in ("-m", "--multirun"))
    command = hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(task)
    try:
        with _terminating():
            command()
        if _failures:
            raise _failures.pop()
    except KeyboardInterrupt as stop:
        _say("stopped; the same command goes on from the last checkpoint")
        return 128 + (stop.signal_number if isinstance(stop, Interrupted) else signal.SIGINT)
    except Exception as error:
        if wants_traceback:
            traceback.print_exception(error)
        for line in lines(error):
            _say(f"error: {line}")
        return 1
    return 0


@contextmanager
def _terminating() -> Iterator[None]:
    """Turns SIGTERM into an exception, so that locks are released; leaves other handlers alone."""

    def stop(number: int, _: FrameType | None) -> None:
        raise Interrupted(number)

    is_main = threading.current_thread() is threading.main_thread()
    ours = is_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
