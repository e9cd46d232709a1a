"""Recordings in memory as long as they fit: decoded once, dropped when others were asked for later.

A file that cannot be read is skipped, named once in the log and counted; where more than a
hundredth of all files are such, something is wrong with the set and training stops.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float32

__all__ = ["Recordings"]

log = logging.getLogger(__name__)

_MOST_UNREADABLE = 0.01

Wave = Float32[np.ndarray, " n_samples"]


class Recordings:
    """Waves by number; may be asked by several threads at once.

    Args:
        names: of the recordings.
        read: gives a recording by its name, mono and at the rate that is wanted; raises OSError or
            ValueError where it cannot be read.
        cache_bytes: how much of decoded sound is kept.
    """

    def __init__(
        self, names: Sequence[str], read: Callable[[str], Wave], cache_bytes: int = 2**30
    ) -> None:
        self.names = tuple(names)
        self._read = read
        self._room = cache_bytes
        self._kept: OrderedDict[int, Wave] = OrderedDict()
        self._kept_bytes = 0
        self._unreadable: dict[int, str] = {}
        self._lock = threading.Lock()

    @property
    def unreadable(self) -> dict[str, str]:
        """Those that could not be read so far, with the reasons."""
        return {self.names[number]: reason for number, reason in self._unreadable.items()}

    def wave(self, numbers: Sequence[int] | np.ndarray, first: int) -> Wave:
        """The wave of `numbers[first]`, or of the next of those numbers that can be read.

        Which one that is depends on the files alone, not on what was asked for before.

        Returns:
            (n_samples,), at least one sample; not to be written to.

        Raises:
            OSError: more than a hundredth of all recordings cannot be read.
        """
        for shift in range(len(numbers)):
            wave = self._of(int(numbers[(first + shift) % len(numbers)]))
            if wave is not None:
                return wave
        raise OSError(f"none of {len(numbers)} recordings can be read, such as {self._some()}")

    def _of(self, number: int) -> Wave | None:
        with self._lock:
            if number in self._unreadable:
                return None
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        try:
            wave = np.ascontiguousarray(self._read(self.names[number]), np.float32)
        except (OSError, ValueError) as error:
            self._note(number, str(error))
            return None
        wave.setflags(write=False)
        with self._lock:
            self._keep(number, wave)
        return wave

    def _keep(self, number: int, wave: Wave) -> None:
        if number in self._kept or wave.nbytes > self._room:
            return
        self._kept[number] = wave
        self._kept_bytes += wave.nbytes
        while self._kept_bytes > self._room:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= dropped.nbytes

    def _note(self, number: int, reason: str) -> None:
        with self._lock:
            known = number in self._unreadable
            self._unreadable[number] = reason
            count, total = len(self._unreadable), len(self.names)
        if not known:
            log.warning(
                "skipped, %d of %d so far: %s: %s", count, total, self.names[number], reason
            )
        if count > _MOST_UNREADABLE * total:
            raise OSError(
                f"{count} of {total} recordings cannot be read, which is more than 1 %, such as "
                f"{self._some()}. Remove or replace them"
            )

    def _some(self) -> str:
        return "; ".join(
            f"{self.names[number]} ({reason})"
            for number, reason in list(self._unreadable.items())[:3]
        )
