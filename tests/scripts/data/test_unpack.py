"""Archives made by other programs, whole, in parts, damaged and hostile."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import tarfile
import zipfile

import numpy as np
import pytest

from scripts.data.split_zip import members
from scripts.data.unpack import unpack, unpack_some
from scripts.runtime.errors import UserError

RNG = np.random.default_rng(0)
FILES = {
    "Set/audio/one.wav": RNG.bytes(150_000),
    "Set/audio/two with space.wav": b"tone" * 40_000,
    "Set/meta.csv": "file,label\nä,b\n".encode(),
    "Set/empty.txt": b"",
}


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    for name, data in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


@pytest.fixture
def split(tree, tmp_path):
    if shutil.which("zip") is None:
        pytest.skip("Info-ZIP's zip, which writes archives in parts, is not installed")
    command = ["zip", "-q", "-r", "-s", "64k", tmp_path / "a.zip", "Set"]
    subprocess.run(command, cwd=tree, check=True)
    parts = [*sorted(tmp_path.glob("a.z0*")), tmp_path / "a.zip"]
    assert len(parts) >= 3
    return parts


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_an_archive_comes_out_whole(tree, tmp_path, kind):
    archive = shutil.make_archive(str(tmp_path / "a"), kind, tree)
    seen = []
    there = unpack([tmp_path / archive], tmp_path / "out", lambda *step: seen.append(step))
    assert contents(there) == FILES
    assert seen


def test_an_archive_in_parts_comes_out_whole(split, tmp_path):
    assert contents(unpack(split, tmp_path / "out")) == FILES
    assert {m.name for m in members(split) if not m.name.endswith("/")} == FILES.keys()
    assert len({member.disk for member in members(split)}) > 1


def test_large_archives_have_their_numbers_elsewhere(split, tmp_path):
    """The same archive with every number of the end record moved to the one for large archives."""
    data = split[-1].read_bytes()
    at = data.rfind(b"PK\x05\x06")
    numbers = struct.unpack_from("<HHHHII", data, at + 4)
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, *numbers)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", numbers[0], at, numbers[0] + 1)
    full = struct.pack("<HHHHII", *[0xFFFF] * 4, *[0xFFFFFFFF] * 2)
    split[-1].write_bytes(data[:at] + record + locator + data[at : at + 4] + full + data[at + 20 :])
    assert contents(unpack(split, tmp_path / "out")) == FILES


def test_a_missing_part_is_named(split, tmp_path):
    with pytest.raises(UserError, match=f"last of {len(split)} files, {len(split) - 1} are given"):
        unpack(split[1:], tmp_path / "out")


def test_damage_is_found_and_nothing_is_left_that_looks_whole(split, tmp_path):
    data = bytearray(split[1].read_bytes())
    data[len(data) // 2] ^= 0xFF
    split[1].write_bytes(data)
    with pytest.raises(UserError, match=r"a.zip cannot be unpacked: .*delete it to"):
        unpack(split, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_a_cut_archive_is_refused(tree, tmp_path, kind):
    archive = tmp_path / shutil.make_archive(str(tmp_path / "a"), kind, tree)
    archive.write_bytes(archive.read_bytes()[:-30_000])
    with pytest.raises(UserError, match="cannot be unpacked"):
        unpack([archive], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_there_is_left_and_what_was_begun_begins_anew(tree, tmp_path):
    archive = tmp_path / shutil.make_archive(str(tmp_path / "a"), "zip", tree)
    (tmp_path / "out.part").mkdir()
    (tmp_path / "out.part" / "old").write_text("x")
    assert contents(unpack([archive], tmp_path / "out")) == FILES
    archive.write_bytes(b"")
    assert contents(unpack([archive], tmp_path / "out")) == FILES


def test_names_that_lead_out_of_the_folder_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("../out.txt", "x")
    with pytest.raises(UserError, match="leads out of the folder"):
        unpack([tmp_path / "a.zip"], tmp_path / "new" / "out")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as made:
        info = tarfile.TarInfo("../out.txt")
        info.size = 1
        made.addfile(info, io.BytesIO(b"x"))
    with pytest.raises(UserError, match="cannot be unpacked"):
        unpack([tmp_path / "a.tar.gz"], tmp_path / "new" / "out")
    assert not list(tmp_path.rglob("out.txt"))


def test_some_of_an_archive(tree, tmp_path):
    archive = tmp_path / shutil.make_archive(str(tmp_path / "a"), "gztar", tree)
    unpack_some(archive, tmp_path / "out", lambda name: name.endswith(".csv"))
    assert contents(tmp_path / "out") == {"Set/meta.csv": FILES["Set/meta.csv"]}
