"""Progress of long work: a bar on a terminal, one readable line now and then in a log."""

from __future__ import annotations

import logging
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

__all__ = ["Progress", "is_worker", "progress"]

log = logging.getLogger("scripts.progress")


class Progress(Protocol):
    """What a job sees of its progress."""

    def update(self, n: int = 1, **figures: float | str) -> None:
        """Says that `n` more steps are done, with figures to show beside them (`score=0.4`)."""
        ...


@contextmanager
def progress(
    total: int,
    description: str,
    done: int = 0,
    on_update: Callable[[], None] | None = None,
    every_s: float = 10.0,
) -> Iterator[Progress]:
    """Shows progress over `total` steps.

    Args:
        total: steps in all.
        description: what is being done, in a few words.
        done: steps that an earlier session of the run did; rate and time left do not count them.
        on_update: called at every update; raises to stop the work (a lock that was lost).
        every_s: seconds between two lines where there is no terminal.
    """
    if sys.stderr.isatty() and not is_worker():
        with _bar(total, description, done, on_update) as shown:
            yield shown
    else:
        lines = _Lines(total, description, done, on_update, every_s)
        yield lines
        lines.close()


def is_worker() -> bool:
    """Whether this is a worker of a parallel launcher, which shares its terminal with others."""
    return multiprocessing.current_process().name != "MainProcess"


@contextmanager
def _bar(
    total: int, description: str, done: int, on_update: Callable[[], None] | None
) -> Iterator[Progress]:
    """A bar with rate, time left and figures, on the terminal's standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Bar(*columns, console=Console(stderr=True), refresh_per_second=4) as bar:
        task = bar.add_task(description, total=total, completed=done, rate="", figures="")
        start, steps = time.monotonic(), 0

        class _Shown:
            def update(self, n: int = 1, **figures: float | str) -> None:
                nonlocal steps
                steps += n
                rate = _rate(steps, time.monotonic() - start)
                bar.update(task, advance=n, rate=rate, figures=_figures(figures))
                if on_update is not None:
                    on_update()

        yield _Shown()


class _Lines:
    """A line at the first step, every few seconds, and at the end."""

    def __init__(
        self,
        total: int,
        description: str,
        done: int,
        on_update: Callable[[], None] | None,
        every_s: float,
    ) -> None:
        self._total, self._description = total, description
        self._on_update, self._every_s = on_update, every_s
        self._before, self._steps = done, 0
        self._start = time.monotonic()
        self._last = float("-inf")
        self._figures: dict[str, float | str] = {}

    def update(self, n: int = 1, **figures: float | str) -> None:
        """Counts `n` steps and, when it is time, writes a line."""
        self._steps += n
        self._figures = figures
        now = time.monotonic()
        if now - self._last >= self._every_s:
            self._last = now
            self._write()
        if self._on_update is not None:
            self._on_update()

    def close(self) -> None:
        """Writes the closing line."""
        if self._steps:
            self._write(ended=True)

    def _write(self, ended: bool = False) -> None:
        elapsed = time.monotonic() - self._start
        done = self._before + self._steps
        parts = [f"{done}/{self._total}", _rate(self._steps, elapsed)]
        if ended:
            parts.append(f"took {_duration(elapsed)}")
        elif self._steps and done < self._total:
            parts.append(f"{_duration(elapsed / self._steps * (self._total - done))} left")
        parts.append(_figures(self._figures))
        log.info("%s: %s", self._description, ", ".join(part for part in parts if part))


def _rate(done: int, elapsed_s: float) -> str:
    """Steps a second, or seconds a step where a step is slow."""
    if done == 0 or elapsed_s <= 0:
        return ""
    rate = done / elapsed_s
    return f"{rate:.3g}/s" if rate >= 1 else f"{1 / rate:.3g} s each"


def _duration(seconds: float) -> str:
    """Seconds as `45 s`, `12 min 05 s` or `3 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _figures(figures: dict[str, float | str]) -> str:
    """`score 0.413, loss 1.2`."""
    shown = (
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in figures.items()
    )
    return ", ".join(shown)
