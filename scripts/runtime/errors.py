"""Errors that are told in one line, and how any error is told in one line."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = ["ConfigError", "Interrupted", "UserError", "exit_status", "in_one_line", "is_expected"]

ROOT = Path(__file__).resolve().parents[2]


class UserError(Exception):
    """Something the person at the keyboard can put right; the message says what and how."""


class ConfigError(UserError):
    """What is wrong with a configuration: one line a problem, each opening with the key's path."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "; ".join(self.problems)


class Interrupted(KeyboardInterrupt):
    """SIGTERM or Ctrl-C: stop, release the lock, keep the checkpoints."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


def is_expected(error: BaseException) -> bool:
    """Whether the message alone tells what to do, so that no place in the code need be named."""
    from eval.harness.checkpoints import CheckpointError

    return isinstance(error, (UserError, OSError, CheckpointError))


def in_one_line(error: BaseException) -> str:
    """The error as one line: what happened; for a surprise its type and the place in our code."""
    if isinstance(error, OSError) and error.errno is not None:
        return _of_the_system(error)
    text = " ".join(str(error).split())
    if is_expected(error):
        return text
    place = _place(error)
    return f"{type(error).__name__}: {text or 'no message'}" + (f" (at {place})" if place else "")


def exit_status(command: Callable[[], object]) -> int:
    """Run a command that can be given again; what goes wrong is told in one line.

    Returns:
        0, 1 after an error, 130 after Ctrl-C.
    """
    try:
        command()
    except (UserError, OSError, ValueError) as error:
        print(f"error: {in_one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _of_the_system(error: OSError) -> str:
    """What the operating system refused, with the file and what to do."""
    folder = "check who may read and write it, or choose another: paths.outputs=FOLDER"
    advice = {
        errno.ENOSPC: "free some space, then give the same command again",
        errno.EDQUOT: "the quota is used up: free some space, then give the same command again",
        errno.EACCES: folder,
        errno.EPERM: folder,
        errno.EROFS: folder,
        errno.ENOTDIR: folder,
        errno.EEXIST: folder,
        errno.ENOENT: f"check the name (looked from {Path.cwd()})",
    }
    what = error.strerror or os.strerror(error.errno or 0)
    file = f"{os.fspath(error.filename)}: " if isinstance(error.filename, (str, Path)) else ""
    hint = advice.get(error.errno or 0)
    return f"{file}{what.lower()}" + (f"; {hint}" if hint else "")


def _place(error: BaseException) -> str | None:
    """file:line of the innermost frame that is in this repository."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(ROOT) and ".venv" not in path.parts:
            return f"{path.relative_to(ROOT)}:{frame.lineno}"
    return None
