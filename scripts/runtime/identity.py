"""The hash that names a run: twelve hex digits of what decides its result.

What decides the result is the resolved `job` node (everything else in a configuration reaches the
job through it, or is an error), the seed, the scale and the kind of assets. Left out of the job,
at any depth: devices, workers, launchers, chunk sizes, how often something is saved or shown, and
arguments annotated as `OutputPath`. Arguments annotated as `Path` are input files or folders: they
enter by their content, so that a file may move, and a changed file is another run.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.harness.files import sha256
from scripts.runtime.check import KeyPath, Report

__all__ = ["content_hash", "is_decisive", "likeness", "run_hash"]

_NOT_DECISIVE = frozenset(
    {
        "device",
        "devices",
        "workers",
        "n_workers",
        "num_workers",
        "n_jobs",
        "launcher",
        "chunk",
        "chunks",
        "checkpoint_every",
        "log_every",
    }
)


def run_hash(
    experiment: str, job: Mapping[str, Any], report: Report, seed: int, scale: str, assets: str
) -> str:
    """The run's hash.

    Args:
        experiment: the experiment's name.
        job: the resolved `job` node, plain values.
        report: what `check_node` found in it: which values are inputs and outputs. Its key paths
            begin with "job".
        seed: the run's seed.
        scale: smoke, small or paper.
        assets: published or stand_in.

    Raises:
        OSError: an input is there and cannot be read.
    """
    inputs, outputs = set(report.inputs), set(report.outputs)
    identity = {
        "experiment": experiment,
        "job": _canonical(job, ("job",), inputs, outputs),
        "seed": seed,
        "scale": scale,
        "assets": assets,
    }
    text = json.dumps(identity, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def is_decisive(key: str) -> bool:
    """Whether a setting of this name can change a result."""
    return key not in _NOT_DECISIVE and not key.startswith("chunk_")


def _canonical(value: Any, path: KeyPath, inputs: set[KeyPath], outputs: set[KeyPath]) -> Any:
    """A value such that two spellings of the same setting become equal."""
    if path in inputs and isinstance(value, str):
        return {"content": content_hash(Path(value))} if os.path.exists(value) else value
    if isinstance(value, Mapping):
        return {
            str(key): _canonical(item, (*path, key), inputs, outputs)
            for key, item in value.items()
            if (*path, key) not in outputs and is_decisive(str(key))
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_canonical(item, (*path, i), inputs, outputs) for i, item in enumerate(value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def likeness(
    job: Mapping[str, Any], inputs: Sequence[KeyPath], outputs: Sequence[KeyPath]
) -> Any:
    """A job such that two of the same settings are equal, with the names of inputs for contents.

    For finding a published run on a machine that does not have its inputs, which the hash needs.

    Args:
        job: the resolved `job` node, plain values.
        inputs, outputs: key paths of input files and of outputs, beginning with "job".
    """
    named = _by_name(job, ("job",), frozenset(inputs))
    return _canonical(named, ("job",), set(), set(outputs))


def _by_name(value: Any, path: KeyPath, inputs: frozenset[KeyPath]) -> Any:
    """A value in which only the last part of an input's path is left."""
    if isinstance(value, Mapping):
        return {key: _by_name(item, (*path, key), inputs) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_by_name(item, (*path, index), inputs) for index, item in enumerate(value)]
    return Path(value).name if path in inputs and isinstance(value, str) else value


_seen: dict[tuple[str, int, int, int], str] = {}


def content_hash(path: Path) -> str:
    """The SHA-256 of a file, or of a folder's relative names and contents.

    A file that has not changed (size, time, inode) is read once a process.

    Raises:
        OSError: the file or a file in the folder cannot be read.
    """
    if path.is_dir():
        digest = hashlib.sha256()
        for item in sorted(path.rglob("*")):
            if item.is_file() and not any(
                part.startswith(".") for part in item.relative_to(path).parts
            ):
                digest.update(f"{item.relative_to(path).as_posix()}\0".encode())
                digest.update(content_hash(item).encode())
        return digest.hexdigest()
    state = path.stat()
    key = (str(path.resolve()), state.st_size, state.st_mtime_ns, state.st_ino)
    if key not in _seen:
        _seen[key] = sha256(path)
    return _seen[key]
