"""Where log lines go: the terminal, above a progress bar where there is one, and files."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["also_to", "configure"]

_OURS = ("scripts", "synth", "eval", "ctag", "doppel", "hydra_plugins.unfinished_sweeper")


def configure() -> None:
    """Shows our messages and everybody's warnings on the terminal; may be called again.

    Adds to what is there. Hydra's own way, a configuration for the logging module, would first
    close the handlers of every library.
    """
    root = logging.getLogger()
    if not any(isinstance(handler, _Console) for handler in root.handlers):
        root.addHandler(_Console())
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)


@contextmanager
def also_to(path: Path) -> Iterator[None]:
    """Writes what is logged meanwhile to a file as well, made with the first line."""
    handler = _LogFile(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


class _Console(logging.Handler):
    """Writes to what standard error is at the moment: a progress bar replaces it for a while."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record as one line."""
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)


class _LogFile(logging.FileHandler):
    """Appends to a file; a full disk costs lines, not the run.

    Whatever cannot go on without the disk says so itself, in one line; the standard handler would
    print a traceback for every line that is lost.
    """

    def handleError(self, record: logging.LogRecord) -> None:
        """Drops the line."""
