"""The clips of VGGSound, with a stand-in for what fetches them."""

from __future__ import annotations

import json
import os
import stat
import sys

import numpy as np
import pytest
import soundfile

from doppel.sources.real import RealSource
from scripts.data import __main__ as command
from scripts.data import vggsound
from scripts.data.video_sound import Failed, Gone, VideoPart, fetch_sound
from scripts.runtime.errors import UserError
from tests.scripts.data.serving import serving

VIDEOS = [f"-vid_{number:02d}-abc" for number in range(12)]
TABLE = "".join(
    f'{video},{30 * i},"speech, woman speaking",{"test" if i % 5 == 0 else "train"}\n'
    for i, video in enumerate(VIDEOS)
)


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def data(tmp_path):
    """The folder of data sets with the table, whose terms were accepted."""
    downloads = tmp_path / "data" / "downloads" / "vggsound"
    downloads.mkdir(parents=True)
    (downloads / "vggsound.csv").write_text(TABLE)
    (downloads / "licence-accepted.txt").write_text("yes\n")
    return tmp_path / "data"


class Web:
    """Videos: 12 s of stereo sound each; some are gone, some fail."""

    def __init__(self, gone=(), failing=()):
        self.gone, self.failing, self.asked = set(gone), set(failing), []

    def __call__(self, part, goal):
        self.asked.append(part.video)
        if part.video in self.gone:
            raise Gone("Video unavailable")
        if part.video in self.failing:
            raise Failed("HTTP Error 429")
        wave = np.random.default_rng(part.start_s).uniform(-1, 1, (12 * 8000, 2))
        soundfile.write(goal, wave, 8000)


def names(data):
    return sorted(path.stem for path in (data / "vggsound").glob("*.flac"))


def order(data, seed=0):
    return list(vggsound.clips_of(data / "downloads" / "vggsound" / "vggsound.csv", seed))


def test_the_first_clips_of_the_seeds_order_are_fetched_as_pairs_read_them(data):
    web = Web()
    folder = vggsound.fetch_vggsound(data, 5, workers=2, fetcher=web)
    assert names(data) == sorted(order(data)[:5])
    assert len(web.asked) == 5
    for path in folder.glob("*.flac"):
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.frames) == (16000, 1, 160_000)
    first, _ = RealSource(folder, kind="jitter").training(0, 4).batch(0, 0).to_torch()
    assert first.shape == (4, 16000)
    assert set(order(data, 1)) == set(order(data))
    assert order(data, 1) != order(data)


def test_what_is_there_is_kept_and_what_is_gone_is_not_asked_for_again(data):
    wanted = order(data)
    lost = wanted[1]
    video = vggsound.clips_of(data / "downloads" / "vggsound" / "vggsound.csv", 0)[lost].video
    web = Web(gone=[video])
    vggsound.fetch_vggsound(data, 3, fetcher=web)
    assert names(data) == sorted([wanted[0], *wanted[2:4]])
    assert list(json.loads((data / "downloads/vggsound/gone.json").read_text())) == [lost]
    before = {path: path.stat().st_mtime_ns for path in (data / "vggsound").iterdir()}
    web.asked.clear()
    vggsound.fetch_vggsound(data, 6, fetcher=web)
    assert names(data) == sorted([wanted[0], *wanted[2:7]])
    assert len(web.asked) == 3
    assert video not in web.asked
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())
    vggsound.fetch_vggsound(data, 6, fetcher=web)
    assert len(web.asked) == 3, "all is there"
    web.gone.clear()
    vggsound.fetch_vggsound(data, 7, retry=True, fetcher=web)
    assert lost in names(data)


def test_it_needs_no_tool_where_all_is_there(data, monkeypatch):
    vggsound.fetch_vggsound(data, 2, fetcher=Web())
    monkeypatch.setenv("PATH", "")
    vggsound.fetch_vggsound(data, 2)


def test_a_few_failures_are_passed_over_and_many_in_a_row_stop(data, caplog):
    failing = VIDEOS[:2]
    vggsound.fetch_vggsound(data, 12, fetcher=Web(failing=failing))
    assert len(names(data)) == 10
    assert "some failed this time; `make data-vggsound` asks for those again" in caplog.text
    assert json.loads((data / "downloads/vggsound/gone.json").read_text()) == {}
    vggsound.fetch_vggsound(data, 12, fetcher=Web())
    assert len(names(data)) == 12


def test_without_a_network_the_message_says_the_command(data):
    web = Web(failing=VIDEOS)
    with pytest.raises(UserError, match=r"10 clips in a row .* no network.*`make data-vggsound`"):
        vggsound.fetch_vggsound(data, 12, workers=3, fetcher=web)
    assert not list((data / "downloads" / "vggsound").glob("tmp*"))


def test_what_is_no_sound_is_a_failure(data, caplog):
    def nothing(part, goal):
        goal.write_bytes(b"<html>")

    with pytest.raises(UserError, match="what came is no sound"):
        vggsound.fetch_vggsound(data, 12, fetcher=nothing)


def test_the_command_fetches_the_table_first_and_asks_for_consent(tmp_path, capsys, monkeypatch):
    served, data = tmp_path / "served", tmp_path / "data"
    served.mkdir()
    (served / "vggsound.csv").write_text(TABLE)
    monkeypatch.setattr(vggsound, "check_tools", lambda command: None)
    monkeypatch.setattr(vggsound, "fetch_sound", Web())
    with serving(served) as (url, _):
        arguments = ["vggsound", "--data", str(data), "--mirror", url, "--n", "2"]
        assert command.main(arguments) == 1
        assert 'make data-vggsound DATA="--accept-licence"' in capsys.readouterr().err
        assert command.main([*arguments, "--accept-licence"]) == 0
    assert len(names(data)) == 2
    assert command.main(["vggsound", "--data", str(data), "--n", "2"]) == 0


def test_no_table_without_a_network(tmp_path, capsys):
    folder = tmp_path / "nothing"
    folder.mkdir()
    status = command.main(
        ["vggsound", "--data", str(tmp_path), "--accept-licence", "--mirror", folder.as_uri()]
    )
    (line,) = capsys.readouterr().err.splitlines()
    assert status == 1
    assert line.startswith("error: ")
    assert "vggsound.csv" in line
    assert "make data-vggsound" in line


def test_a_missing_tool_is_named(data, monkeypatch):
    monkeypatch.setenv("PATH", str(data))
    with pytest.raises(UserError, match=r"yt-dlp and ffmpeg cannot be found.*`make data-vggsound`"):
        vggsound.fetch_vggsound(data, 1)


def test_another_table_is_refused(data):
    (data / "downloads" / "vggsound" / "vggsound.csv").write_text("<html>moved</html>\n")
    with pytest.raises(UserError, match="is not the authors' table"):
        vggsound.fetch_vggsound(data, 1, fetcher=Web())


TOOL = """#!{python}
import sys, wave
video, arguments = sys.argv[-1].split("=")[-1], sys.argv
if "gone" in video:
    sys.exit("ERROR: [youtube] x: Video unavailable. This video is private")
if "later" in video:
    sys.exit("ERROR: Video unavailable. The session has been rate-limited, try again later")
if "busy" in video:
    sys.exit("ERROR: unable to download webpage: HTTP Error 429: Too Many Requests")
first, last = arguments[arguments.index("--download-sections") + 1].lstrip("*").split("-")
goal = arguments[arguments.index("--output") + 1].replace("%(ext)s", "wav")
with wave.open(goal, "wb") as sound:
    sound.setparams((1, 2, 8000, 0, "NONE", ""))
    sound.writeframes(bytes(16000) * (int(last) - int(first)))
"""


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """A program in the place of yt-dlp that takes its arguments."""
    path = tmp_path / "bin" / "yt-dlp"
    path.parent.mkdir()
    path.write_text(TOOL.format(python=sys.executable))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(path.parent))


def test_the_tool_is_asked_for_ten_seconds_of_the_video(tool, tmp_path):
    fetch_sound(VideoPart("-abc_DEF-12", 30), tmp_path / "clip.wav")
    assert soundfile.info(tmp_path / "clip.wav").duration == 10
    with pytest.raises(Gone, match="Video unavailable"):
        fetch_sound(VideoPart("gone", 30), tmp_path / "other.wav")
    with pytest.raises(Failed, match="try again later"):
        fetch_sound(VideoPart("later", 30), tmp_path / "other.wav")
    with pytest.raises(Failed, match="HTTP Error 429"):
        fetch_sound(VideoPart("busy", 30), tmp_path / "other.wav")
