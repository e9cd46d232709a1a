"""What a run ran on: versions, device, revision of the code, seconds."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from scripts.runtime.errors import ROOT

__all__ = ["describe", "git_revision"]

_PACKAGES = (
    "jax",
    "jaxlib",
    "flax",
    "numpy",
    "scipy",
    "torch",
    "evosax",
    "transformers",
    "soundfile",
    "soxr",
    "hydra-core",
    "omegaconf",
    "wandb",
)
_CODE = ("synth", "eval", "ctag", "doppel", "scripts", "conf", "pyproject.toml")


def describe(with_devices: bool) -> dict[str, Any]:
    """Versions, machine, devices and revision, as JSON values.

    Args:
        with_devices: ask the frameworks that are imported for their devices. That starts them, so
            not before the job has.
    """
    return {
        "python": platform.python_version(),
        "packages": _versions(),
        "machine": {
            "host": platform.node(),
            "system": platform.platform(),
            "processor": _processor(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0,
        },
        "devices": _devices() if with_devices else [],
        "git": git_revision(),
        "variables": {
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(("XLA_", "JAX_", "OMP_", "MALLOC_", "CUDA_VISIBLE", "SLURM_JOB_ID"))
        },
    }


@functools.cache
def git_revision() -> dict[str, Any] | None:
    """`{"revision": 40 hex digits, "dirty": bool}`, or None where there is no repository.

    Dirty is: the code or the configuration differs from the revision, new files included. Asked
    once: what a process has imported does not change with the files.
    """
    revision = _git("rev-parse", "HEAD")
    if revision is None:
        return None
    changes = _git("status", "--porcelain", "--", *_CODE)
    return {"revision": revision, "dirty": bool(changes)}


def _git(*arguments: str) -> str | None:
    """What git prints, or None where it fails or is not installed."""
    command = ["git", "--no-optional-locks", "-C", str(ROOT), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _versions() -> dict[str, str]:
    """The installed versions of the packages that numbers depend on."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _processor() -> str:
    """The processor's name, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _devices() -> list[str]:
    """The devices of the frameworks that this process uses, such as `jax: NVIDIA H200`."""
    devices: list[str] = []
    jax = sys.modules.get("jax")
    if jax is not None and hasattr(jax, "devices"):
        try:
            devices += [f"jax: {device.device_kind}" for device in jax.devices()]
        except RuntimeError as error:  # no memory left on the device, or no driver
            devices.append(f"jax: {' '.join(str(error).split())}")
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "cuda") and torch.cuda.is_initialized():
        count = torch.cuda.device_count()
        devices += [f"torch: {torch.cuda.get_device_name(index)}" for index in range(count)]
    return devices
