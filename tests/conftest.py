"""What all tests share: JAX on the CPU, nothing logged to a server, and the runner as a fixture."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

# Before anything imports JAX or wandb. Two devices that share the processor let tests spread a
# batch; what runs on one of them is bit for bit what it would be alone.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("WANDB_MODE", "offline")
_TWO_DEVICES = "--xla_force_host_platform_device_count=2"
if "device_count" not in os.environ.get("XLA_FLAGS", ""):
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_TWO_DEVICES}".strip()

ROOT = Path(__file__).resolve().parents[1]
TEST_CONF = ROOT / "tests" / "scripts" / "conf"


@dataclass(frozen=True)
class Finished:
    """A command that ended: its exit status, and the lines it wrote to standard error."""

    status: int
    lines: list[str]

    @property
    def errors(self) -> list[str]:
        """The lines that tell an error, without the word."""
        return [line.removeprefix("error: ") for line in self.lines if line.startswith("error: ")]


@pytest.fixture(scope="session", autouse=True)
def programs_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests ask for the same programs again and again, each through a search or a synth of its own.

    For this process alone: commands that tests start compile as they do for anybody.
    """
    import jax

    folder = tmp_path_factory.mktemp("compiled")
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


@pytest.fixture
def plain_environment() -> dict[str, str]:
    """The environment for a command as a person gives it: without the second device."""
    flags = os.environ.get("XLA_FLAGS", "").replace(_TWO_DEVICES, "").strip()
    return {**os.environ, "XLA_FLAGS": flags}


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """An empty folder in place of outputs/."""
    return tmp_path / "outputs"


@pytest.fixture
def arguments(outputs: Path) -> Callable[..., list[str]]:
    """The command line of a run on the real configuration and the tests' own experiments."""

    def make(*overrides: str) -> list[str]:
        own = [f"paths.outputs={outputs}", "tracker=disabled"]
        named = {override.split("=")[0] for override in overrides}
        own = [override for override in own if override.split("=")[0] not in named]
        return ["--config-dir", str(TEST_CONF), *own, *overrides]

    return make


@pytest.fixture
def run(
    arguments: Callable[..., list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Finished]:
    """Runs `python -m scripts.run OVERRIDES` in this process."""
    from scripts.runtime.main import main

    def call(*overrides: str) -> Finished:
        monkeypatch.setenv("HYDRA_FULL_ERROR", "")
        monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
        monkeypatch.setattr(sys, "argv", ["run.py", *arguments(*overrides)])
        monkeypatch.chdir(ROOT)
        capsys.readouterr()
        status = main()
        return Finished(status, capsys.readouterr().err.splitlines())

    return call


@pytest.fixture
def start(
    arguments: Callable[..., list[str]],
    plain_environment: dict[str, str],
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `python -m scripts.run OVERRIDES` as a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def call(*overrides: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.run", *arguments(*overrides)],
            cwd=ROOT,
            env=plain_environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        return process

    yield call
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
