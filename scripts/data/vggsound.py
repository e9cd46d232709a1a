"""VGGSound: ten-second clips of videos, of which the papers take the sound of 100,000 at random.

Chen et al., "VGGSound: A Large-Scale Audio-Visual Dataset", 2020. What is published is a table of
videos (id, first second, label, split); each clip comes from the video itself, and some are gone by
now. So the clips are gone through in an order that the seed and their names give, until as many are
there as were asked for. A clip becomes `<id>_<first second>.flac`, mono, as the pairs of
`conf/pairs/vggsound_*.yaml` and the sets of `conf/sounds/vggsound*.yaml` read them.

What is there is kept: the same command goes on where it stopped, and needs nothing when all is
there. Videos that are gone are noted and not asked for again (`--retry` asks).
"""

from __future__ import annotations

import argparse
import csv
import logging
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np

from doppel.sources.listing import clip_name, place
from eval.harness import audio
from eval.harness.files import read_json, write_json, write_text
from eval.sounds.folder import SUFFIXES
from scripts.data.download import Source, fetch
from scripts.data.video_sound import Failed, Fetcher, Gone, VideoPart, check_tools, fetch_sound
from scripts.runtime import logs
from scripts.runtime.errors import UserError, exit_status
from scripts.runtime.progress import Progress, progress

__all__ = ["clips_of", "fetch_vggsound", "main"]

log = logging.getLogger(__name__)

COMMAND = "make data-vggsound"
TABLE = Source("https://www.robots.ox.ac.uk/~vgg/data/vggsound/vggsound.csv", "vggsound.csv")

_CLIP_S = 10.0
_FAILURES_IN_A_ROW = 10
_NOTED_EVERY = 50
_LICENCE = (
    "the table of VGGSound is under CC BY 4.0 (https://www.robots.ox.ac.uk/~vgg/data/vggsound/), "
    "the clips belong to those who made the videos and come under YouTube's terms"
)


def main(arguments: list[str] | None = None) -> int:
    """Fetch what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.data vggsound", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("outputs/data"), help="where they go")
    parser.add_argument("--n", type=int, default=100_000, help="clips in all")
    parser.add_argument("--seed", type=int, default=0, help="of the order they are taken in")
    parser.add_argument("--rate", type=int, default=16000, metavar="HZ", help="sample rate")
    parser.add_argument("--workers", type=int, default=4, help="clips at a time")
    parser.add_argument("--accept-licence", action="store_true", help="it was read and is accepted")
    parser.add_argument("--mirror", metavar="URL", help="a server with the table under its name")
    parser.add_argument("--retry", action="store_true", help="ask again for videos that were gone")
    given = parser.parse_args(arguments)
    logs.configure()
    return exit_status(
        lambda: fetch_vggsound(
            given.data,
            given.n,
            given.seed,
            given.rate,
            given.workers,
            given.accept_licence,
            given.mirror,
            given.retry,
        )
    )


def fetch_vggsound(
    data: Path,
    n: int = 100_000,
    seed: int = 0,
    rate: int = 16000,
    workers: int = 4,
    accept_licence: bool = False,
    mirror: str | None = None,
    retry: bool = False,
    fetcher: Fetcher | None = None,
) -> Path:
    """Make `data/vggsound` hold n clips, or go on where an earlier call stopped.

    Args:
        data: the folder of data sets; the table goes to `downloads/vggsound` in it.
        n: clips in all, those that are there included.
        seed: of the order in which they are taken.
        rate: in Hz.
        workers: clips at a time.
        accept_licence: the terms were read and are accepted; noted in the folder of downloads.
        mirror: a server that has the table under its name.
        retry: ask again for videos that were gone.
        fetcher: brings the sound of a clip; None is yt-dlp.

    Returns:
        The folder of clips.

    Raises:
        UserError: terms that are not accepted, no network, a tool that is missing.
        OSError: the disk is full.
    """
    if n < 1 or workers < 1 or rate < 1:
        raise UserError(f"--n, --workers and --rate must be 1 at least, got {n}, {workers}, {rate}")
    goal, downloads = data / "vggsound", data / "downloads" / "vggsound"
    _accepted(downloads, accept_licence)
    table = _table(downloads, mirror)
    notes = downloads / "gone.json"
    gone: dict[str, str] = {} if retry or not notes.is_file() else read_json(notes)
    clips = clips_of(table, seed)
    there = {path.stem for path in goal.rglob("*") if path.suffix in SUFFIXES}
    have = sum(name in there for name in clips)
    if have < n:
        if fetcher is None:
            check_tools(COMMAND)
        wanted = [name for name in clips if name not in there and name not in gone]
        with progress(n, "vggsound: clips", done=have) as bar:
            run = _Run(goal, downloads, notes, gone, rate, fetcher or fetch_sound)
            have += run.bring([(name, clips[name]) for name in wanted], n - have, workers, bar)
    log.info("%s: %d clips are there, %d videos are gone", goal, have, len(gone))
    if have < n:
        log.warning(
            "%d clips were asked for: the table has no more, or some failed this time; "
            "`%s` asks for those again",
            n,
            COMMAND,
        )
    return goal


def clips_of(table: Path, seed: int) -> dict[str, VideoPart]:
    """The clips of the table by name, in the order in which they are taken.

    A clip's place hangs on the seed and its name alone.

    Raises:
        UserError: it is not laid out as the authors' table.
    """
    with open(table, encoding="utf-8", newline="") as handle:
        rows = [row for row in csv.reader(handle) if row]
    if not rows or any(len(row) != 4 or not row[1].strip().isdigit() for row in rows):
        raise UserError(
            f"{table} is not the authors' table (video id, first second, label, split; no header): "
            "delete it and give the same command again"
        )
    parts = {clip_name(row[0], int(row[1])): VideoPart(row[0], int(row[1])) for row in rows}
    return {name: parts[name] for name in sorted(parts, key=lambda name: place(seed, name))}


def _accepted(downloads: Path, accept: bool) -> None:
    note = downloads / "licence-accepted.txt"
    if not note.is_file():
        if not accept:
            raise UserError(
                f"{_LICENCE}. To accept that, give the same command with --accept-licence "
                f'({COMMAND} DATA="--accept-licence")'
            )
        write_text(note, f"{_LICENCE}\n")


def _table(downloads: Path, mirror: str | None) -> Path:
    try:
        return fetch(TABLE.at(mirror) if mirror else TABLE, downloads)
    except UserError as error:
        raise UserError(f"{error} ({COMMAND})") from error


class _Run:
    """Brings clips until there are enough.

    Args:
        goal: where clips go.
        downloads: where temporary files are.
        notes: the file that names videos that are gone.
        gone: them, with reasons; grows.
        rate: in Hz.
        fetcher: brings the sound of a clip.
    """

    def __init__(
        self,
        goal: Path,
        downloads: Path,
        notes: Path,
        gone: dict[str, str],
        rate: int,
        fetcher: Fetcher,
    ) -> None:
        self._goal, self._downloads, self._notes = goal, downloads, notes
        self._gone, self._rate, self._fetcher = gone, rate, fetcher

    def bring(
        self, wanted: Sequence[tuple[str, VideoPart]], n: int, workers: int, bar: Progress
    ) -> int:
        """Bring the first n of the clips that can be had; returns how many came.

        Raises:
            UserError: many in a row failed: there is no network, or the server refuses.
        """
        came = failures = 0
        queue: Iterator[tuple[str, VideoPart]] = iter(wanted)
        running: dict[Future[None], str] = {}
        pool = ThreadPoolExecutor(workers)
        try:
            while True:
                # Never more under way than are missing, so that none comes in vain.
                while len(running) < min(workers, n - came) and (clip := next(queue, None)):
                    running[pool.submit(self._one, *clip)] = clip[0]
                if not running:
                    return came
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    name = running.pop(future)
                    try:
                        future.result()
                    except Gone as error:
                        self._note(name, str(error))
                        failures = 0
                    except Failed as error:
                        failures += 1
                        log.warning("%s failed: %s", name, error)
                        self._stop_after(failures, str(error))
                    else:
                        came, failures = came + 1, 0
                        bar.update(gone=len(self._gone))
        finally:
            pool.shutdown(cancel_futures=True)
            write_json(self._notes, self._gone)

    def _one(self, name: str, part: VideoPart) -> None:
        with tempfile.TemporaryDirectory(dir=self._downloads) as folder:
            brought = Path(folder) / "clip.wav"
            self._fetcher(part, brought)
            try:
                wave, _ = audio.read(brought, self._rate)
            except (FileNotFoundError, ValueError) as error:
                raise Failed(f"what came is no sound: {error}") from error
        wave = np.clip(wave[: round(_CLIP_S * self._rate)], -1.0, 1.0)
        audio.write(self._goal / f"{name}.flac", wave, self._rate, "16")

    def _note(self, name: str, reason: str) -> None:
        self._gone[name] = reason
        if len(self._gone) % _NOTED_EVERY == 0:
            write_json(self._notes, self._gone)

    def _stop_after(self, failures: int, reason: str) -> None:
        if failures >= _FAILURES_IN_A_ROW:
            raise UserError(
                f"{failures} clips in a row could not be fetched ({reason}): there is no network, "
                f"or the server refuses for now. What came is kept; give `{COMMAND}` again later"
            )


if __name__ == "__main__":
    raise SystemExit(main())
