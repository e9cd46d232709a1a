"""Fetching weights from a server of our own: whole, once, resumed, and refused where wrong."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from eval.embedders import published
from scripts import weights
from tests.scripts.data.serving import serving

CONTENT = bytes(range(256)) * 20000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
FILE = "vggish-10086976.pth"


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / FILE).write_bytes(CONTENT)
    with serving(folder) as (url, behaviour):
        yield url, behaviour


@pytest.fixture
def entry(monkeypatch):
    """One entry that stands for all; `set(sha256)` says what its publisher told of it."""
    first = next(e for e in published.PUBLISHED if e.file == FILE)

    def use(sha256):
        table = (replace(first, sha256=sha256),)
        for module in (published, weights):
            monkeypatch.setattr(module, "PUBLISHED", table)

    return use


def run(url, folder):
    return weights.main(["vggish", "--weights", str(folder), "--mirror", url])


@pytest.mark.parametrize("known", [DIGEST, DIGEST[:8], None])
def test_a_file_is_fetched_once_and_found(server, entry, tmp_path, capsys, known):
    url, behaviour = server
    entry(known)
    assert run(url, tmp_path / "w") == 0
    told = capsys.readouterr().out
    assert f"SHA-256 {DIGEST[:12]}" in told
    assert ("without a checksum" in told) == (known is None)
    assert published.find(FILE, tmp_path / "w").read_bytes() == CONTENT
    assert run(url, tmp_path / "w") == 0
    assert len(behaviour.asked) == 1


def test_what_broke_off_goes_on(server, entry, tmp_path):
    url, behaviour = server
    entry(DIGEST[:8])
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / f"{FILE}.part").write_bytes(CONTENT[:1000])
    assert run(url, tmp_path / "w") == 0
    assert behaviour.asked[0][1] == "bytes=1000-"
    assert (tmp_path / "w" / FILE).read_bytes() == CONTENT


@pytest.mark.parametrize("known", ["ab" * 32, "abababab"])
def test_another_content_is_refused_and_kept_apart(server, entry, tmp_path, capsys, known):
    entry(known)
    assert run(server[0], tmp_path / "w") == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert len(errors) == 1
    assert known in errors[0]
    assert not (tmp_path / "w" / FILE).exists()
    assert (tmp_path / "w" / f"{FILE}.wrong").is_file()


def test_a_file_that_changes_after_an_unchecked_download_is_noticed(server, entry, tmp_path):
    entry(None)
    assert run(server[0], tmp_path / "w") == 0
    (tmp_path / "w" / FILE).write_bytes(CONTENT[:-1])
    with pytest.raises(ValueError, match=r"is not .* as published.*make weights-vggish"):
        published.find(FILE, tmp_path / "w")


def test_without_a_network_one_line_says_so(entry, tmp_path, capsys):
    entry(DIGEST)
    assert run("http://name.invalid", tmp_path / "w") == 1
    said = capsys.readouterr().err
    assert said.startswith("error: name.invalid cannot be reached")
    assert said.count("\n") == 1


def test_an_unknown_name_lists_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        weights.main(["vgish"])
    assert "yamnet" in capsys.readouterr().err
