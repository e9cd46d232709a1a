"""The machine that is measured: its device, its cores and the limits of one process."""

import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """Where cells run: cpu or gpu, cores, and the limits of one process.

    `memory_limit_bytes` None is nine tenths of what is available when a cell starts;
    `time_limit_s` is for the whole process: imports, compilation and the slowest peer's batches.
    """

    device: str
    threads: int
    memory_limit_bytes: int | None = None
    time_limit_s: float = 900.0


def detect_device() -> str:
    """`gpu` where JAX finds one, else `cpu`."""
    plugins = importlib.metadata.entry_points(group="jax_plugins")
    if not plugins and importlib.util.find_spec("jax_plugins") is None:
        return "cpu"
    return "gpu" if _ask_jax("jax.default_backend()") == "gpu" else "cpu"


def device_name(device: str) -> str:
    """What the processor (`cpu`) or the accelerator (`gpu`) calls itself."""
    if device == "gpu":
        return _ask_jax("jax.devices()[0].device_kind") or "a GPU"
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _ask_jax(expression: str) -> str:
    """The value of an expression, as text, from a process that ends at once; empty on failure.

    A process that has opened a GPU keeps some of its memory, and that would be measured.
    """
    answer = subprocess.run(
        [sys.executable, "-c", f"import jax; print({expression})"],
        capture_output=True,
        text=True,
        env=os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"},
        check=False,
    )
    return answer.stdout.strip()
