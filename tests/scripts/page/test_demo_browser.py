"""The demo's page, made by the real command at its smallest size, in a real Chromium."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import DESKTOP, PHONE, chromium, complaints, look

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    outputs = tmp_path_factory.mktemp("outputs")
    command = [sys.executable, "-m", "scripts.run", "experiment=ctag/demo", "scale=smoke"]
    done = subprocess.run(
        [*command, "tracker=disabled", f"paths.outputs={outputs}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return outputs / "demo" / "index.html"


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_demo_page(page, size):
    with chromium() as window:
        seen = look(window, page, size)
    assert complaints(seen) == []
    prompts = len(seen["audio"])
    assert prompts >= 6
    assert len(seen["images"]) >= prompts  # a spectrogram each
    assert len(seen["drawings"]) >= prompts  # the curve of the best score
    assert len(seen["tables"]) >= prompts  # the patch
    assert all(audio["duration"] > 0 for audio in seen["audio"])
