"""Checkpoints that survive a kill at any moment, and hold no code.

A state is a nest of dicts, lists and tuples with arrays, numbers, strings, booleans and None at
the leaves. It becomes one `.npz` file: the arrays, and the nest as JSON beside them. Nothing is
ever unpickled. A save writes a new file, keeps the one before, and only then takes the name, so at
every moment a whole file is there; a file that was cut or damaged is recognised (every array
carries a CRC) and the one before is read instead.
"""

from __future__ import annotations

import json
import logging
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from eval.harness.files import replacing

__all__ = ["CheckpointError", "Checkpoints"]

log = logging.getLogger(__name__)

_FORMAT = 1
_TREE = "tree"
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError)


class CheckpointError(RuntimeError):
    """A checkpoint and the one before it are there, and neither can be read."""


class Checkpoints:
    """Named checkpoints in a folder.

    Args:
        folder: where the files lie; made at the first save.
        before_save: called before every save; the place to refuse one (a lock that was lost).
    """

    def __init__(
        self, folder: str | os.PathLike[str], before_save: Callable[[], None] | None = None
    ) -> None:
        self.folder = Path(folder)
        self._before_save = before_save
        self._known_whole: set[Path] = set()

    def save(self, name: str, state: Mapping[str, Any]) -> None:
        """Saves `state` under `name`; the checkpoint that was there becomes the one before.

        Arrays may be numpy, JAX or torch; they are read back as numpy.

        Raises:
            TypeError: a leaf that is neither an array nor a JSON value; nothing is written.
            OSError: the disk is full or the folder cannot be written; what was there stays.
        """
        if self._before_save is not None:
            self._before_save()
        arrays: dict[str, np.ndarray] = {}
        tree = {"format": _FORMAT, "state": _pack(dict(state), arrays, name)}
        path, before = self._paths(name)
        with replacing(path) as temporary:
            with open(temporary, "wb") as handle:
                np.savez(
                    handle,
                    allow_pickle=False,
                    **{_TREE: np.frombuffer(json.dumps(tree).encode(), np.uint8)},
                    **arrays,
                )
            if path in self._known_whole or (path.exists() and _is_whole(path)):
                os.replace(path, before)
        self._known_whole.add(path)

    def load(self, name: str) -> dict[str, Any] | None:
        """The newest state saved under `name` that can be read; None where there is none.

        Raises:
            CheckpointError: files are there and none can be read.
        """
        damaged: list[str] = []
        for path in self._paths(name):
            if not path.exists():
                continue
            try:
                state = _read(path)
            except _DAMAGE as error:
                damaged.append(f"{path} ({error})")
                continue
            if damaged:
                log.warning("%s is damaged: going on from the one before, %s", damaged[0], path)
            return state
        if damaged:
            raise CheckpointError(
                f"no checkpoint of {name!r} can be read: {'; '.join(damaged)}. "
                "Delete them to start from the beginning"
            )
        return None

    def names(self) -> list[str]:
        """The names under which something was saved, sorted."""
        if not self.folder.is_dir():
            return []
        stems = (path.stem for path in self.folder.glob("*.npz") if path.name[0] != ".")
        return sorted({stem.removesuffix(".before") for stem in stems})

    def clear(self) -> None:
        """Deletes every checkpoint of the folder."""
        if self.folder.is_dir():
            for path in self.folder.glob("*.npz"):
                path.unlink(missing_ok=True)

    def _paths(self, name: str) -> tuple[Path, Path]:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
            raise ValueError(
                f"checkpoint name {name!r}: only letters, digits, '-' and '_' are allowed"
            )
        return self.folder / f"{name}.npz", self.folder / f"{name}.before.npz"


def _read(path: Path) -> dict[str, Any]:
    """The state in one file; any damage raises one of `_DAMAGE`."""
    with open(path, "rb") as handle, np.load(handle, allow_pickle=False) as archive:
        tree = json.loads(archive[_TREE].tobytes())
        if tree["format"] != _FORMAT:
            raise ValueError(f"format {tree['format']} is not known, only {_FORMAT}")
        return _unpack(tree["state"], archive)


def _is_whole(path: Path) -> bool:
    """Whether the file's table of contents and every CRC in it are right."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except _DAMAGE:
        return False


def _pack(value: Any, arrays: dict[str, np.ndarray], where: str) -> Any:
    """The nest as JSON, with every array moved to `arrays` and named by its number."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"checkpoint {where}: the keys of a mapping must be strings")
        return {"map": {key: _pack(item, arrays, f"{where}.{key}") for key, item in value.items()}}
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_pack(item, arrays, f"{where}[{i}]") for i, item in enumerate(value)]}
    array = _as_numpy(value, where)
    label = f"a{len(arrays)}"
    if array.dtype.kind in "biufcUS" and array.dtype.isbuiltin != 2:
        arrays[label] = array
    else:  # bfloat16 and its like: numpy stores their bytes but forgets their name
        arrays[label] = array.view(np.dtype(f"u{array.dtype.itemsize}"))
    return {"array": label, "dtype": array.dtype.name}


def _unpack(node: Any, archive: Any) -> Any:
    """Undoes `_pack`."""
    if not isinstance(node, dict):
        return node
    if "map" in node:
        return {key: _unpack(item, archive) for key, item in node["map"].items()}
    if "list" in node:
        return [_unpack(item, archive) for item in node["list"]]
    if "tuple" in node:
        return tuple(_unpack(item, archive) for item in node["tuple"])
    array = archive[node["array"]]
    if array.dtype.name == node["dtype"]:
        return array
    import ml_dtypes

    return array.view(np.dtype(getattr(ml_dtypes, node["dtype"])))


def _as_numpy(value: Any, where: str) -> np.ndarray:
    """A numpy, JAX or torch array as numpy."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            import ml_dtypes
            import torch

            return value.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    if hasattr(value, "__array__"):
        try:
            array = np.asarray(value)
        except TypeError as error:
            raise TypeError(
                f"checkpoint {where}: this array has no numpy form; of a typed random key save "
                "jax.random.key_data(key)"
            ) from error
        if array.dtype != object:
            return array
    raise TypeError(
        f"checkpoint {where}: a {type(value).__name__} cannot be saved; "
        "allowed are arrays, numbers, strings, booleans, None, and dicts, lists and tuples of them"
    )
