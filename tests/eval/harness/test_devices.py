"""The choice of a device, in fresh processes: it is made once a process."""

from __future__ import annotations

import subprocess
import sys

import pytest

from eval.harness.devices import torch_device
from tests.conftest import ROOT


def told(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    variables = {name: value for name, value in environment.items() if name != "JAX_PLATFORMS"}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("first", ["", "import jax\n"], ids=["before JAX", "after JAX"])
def test_cpu_is_the_cpu(plain_environment, first):
    script = f"{first}from eval.harness.devices import choose; choose('cpu')\n"
    script += "import jax; print({device.platform for device in jax.devices()})"
    done = told(script, plain_environment)
    assert done.stdout.strip() == "{'cpu'}", done.stderr


def test_a_gpu_that_is_not_there_is_said(plain_environment):
    script = "from eval.harness.devices import choose\nchoose('gpu')"
    done = told(script, {**plain_environment, "CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 1
    assert "device=gpu, but JAX finds no GPU: install its plug-in" in done.stderr


def test_torch_follows(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert torch_device("auto").type == torch_device("cpu").type == "cpu"
    with pytest.raises(RuntimeError, match="PyTorch finds no GPU"):
        torch_device("gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert torch_device("auto").type == torch_device("gpu").type == "cuda"
    assert torch_device("cpu").type == "cpu"
