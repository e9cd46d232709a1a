"""What a run says about where it ran."""

from __future__ import annotations

import json
import platform
import subprocess

import jax
import numpy as np
import pytest

from scripts.runtime import environment
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def ask_anew():
    environment.git_revision.cache_clear()
    yield
    environment.git_revision.cache_clear()


def test_versions_and_devices():
    told = environment.describe(with_devices=True)
    assert told["python"] == platform.python_version()
    assert told["packages"]["jax"] == jax.__version__
    assert told["packages"]["numpy"] == np.__version__
    assert f"jax: {jax.devices()[0].device_kind}" in told["devices"]
    assert environment.describe(with_devices=False)["devices"] == []
    json.dumps(told, allow_nan=False)


def test_the_revision_is_gits():
    told = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if told.returncode:
        pytest.skip("not a git checkout")
    revision = environment.git_revision()
    assert revision is not None
    assert revision["revision"] == told.stdout.strip()


def test_new_and_changed_code_is_dirty(tmp_path, monkeypatch):
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    monkeypatch.setattr(environment, "ROOT", tmp_path)
    assert environment.git_revision() is None, "no repository"
    git("init")
    (tmp_path / "synth").mkdir()
    (tmp_path / "synth" / "a.py").write_text("a = 1\n")
    git("add", ".")
    git("-c", "user.name=x", "-c", "user.email=x@y", "commit", "-m", "first")

    def dirty() -> bool:
        environment.git_revision.cache_clear()
        told = environment.git_revision()
        assert told is not None
        return told["dirty"]

    assert not dirty()
    (tmp_path / "notes.txt").write_text("beside the code")
    assert not dirty()
    (tmp_path / "synth" / "b.py").write_text("b = 1\n")
    assert dirty()


def test_no_secrets_are_told(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "secret" * 7)
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    told = json.dumps(environment.describe(with_devices=False))
    assert "secret" not in told
    assert '"JAX_PLATFORMS": "cpu"' in told
