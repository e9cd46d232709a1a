"""Errors in one line."""

from __future__ import annotations

import errno
import os
import pickle

import pytest

from eval.harness.audio import read, resample
from scripts.runtime.errors import ConfigError, Interrupted, UserError, in_one_line


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "/a/b: no space left on device; free some space"),
        (errno.EACCES, "/a/b: permission denied; check who may read and write it"),
        (errno.EROFS, "/a/b: read-only file system; check who may"),
        (errno.ENOTDIR, "/a/b: not a directory; check who may read and write it, or choose an"),
        (errno.ENOENT, "/a/b: no such file or directory; check the name (looked from"),
        (errno.EIO, "/a/b: input/output error"),
    ],
)
def test_what_the_system_refuses(number, said):
    error = OSError(number, os.strerror(number), "/a/b")
    assert in_one_line(error).startswith(said)


def test_errors_for_people_are_their_message():
    assert in_one_line(UserError("do\n  this")) == "do this"


def test_an_error_of_a_library_names_the_file(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        read(tmp_path / "no.wav")
    assert in_one_line(caught.value).startswith(f"audio file {tmp_path / 'no.wav'} does not exist")


def test_a_surprise_names_its_type_and_place():
    with pytest.raises(ValueError, match="must be positive") as caught:
        resample([0.0], 0, 1)
    line = in_one_line(caught.value)
    assert line.startswith("ValueError: sample rates must be positive")
    assert "(at eval/harness/audio.py:" in line


@pytest.mark.parametrize(
    "error", [ConfigError(["a: x", "b: y"]), Interrupted(15), UserError("x")], ids=repr
)
def test_errors_travel_between_processes(error):
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back)) == (type(error), str(error))
    assert getattr(back, "problems", None) == getattr(error, "problems", None)
