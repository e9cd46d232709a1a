"""Files that are either there and whole, or not there.

Every write goes to a temporary file in the same folder, is forced to the disk and then renamed
over its goal, so a reader, a crash or a full disk never meets half a file. Standard library only
(PyYAML is imported when YAML is asked for), so this costs nothing to import.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = [
    "read_json",
    "read_yaml",
    "replacing",
    "sha256",
    "write_bytes",
    "write_json",
    "write_text",
    "write_yaml",
]


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a temporary path in the folder of `path`, which becomes `path` when the block ends.

    For writers that want a path of their own (soundfile, matplotlib, numpy). The temporary path
    keeps the suffix of `path`. When the block raises, `path` is untouched and nothing is left.

    Raises:
        OSError: the folder cannot be made or written, or the disk is full.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.stem[:40]}.", suffix=target.suffix
    )
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb+") as handle:
            os.fsync(handle.fileno())
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename is None:
            error.filename = os.fspath(target)  # a write that fails does not say where
        raise
    _sync_folder(target.parent)


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes `data` to `path` atomically.

    Raises:
        OSError: the folder cannot be made or written, or the disk is full.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes `text` to `path` as UTF-8, atomically."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Writes `value` to `path` as strict, indented JSON, atomically.

    Numbers that JSON does not have (NaN, infinities) become null; numpy and JAX scalars and
    arrays become numbers and lists; paths become strings.

    Raises:
        TypeError: the value, or something in it, has no JSON form; nothing is written.
    """
    text = json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def write_yaml(path: str | os.PathLike[str], value: Any) -> None:
    """Writes `value` (mappings, sequences, strings, numbers) to `path` as YAML, atomically.

    Keys keep their order. Only plain YAML is written: no tags of Python objects.

    Raises:
        TypeError: the value, or something in it, has no plain YAML form; nothing is written.
    """
    import yaml

    try:
        text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
    except yaml.representer.RepresenterError as error:
        raise TypeError(f"{path}: {error.args[0]}; only plain values go into YAML") from error
    write_text(path, text)


def read_json(path: str | os.PathLike[str]) -> Any:
    """Reads a JSON file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not JSON; the message names the file, line and column.
    """
    text = Path(path).read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        ) from error


def read_yaml(path: str | os.PathLike[str]) -> Any:
    """Reads a YAML file with the safe loader, which builds no Python objects.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not plain YAML; the message names the file and, if known, the line.
    """
    import yaml

    text = Path(path).read_text(encoding="utf-8")
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or "cannot be read"
        raise ValueError(f"{path} is not plain YAML{line}: {reason}") from error


def sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file's content, as 64 hex digits.

    Raises:
        FileNotFoundError: there is no such file.
    """
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _plain(value: Any) -> Any:
    """The value in the types JSON knows; arrays and scalars by their `tolist` or `item`."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    raise TypeError(f"a {type(value).__name__} has no JSON form: {value!r:.80}")


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    """Makes a rename last through a power cut, where the file system can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
