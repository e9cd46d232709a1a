"""Impulse responses: a folder of recordings, or decaying noise where there is none."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from eval.harness.audio import read

__all__ = ["impulse_responses"]

_SUFFIXES = frozenset((".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff"))
_N_SYNTHETIC = 32
_DECAYS_S = (0.2, 2.5)  # shortest and longest, until 60 dB are gone


@functools.lru_cache(maxsize=4)
def impulse_responses(
    folder: Path | None, sample_rate: float, n_samples: int
) -> Float32[np.ndarray, "n_responses n_samples"]:
    """Return impulse responses, cut or padded with zeros to one length.

    Args:
        folder: of audio files, at any depth, of any rate; channels are averaged. None: 32 that are
            made of decaying noise after a direct sound of the same energy, always the same.
        sample_rate: wanted, in Hz.
        n_samples: wanted.

    Raises:
        FileNotFoundError: there is no such folder, or no audio file in it.
        ValueError: a file cannot be read.
    """
    found = _synthetic(sample_rate) if folder is None else _recorded(folder, sample_rate)
    result = np.zeros((len(found), n_samples), np.float32)
    for row, response in zip(result, found, strict=True):
        row[: len(response)] = response[:n_samples]
    result.setflags(write=False)  # all callers share it
    return result


def _recorded(folder: Path, sample_rate: float) -> list[Float32[np.ndarray, " n_response"]]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not files:
        what = "no audio file in" if folder.is_dir() else "no folder"
        raise FileNotFoundError(
            f"impulse responses: {what} {folder.absolute()}; give a folder of "
            f"{', '.join(sorted(_SUFFIXES))}, or null for synthetic ones"
        )
    return [read(path, sample_rate)[0] for path in files]


def _synthetic(sample_rate: float) -> list[Float32[np.ndarray, " n_response"]]:
    rng = np.random.default_rng(0)
    made = []
    for decay_s in np.geomspace(*_DECAYS_S, _N_SYNTHETIC):
        seconds = np.arange(1, max(2, round(decay_s * sample_rate))) / sample_rate
        tail = rng.standard_normal(len(seconds)) * 10.0 ** (-3.0 * seconds / decay_s)
        made.append(np.concatenate([[1.0], tail / np.linalg.norm(tail)]).astype(np.float32))
    return made
