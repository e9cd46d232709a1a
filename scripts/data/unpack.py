"""Archives into folders: a folder that is there is whole."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from scripts.data.split_zip import members, unpack_member
from scripts.runtime.errors import UserError

__all__ = ["unpack", "unpack_some"]


def unpack(
    archives: Sequence[Path], folder: Path, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Unpack a .zip, a .zip in several files (all of them, the .zip last) or a .tar.gz.

    It is unpacked beside the folder and renamed at the end, so that an interrupted call leaves
    nothing that looks whole; it begins anew.

    Args:
        archives: the file or files.
        folder: what is made; left as it is where it is there.
        progress: is called with members done and members in all (tar: 0, not known).

    Returns:
        The folder.

    Raises:
        UserError: the archive is damaged, or holds names that lead out of the folder.
    """
    if folder.is_dir():
        return folder
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        if len(archives) > 1:
            _split_zip(archives, part, progress)
        elif archives[0].name.endswith(".zip"):
            _zip(archives[0], part, progress)
        else:
            unpack_some(archives[0], part, progress=progress)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise _damaged(archives[-1], error) from error
    part.replace(folder)
    return folder


def unpack_some(
    archive: Path,
    folder: Path,
    wanted: Callable[[str], bool] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Unpack those members of a .tar.gz whose names are wanted; None takes all.

    Raises:
        UserError: the archive is damaged.
    """
    done = 0
    try:
        with tarfile.open(archive, "r|*") as tar:
            for member in tar:
                if wanted is None or wanted(member.name.removeprefix("./")):
                    tar.extract(member, folder, filter="data")
                    done += 1
                    if progress is not None:
                        progress(done, 0)
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise _damaged(archive, error) from error


def _damaged(archive: Path, error: Exception) -> UserError:
    return UserError(f"{archive} cannot be unpacked: {error}; delete it to download it anew")


def _zip(archive: Path, folder: Path, progress: Callable[[int, int], None] | None) -> None:
    with zipfile.ZipFile(archive) as opened:
        infos = opened.infolist()
        for number, info in enumerate(infos, start=1):
            _refuse_escape(info.filename, archive)
            opened.extract(info, folder)
            if progress is not None:
                progress(number, len(infos))


def _split_zip(
    parts: Sequence[Path], folder: Path, progress: Callable[[int, int], None] | None
) -> None:
    found = members(parts)
    for number, member in enumerate(found, start=1):
        _refuse_escape(member.name, parts[-1])
        if not member.name.endswith("/"):
            unpack_member(parts, member, folder / member.name)
        if progress is not None:
            progress(number, len(found))


def _refuse_escape(name: str, archive: Path) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise UserError(f"{archive} holds the name {name!r}, which leads out of the folder")
