"""Atomic files: whole or not there, whatever happens."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import yaml

from eval.harness import files
from tests.conftest import ROOT


def test_bytes_text_json_and_yaml_come_back(tmp_path):
    files.write_bytes(tmp_path / "a" / "b.bin", b"\x00\xff")
    assert (tmp_path / "a" / "b.bin").read_bytes() == b"\x00\xff"
    files.write_text(tmp_path / "t.txt", "größer\n")
    assert (tmp_path / "t.txt").read_text(encoding="utf-8") == "größer\n"
    value = {"b": [1, 2.5, None, True], "a": {"ä": "x"}}
    files.write_json(tmp_path / "v.json", value)
    files.write_yaml(tmp_path / "v.yaml", value)
    assert json.loads((tmp_path / "v.json").read_text()) == files.read_json(tmp_path / "v.json")
    assert files.read_json(tmp_path / "v.json") == value
    assert yaml.safe_load((tmp_path / "v.yaml").read_text()) == value
    assert list(files.read_yaml(tmp_path / "v.yaml")) == ["b", "a"], "keys keep their order"


def test_json_is_strict_and_takes_arrays(tmp_path):
    path = tmp_path / "x.json"
    files.write_json(path, {"a": np.float32(0.5), "b": np.arange(3), "c": float("nan"), "d": path})

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    read = json.loads(path.read_text(), parse_constant=refuse)
    assert read == {"a": 0.5, "b": [0, 1, 2], "c": None, "d": str(path)}


@pytest.mark.parametrize("write", [files.write_json, files.write_yaml])
def test_what_has_no_plain_form_is_refused_and_leaves_the_old_file(tmp_path, write):
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(TypeError):
        write(path, {"a": object()})
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(b"old")

    def write_half() -> None:
        with files.replacing(path) as temporary:
            assert temporary.suffix == ".bin"
            temporary.write_bytes(b"half of the n")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_are_those_of_an_ordinary_file(tmp_path):
    (tmp_path / "ordinary").touch()
    files.write_text(tmp_path / "ours", "x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_a_reader_never_sees_half_a_file_while_the_writer_is_killed(tmp_path):
    """A process rewrites a file without pause and is killed; what is there is always whole."""
    path = tmp_path / "x.json"
    script = f"""
from eval.harness.files import write_json
n = 0
while True:
    n += 1
    write_json({str(path)!r}, {{"n": n, "values": [n] * 20000}})
"""
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
        deadline = time.monotonic() + 30
        seen: set[int] = set()
        while len(seen) < 5:
            assert time.monotonic() < deadline
            if path.exists():
                read = json.loads(path.read_text())
                assert read["values"] == [read["n"]] * 20000
                seen.add(read["n"])
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        read = json.loads(path.read_text())
        assert read["values"] == [read["n"]] * 20000


def test_a_full_disk_is_an_os_error_and_leaves_the_old_file(tmp_path):
    """A limit on file sizes stands in for a full disk: the write fails half way."""
    path = tmp_path / "x.bin"
    path.write_bytes(b"old")
    script = f"""
import resource, signal
from eval.harness.files import write_bytes
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_bytes({str(path)!r}, b"x" * 100000)
except OSError as error:
    print(error.errno, error.filename)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(errno.EFBIG), str(path)], done.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_damaged_files_are_named(tmp_path):
    (tmp_path / "x.json").write_text('{"a": 1,\n "b" 2}')
    with pytest.raises(ValueError, match=r"x\.json is not JSON: line 2, column 6"):
        files.read_json(tmp_path / "x.json")
    (tmp_path / "x.yaml").write_text("a: [1\nb: 2\n")
    with pytest.raises(ValueError, match=r"x\.yaml is not plain YAML at line"):
        files.read_yaml(tmp_path / "x.yaml")
    (tmp_path / "code.yaml").write_text("!!python/object/apply:os.system ['true']")
    with pytest.raises(ValueError, match="is not plain YAML"):
        files.read_yaml(tmp_path / "code.yaml")


def test_sha256_is_the_one_of_the_command_line(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(os.urandom(300_000))
    told = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)
    assert files.sha256(path) == told.stdout.split()[0]


def test_the_module_is_light():
    script = "import sys; import eval.harness.files; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"numpy", "yaml", "jax", "torch", "soundfile", "jaxtyping"}
