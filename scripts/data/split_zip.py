"""Zip archives in several files (.z01, .z02, ..., .zip), read where they lie.

Python's zipfile refuses them and joining them first takes their size on the disk once more. The
format is APPNOTE.TXT 6.3 of PKWARE: the last file ends with the table of contents, which says for
each member in which file and where in it the member begins; a member may run over into the next.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Member", "members", "unpack_member"]

_END, _END64, _AT_END64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Member:
    """A file in the archive.

    Attributes:
        name: with folders; ends in "/" where it is a folder.
        disk: the number of the part in which it begins, from 0.
        offset: of its header in that part, in bytes.
        packed: its size in the archive.
        size: its own size.
        method: 0 stored, 8 deflated.
        crc: its CRC-32.
    """

    name: str
    disk: int
    offset: int
    packed: int
    size: int
    method: int
    crc: int


def members(parts: Sequence[Path]) -> list[Member]:
    """The archive's table of contents.

    Args:
        parts: all files, in order, the .zip last.

    Raises:
        zipfile.BadZipFile: the last one has no table of contents at its end, or parts are missing.
    """
    last = parts[-1]
    with open(last, "rb") as handle:
        handle.seek(max(0, last.stat().st_size - 66_000))
        tail = handle.read()
    at = tail.rfind(_END)
    if at < 0:
        raise zipfile.BadZipFile(f"{last} does not end as a zip archive does")
    disk, first_disk, _, count, size, offset = struct.unpack_from("<HHHHII", tail, at + 4)
    if _FULL16 in (disk, first_disk, count) or _FULL32 in (size, offset):
        disk, first_disk, count, size, offset = _end64(parts, tail[:at])
    if disk + 1 != len(parts):
        raise zipfile.BadZipFile(f"{last} is the last of {disk + 1} files, {len(parts)} are given")
    table = b"".join(_bytes(parts, first_disk, offset, size))
    found, at = [], 0
    for _ in range(count):
        member, at = _member(table, at, last)
        found.append(member)
    return found


def _end64(parts: Sequence[Path], tail: bytes) -> tuple[int, int, int, int, int]:
    """The numbers of a large archive, which stand in a record of their own before the end."""
    at = tail.rfind(_AT_END64)
    if at < 0:
        raise zipfile.BadZipFile(f"{parts[-1]} lacks the record that large archives have")
    of_disk, offset = struct.unpack_from("<IQ", tail, at + 4)
    record = b"".join(_bytes(parts, of_disk, offset, 56))
    if record[:4] != _END64:
        raise zipfile.BadZipFile(f"{parts[-1]}: the record of a large archive is not where it says")
    disk, first_disk, _, count, size, start = struct.unpack_from("<IIQQQQ", record, 16)
    return disk, first_disk, count, size, start


def _member(table: bytes, at: int, path: Path) -> tuple[Member, int]:
    """One row of the table of contents, and where the next one begins."""
    if table[at : at + 4] != b"PK\x01\x02":
        raise zipfile.BadZipFile(f"the table of contents of {path} is damaged")
    flags, method = struct.unpack_from("<HH", table, at + 8)
    crc, packed, size = struct.unpack_from("<III", table, at + 16)
    n_name, n_extra, n_comment, disk = struct.unpack_from("<HHHH", table, at + 28)
    (offset,) = struct.unpack_from("<I", table, at + 42)
    name = table[at + 46 : at + 46 + n_name].decode("utf-8" if flags & 0x800 else "cp437")
    extra = table[at + 46 + n_name : at + 46 + n_name + n_extra]
    if flags & 1 or method not in (0, 8):
        raise zipfile.BadZipFile(f"{name} in {path} is encrypted or packed in a way not known here")
    large = _large(extra)
    if size == _FULL32:
        size = int.from_bytes(large.read(8), "little")
    if packed == _FULL32:
        packed = int.from_bytes(large.read(8), "little")
    if offset == _FULL32:
        offset = int.from_bytes(large.read(8), "little")
    if disk == _FULL16:
        disk = int.from_bytes(large.read(4), "little")
    member = Member(name, disk, offset, packed, size, method, crc)
    return member, at + 46 + n_name + n_extra + n_comment


def _large(extra: bytes) -> io.BytesIO:
    """What stands in the extra field of a large member, in the order of what did not fit."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            return io.BytesIO(extra[at + 4 : at + 4 + size])
        at += 4 + size
    return io.BytesIO()


def unpack_member(parts: Sequence[Path], member: Member, path: Path) -> None:
    """Unpack one member to a file.

    Raises:
        zipfile.BadZipFile: the archive is damaged: wrong size or checksum.
    """
    header = b"".join(_bytes(parts, member.disk, member.offset, 30))
    if header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile(f"{member.name} is not where {parts[-1]} says")
    n_name, n_extra = struct.unpack_from("<HH", header, 26)
    start = member.offset + 30 + n_name + n_extra
    inflate = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == 8 else None
    size, crc = 0, 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as handle:
        for block in _bytes(parts, member.disk, start, member.packed):
            plain = inflate.decompress(block) if inflate else block
            size, crc = size + len(plain), zlib.crc32(plain, crc)
            handle.write(plain)
        rest = inflate.flush() if inflate else b""
        size, crc = size + len(rest), zlib.crc32(rest, crc)
        handle.write(rest)
    if (size, crc) != (member.size, member.crc):
        raise zipfile.BadZipFile(f"{member.name} in {parts[-1]} is damaged")


def _bytes(parts: Sequence[Path], disk: int, offset: int, count: int) -> Iterator[bytes]:
    """So many bytes from a place in a part on, running over into the following ones."""
    while count > 0:
        if disk >= len(parts):
            raise zipfile.BadZipFile(f"{parts[-1]} ends too early")
        size = parts[disk].stat().st_size
        if offset < size:
            with open(parts[disk], "rb") as handle:
                handle.seek(offset)
                while count > 0 and (block := handle.read(min(_BLOCK, count))):
                    count -= len(block)
                    offset += len(block)
                    yield block
        disk, offset = disk + 1, offset - size
