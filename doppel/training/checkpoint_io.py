"""Lightning's checkpoints, written whole or not at all, and read without running anything."""

from __future__ import annotations

import logging
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from lightning.fabric.plugins.io.checkpoint_io import CheckpointIO

from eval.harness.checkpoints import CheckpointError
from eval.harness.files import replacing

__all__ = ["AtomicCheckpoints", "newest"]

log = logging.getLogger(__name__)

_DAMAGE = (OSError, EOFError, RuntimeError, UnpicklingError, zipfile.BadZipFile, KeyError)


class AtomicCheckpoints(CheckpointIO):
    """One file and the one before it.

    Args:
        before_save: called before every save; the place to refuse one (a lock that was lost).
    """

    def __init__(self, before_save: Callable[[], None] | None = None) -> None:
        self._before_save = before_save

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """Save; what was there becomes the one before.

        Raises:
            OSError: the disk is full or the folder cannot be written; what was there stays.
        """
        if self._before_save is not None:
            self._before_save()
        path = Path(path)
        with replacing(path) as temporary:
            torch.save(checkpoint, temporary)
            if path.exists():
                os.replace(path, _before(path))

    def load_checkpoint(
        self,
        path: str | os.PathLike[str],
        map_location: Any = None,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Load tensors and plain values, nothing else.

        Raises:
            CheckpointError: it cannot be read.
        """
        try:
            return torch.load(path, map_location=map_location or "cpu", weights_only=True)
        except _DAMAGE as error:
            raise CheckpointError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error

    def remove_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Delete it and the one before."""
        Path(path).unlink(missing_ok=True)
        _before(Path(path)).unlink(missing_ok=True)


def newest(path: Path) -> Path | None:
    """The checkpoint to go on from: the file, else the one before it; None where there is none.

    Raises:
        CheckpointError: files are there and none can be read.
    """
    damaged = []
    for candidate in (path, _before(path)):
        if not candidate.exists():
            continue
        try:
            AtomicCheckpoints().load_checkpoint(candidate)
        except CheckpointError as error:
            damaged.append(str(error))
            continue
        if damaged:
            log.warning("%s; going on from the one before, %s", damaged[0], candidate)
        return candidate
    if damaged:
        raise CheckpointError(f"{'; '.join(damaged)}. Delete them to start from the beginning")
    return None


def _before(path: Path) -> Path:
    return path.with_name(f"{path.stem}.before{path.suffix}")
