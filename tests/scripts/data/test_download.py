"""Downloads from a real server on this machine: resumed, checked, refused."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest

from scripts.data.download import Source, fetch
from scripts.runtime.errors import UserError
from tests.scripts.data.serving import serving

DATA = np.random.default_rng(0).bytes(3_000_000)
MD5 = hashlib.md5(DATA).hexdigest()


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "a.zip").write_bytes(DATA)
    with serving(folder) as (url, behaviour):
        yield f"{url}/a.zip", behaviour


@pytest.fixture
def here(tmp_path):
    return tmp_path / "here"


def fetched(url, here, **sums):
    return fetch(Source(url, "a.zip", **sums), here, wait_s=0.0)


def note(here):
    return json.loads((here / "a.zip.checksum.json").read_text())


@pytest.mark.parametrize("sums", [{"md5": MD5}, {"sha256": hashlib.sha256(DATA).hexdigest()}])
def test_a_file_comes_whole_and_only_once(server, here, sums):
    url, behaviour = server
    seen = []
    path = fetch(Source(url, "a.zip", **sums), here, lambda *step: seen.append(step))
    assert path == here / "a.zip"
    assert path.read_bytes() == DATA
    assert seen[-1] == (len(DATA), len(DATA))
    assert note(here)["published"] is True
    fetched(url, here, **sums)
    assert len(behaviour.asked) == 1
    assert sorted(p.name for p in here.iterdir()) == ["a.zip", "a.zip.checksum.json"]


def test_a_broken_connection_goes_on_where_it_stopped(server, here):
    url, behaviour = server
    behaviour.break_after = 1_300_000
    assert fetched(url, here, md5=MD5).read_bytes() == DATA
    assert [wanted for _, wanted in behaviour.asked] == [None, "bytes=1300000-", "bytes=2600000-"]


def test_a_killed_download_goes_on_in_the_next_command(server, here):
    url, behaviour = server
    behaviour.break_after = 1_000_000
    code = (
        "import sys, time; from pathlib import Path; from scripts.data import download as d;"
        "d.fetch(d.Source(sys.argv[1], 'a.zip'), Path(sys.argv[2]), wait_s=600)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, url, str(here)])
    part = here / "a.zip.part"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (part.is_file() and part.stat().st_size == 1_000_000):
        time.sleep(0.02)
    process.kill()
    process.wait()
    behaviour.break_after = None
    behaviour.asked.clear()
    assert fetched(url, here, md5=MD5).read_bytes() == DATA
    assert behaviour.asked == [("/a.zip", "bytes=1000000-")]


def test_a_server_without_ranges_begins_anew(server, here):
    url, behaviour = server
    here.mkdir()
    (here / "a.zip.part").write_bytes(b"something else")
    behaviour.ranges = False
    assert fetched(url, here, md5=MD5).read_bytes() == DATA


def test_a_file_that_changed_meanwhile_begins_anew(server, here):
    url, behaviour = server
    behaviour.break_after, behaviour.ranges = 1_000_000, False
    with pytest.raises(UserError):
        fetched(url, here)
    other = bytes(reversed(DATA))
    (behaviour.folder / "a.zip").write_bytes(other)
    behaviour.break_after, behaviour.ranges = None, True
    assert fetched(url, here).read_bytes() == other


def test_all_had_arrived_but_the_name(server, here):
    url, _ = server
    here.mkdir()
    (here / "a.zip.part").write_bytes(DATA)
    assert fetched(url, here, md5=MD5).read_bytes() == DATA


def test_a_wrong_checksum_is_refused_and_the_file_kept_aside(server, here):
    url, _ = server
    with pytest.raises(UserError, match=f"md5 {MD5}, published is {'0' * 32}.*download it again"):
        fetched(url, here, md5="0" * 32)
    assert not (here / "a.zip").exists()
    assert (here / "a.zip.wrong").read_bytes() == DATA
    assert fetched(url, here, md5=MD5).read_bytes() == DATA


def test_without_a_published_checksum_the_first_one_counts(server, here):
    url, behaviour = server
    path = fetched(url, here)
    assert note(here)["published"] is False
    assert note(here)["sha256"] == hashlib.sha256(DATA).hexdigest()
    path.unlink()
    (behaviour.folder / "a.zip").write_bytes(DATA[::-1])
    with pytest.raises(UserError, match="noted at the first download"):
        fetched(url, here)


def test_a_file_put_there_by_hand_is_checked(server, here):
    url, behaviour = server
    here.mkdir()
    (here / "a.zip").write_bytes(DATA)
    assert fetched(url, here, md5=MD5).read_bytes() == DATA
    assert not behaviour.asked
    (here / "a.zip.checksum.json").unlink()
    with pytest.raises(UserError, match="md5"):
        fetched(url, here, md5="0" * 32)


def test_a_server_that_is_gone_is_one_clear_line(here, tmp_path):
    with serving(tmp_path) as (url, _):
        pass
    with pytest.raises(UserError, match=r"127.0.0.1:\d+ cannot be reached.* 0.0 MB of a.zip are"):
        fetched(f"{url}/a.zip", here)
    with pytest.raises(UserError, match=r"no-such-host\.invalid cannot be reached"):
        fetched("http://no-such-host.invalid/a.zip", here)
    with pytest.raises(UserError, match="cannot be reached"):
        fetched((tmp_path / "nothing").as_uri(), here)


@pytest.mark.parametrize(("status", "attempts"), [(404, 1), (403, 1), (503, 5), (429, 5)])
def test_a_server_that_refuses(server, here, status, attempts):
    url, behaviour = server
    behaviour.status = status
    with pytest.raises(UserError, match=str(status)):
        fetched(url, here)
    assert len(behaviour.asked) == attempts


def test_a_full_disk_is_told_before_and_meanwhile(server, here, monkeypatch):
    url, behaviour = server
    usage = shutil.disk_usage(here.parent)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
        with pytest.raises(UserError, match=r"0\.00 GB left and 0.00 GB are to come"):
            fetched(url, here)

    def full(handle, block):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("scripts.data.download._append", full)
    with pytest.raises(OSError, match="No space left") as caught:
        fetched(url, here)
    assert caught.value.filename == str(here / "a.zip.part")
    assert len(behaviour.asked) == 2


def test_a_local_file_and_a_mirror(here, tmp_path, server):
    url, _ = server
    original = Source("https://example.invalid/records/1/a.zip", "folder/a.zip", md5=MD5)
    assert fetch(original.at(url.rsplit("/", 1)[0]), here).read_bytes() == DATA
    assert (here / "folder" / "a.zip").is_file()
    local = tmp_path / "served" / "a.zip"
    assert fetched(local.as_uri(), tmp_path / "there", md5=MD5).read_bytes() == DATA
