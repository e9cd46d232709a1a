"""From nothing to a task on the disk: download, check, unpack, prepare."""

from __future__ import annotations

import logging
import math
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from eval.harness.files import read_json, write_text
from eval.tasks.hear_layout import sample_rates
from eval.tasks.hear_writing import HearClip, write_hear_task
from eval.tasks.published import published_metadata
from scripts.data.data_set import DataSet, Progress
from scripts.data.download import Source, fetch
from scripts.runtime.errors import UserError
from scripts.runtime.progress import progress

__all__ = ["prepare"]

log = logging.getLogger(__name__)

_AT_ONCE = 8  # downloads, where there are many small files
_NAMED = 10  # unreadable files that are named on the terminal; all are in unreadable.json


def prepare(
    data_set: DataSet,
    data: Path,
    rates: Sequence[int],
    workers: int = 1,
    accept_licence: bool = False,
    mirror: str | None = None,
    delete_downloads: bool = False,
) -> Path:
    """Make `data/<task>` out of what is on the web, or go on where an earlier call stopped.

    Args:
        data_set: what to prepare.
        data: the folder of data sets; downloads go to `downloads/<task>` in it.
        rates: sample rates in Hz.
        workers: processes that resample.
        accept_licence: the licence was read and is accepted; noted in the folder of downloads.
        mirror: a server that has the files under their names.
        delete_downloads: free the disk of archives and what was in them at the end.

    Returns:
        The task's folder.

    Raises:
        UserError: the licence is not accepted, there is no network, a file is damaged.
        OSError: the disk is full.
    """
    goal, folder = data / data_set.task, data / "downloads" / data_set.task
    if _is_done(goal, data_set, rates):
        log.info("%s is prepared at %s", goal, ", ".join(f"{rate} Hz" for rate in rates))
        return goal
    _accepted(data_set, folder, accept_licence)
    for stage in data_set.stages:
        sources = stage(folder)
        _download([source.at(mirror) if mirror else source for source in sources], folder)
    with _shown(f"{data_set.task}: unpacking") as update:
        data_set.unpack(folder, update)
    clips = _readable_table(data_set, folder)
    metadata = _metadata(data_set, clips)
    with progress(len(clips), f"{data_set.task}: preparing") as bar:
        unreadable = write_hear_task(goal, metadata, clips, rates, workers, bar.update)
    for clip in unreadable[:_NAMED]:
        log.warning("cannot be read: %s: %s", clip.name, clip.reason)
    counts = Counter(clip.split for clip in clips)
    log.info(
        "%s: %d clips (%s), %d of them unreadable (unreadable.json)",
        goal,
        len(clips),
        ", ".join(f"{split} {count}" for split, count in sorted(counts.items())),
        len(unreadable),
    )
    if delete_downloads:
        shutil.rmtree(folder)
    else:
        log.info("%s is not needed any more (--delete-downloads deletes it)", folder)
    return goal


def _is_done(goal: Path, data_set: DataSet, rates: Sequence[int]) -> bool:
    path = goal / "task_metadata.json"
    if not path.is_file():
        return False
    wanted = published_metadata(data_set.task) | {"source": data_set.source}
    there = read_json(path)
    if any(there.get(key) != value for key, value in wanted.items() if key != "splits"):
        raise UserError(f"{goal} was prepared with other settings: delete that folder")
    return set(rates) <= set(sample_rates(goal))


def _accepted(data_set: DataSet, folder: Path, accept: bool) -> None:
    note = folder / "licence-accepted.txt"
    said = f"{data_set.task} is under {data_set.licence}: {data_set.licence_url}"
    if data_set.must_accept and not note.is_file():
        if not accept:
            raise UserError(
                f"{said}. Read it; to accept it give the same command with --accept-licence "
                '(make: DATA="--accept-licence")'
            )
        write_text(note, f"{said}\n")
    log.info("%s", said)


def _download(sources: Sequence[Source], folder: Path) -> None:
    if len(sources) <= 2 * _AT_ONCE:
        for source in sources:
            with _shown(f"{source.file} (MB)", unit=1_000_000) as update:
                fetch(source, folder, update)
        return
    with progress(len(sources), "files") as bar, ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            for _ in pool.map(lambda source: fetch(source, folder), sources):
                bar.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _readable_table(data_set: DataSet, folder: Path) -> list[HearClip]:
    """The clips; what is missing in the authors' tables is told in one line."""
    try:
        return data_set.clips(folder)
    except (KeyError, ValueError, FileNotFoundError) as error:
        raise UserError(
            f"{data_set.task}: what was unpacked to {folder} is not laid out as its authors' "
            f"archive was ({type(error).__name__}: {error})"
        ) from error


def _metadata(data_set: DataSet, clips: Sequence[HearClip]) -> dict[str, Any]:
    metadata = published_metadata(data_set.task) | {"source": data_set.source}
    if "validation" in metadata:
        # ARCH draws from the folds in the order in which the authors' table names them.
        metadata["splits"] = list(dict.fromkeys(clip.split for clip in clips))
    return metadata


@contextmanager
def _shown(description: str, unit: int = 1) -> Iterator[Progress]:
    """A bar that begins with the first step, when it is known how many there are."""
    with ExitStack() as stack:
        bar, shown = None, 0

        def update(done: int, total: int | None) -> None:
            nonlocal bar, shown
            if bar is None:
                whole = math.ceil((total or 0) / unit)
                shown = (done - 1) // unit
                bar = stack.enter_context(progress(whole, description, done=shown))
            step = done // unit - shown
            if step:
                shown += step
                bar.update(step)

        yield update
