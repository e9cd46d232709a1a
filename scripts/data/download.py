"""Files from the web: resumed where they stopped, and checked."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from eval.harness.files import read_json, write_json
from scripts.runtime.errors import UserError

__all__ = ["Source", "fetch"]

_BLOCK = 1 << 20
_ATTEMPTS = 5
_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Source:
    """A file to download.

    Attributes:
        url: http, https or file.
        file: its name here, which may be in a folder.
        md5: as its publisher lists it; None where no list is known.
        sha256: likewise.
    """

    url: str
    file: str
    md5: str | None = None
    sha256: str | None = None

    def at(self, mirror: str) -> Source:
        """The same file, by its name, in a folder of another server."""
        return replace(self, url=f"{mirror.rstrip('/')}/{Path(self.file).name}")


def fetch(
    source: Source,
    folder: Path,
    progress: Callable[[int, int | None], None] | None = None,
    wait_s: float = 1.0,
) -> Path:
    """Download a file, unless it is there and was checked.

    What has arrived is kept in `<file>.part` and the rest is asked for, within a call and across
    calls. Beside the file `<file>.checksum.json` says which checksum it has and whether that is
    the publisher's; where none is published it is the one of the first download, and a later copy
    must have it too.

    Args:
        source: what to download.
        folder: where to.
        progress: is called with bytes there and bytes in all (None: not known).
        wait_s: before the second attempt; twice as long before each further one.

    Returns:
        The file's path.

    Raises:
        UserError: no network, a server that refuses, a file of another checksum, a full disk.
    """
    path = folder / source.file
    note = path.with_name(f"{path.name}.checksum.json")
    if path.is_file() and note.is_file() and read_json(note)["bytes"] == path.stat().st_size:
        return path
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        _download(source.url, part, path, progress, wait_s)
        _check(source, part, note, path)
        part.replace(path)
        _tag_of(part).unlink(missing_ok=True)
    else:
        _check(source, path, note, path)
    return path


def _check(source: Source, there: Path, note: Path, path: Path) -> None:
    """Compare with the published checksum, or note the one of the first download."""
    earlier = read_json(note) if note.is_file() else {}
    kind = "md5" if source.md5 and not source.sha256 else "sha256"
    published = source.sha256 or source.md5
    expected = published or earlier.get("sha256")
    with open(there, "rb") as handle:
        found = hashlib.file_digest(handle, kind).hexdigest()
    if expected and found != expected:
        spoiled = there.with_name(f"{path.name}.wrong")
        there.replace(spoiled)
        raise UserError(
            f"{path.name} from {source.url} has the {kind} {found}, "
            f"{'published' if published else 'noted at the first download'} is {expected}: it was "
            f"damaged on the way or replaced at its source. It is kept as {spoiled}; give the same "
            "command to download it again"
        )
    write_json(
        note,
        {
            kind: found,
            "bytes": there.stat().st_size,
            "url": source.url,
            "published": bool(published),
        },
    )


def _download(
    url: str,
    part: Path,
    path: Path,
    progress: Callable[[int, int | None], None] | None,
    wait_s: float,
) -> None:
    """Bring all bytes of a URL into a file, in as many attempts as it takes, but five in a row."""
    attempt = 0
    while True:
        before = _size(part)
        try:
            _go_on(url, part, progress)
            return
        except urllib.error.HTTPError as error:
            error.close()
            if error.code < 500 and error.code not in (408, 429):
                raise UserError(
                    f"{url} answers {error.code} {error.reason}: the file may have moved. Put it "
                    f"at {path} yourself, or name another server that has it: --mirror URL"
                ) from error
            reason = f"it answers {error.code} {error.reason}"
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, OSError) as error:
            if _is_ours(error):
                raise
            reason = str(getattr(error, "reason", "") or error or type(error).__name__)
            hopeless = isinstance(
                getattr(error, "reason", None), (socket.gaierror, FileNotFoundError)
            )
            attempt = _ATTEMPTS if hopeless else attempt
        attempt = 1 if _size(part) > before else attempt + 1
        if attempt >= _ATTEMPTS:
            raise UserError(
                f"{urlsplit(url).netloc or url} cannot be reached or broke off "
                f"({' '.join(reason.split())}). {_size(part) / 1e6:.1f} MB of {path.name} are "
                "kept; give the same command when there is a network, or put the file at "
                f"{path} yourself"
            )
        time.sleep(wait_s * 2 ** (attempt - 1))


def _is_ours(error: BaseException) -> bool:
    """Whether it is this machine's disk that refused, which no further attempt changes."""
    if isinstance(error, (urllib.error.URLError, http.client.HTTPException, TimeoutError)):
        return False
    return isinstance(error, OSError) and error.filename is not None


def _go_on(url: str, part: Path, progress: Callable[[int, int | None], None] | None) -> None:
    """One attempt: ask for the bytes that are missing and append them."""
    there, tag = _size(part), _tag_of(part)
    headers = {"User-Agent": "listening-by-synthesizing"}
    if there:
        headers["Range"] = f"bytes={there}-"
        if tag.is_file():
            headers["If-Range"] = tag.read_text()
    try:
        response = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_S
        )
    except urllib.error.HTTPError as error:
        if error.code != 416 or not there:
            raise
        error.close()
        if error.headers.get("Content-Range") == f"bytes */{there}":
            return  # all of it had arrived
        part.unlink()
        return _go_on(url, part, progress)
    with response:
        goes_on = response.status == 206 and _start_of(response) == there
        if there and not goes_on:
            there = 0  # the server knows no ranges, or has another file now
        length = response.headers.get("Content-Length")
        total = there + int(length) if length else None
        _room_for(part, (total or 0) - there)
        etag = response.headers.get("ETag")
        if etag and not etag.startswith("W/"):
            tag.write_text(etag)
        with open(part, "ab" if there else "wb") as handle:
            while block := response.read(_BLOCK):
                _write(handle, block, part)
                there += len(block)
                if progress is not None:
                    progress(there, total)
    if total is not None and there < total:
        raise http.client.IncompleteRead(b"", total - there)


def _write(handle: BinaryIO, block: bytes, part: Path) -> None:
    """Write a block; an error of the disk names the file, one of the network does not."""
    try:
        _append(handle, block)
    except OSError as error:
        error.filename = str(part)
        raise


def _append(handle: BinaryIO, block: bytes) -> None:
    handle.write(block)
    handle.flush()


def _room_for(part: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if n_bytes > free:
        raise UserError(
            f"{part.parent} has {free / 1e9:.2f} GB left and {n_bytes / 1e9:.2f} GB are to come: "
            "free some space, or choose another folder with --data"
        )


def _start_of(response: Any) -> int | None:
    """The first byte of a partial answer, from `Content-Range: bytes 100-199/200`."""
    unit, _, rest = response.headers.get("Content-Range", "").partition(" ")
    first = rest.split("-")[0]
    return int(first) if unit == "bytes" and first.isdigit() else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _tag_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.etag")
