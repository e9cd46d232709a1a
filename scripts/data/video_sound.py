"""The sound of a part of a video on the web, by yt-dlp and ffmpeg, which the person installs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.runtime.errors import UserError

__all__ = ["Failed", "Fetcher", "Gone", "VideoPart", "check_tools", "fetch_sound"]

_TIMEOUT_S = 180.0
_TOOLS = ("yt-dlp", "ffmpeg")
# What stays so: everything else (no network, too many requests) may be different another time.
_GONE = re.compile(
    r"video (is )?(unavailable|not available|no longer available)|private video|been removed|"
    r"been terminated|copyright|members-only|confirm your age|not made this video available|"
    r"blocked it|no longer exists|incomplete youtube id|requested format is not available",
    re.IGNORECASE,
)
_LATER = re.compile(r"try again later|rate.?limited|too many requests", re.IGNORECASE)


@dataclass(frozen=True)
class VideoPart:
    """Ten seconds of a video, or so.

    Attributes:
        video: its id.
        start_s: where the part begins.
        seconds: how long it is.
    """

    video: str
    start_s: int
    seconds: float = 10.0


class Gone(Exception):
    """The video is not to be had any more; the message says why."""


class Failed(Exception):
    """It did not work this time; the message says why."""


Fetcher = Callable[[VideoPart, Path], None]
"""Writes the sound of a part to a WAV file; raises Gone or Failed."""


def check_tools(command: str) -> None:
    """Refuse to begin without the tools.

    Args:
        command: what to give once they are there.

    Raises:
        UserError: one of them is not installed.
    """
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise UserError(
            f"{' and '.join(missing)} cannot be found on the PATH. They fetch and cut the sound of "
            "videos: install yt-dlp (pip install yt-dlp) and ffmpeg (your system's package), then "
            f"give `{command}` again"
        )


def fetch_sound(part: VideoPart, goal: Path) -> None:
    """Fetch a part of a video with yt-dlp.

    Args:
        part: which one.
        goal: the WAV file that is written, at the video's own rate and channels.

    Raises:
        Gone: the video is private, deleted or blocked.
        Failed: no network, too many requests, no answer in three minutes.
    """
    end = part.start_s + part.seconds
    command = [
        *("yt-dlp", "--quiet", "--no-warnings", "--no-playlist", "--format", "bestaudio/best"),
        *("--download-sections", f"*{part.start_s}-{end:g}"),
        *("--extract-audio", "--audio-format", "wav"),
        *("--output", f"{goal.with_suffix('')}.%(ext)s"),
        f"https://www.youtube.com/watch?v={part.video}",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"no answer in {_TIMEOUT_S:.0f} s") from error
    if done.returncode == 0 and goal.is_file():
        return
    said = " ".join(done.stderr.split()) or f"{_TOOLS[0]} ended with {done.returncode}"
    gone = _GONE.search(said) and not _LATER.search(said)
    raise (Gone if gone else Failed)(said[:300])
