"""The encoder of a run as an embedder: found by what the run is made from, in any job."""

import json
import shlex

import pytest
import torch

from doppel.embedder import DoppelEmbedder
from scripts.runtime.compose import plan_of
from tests.conftest import TEST_CONF

HEARING = "experiment=test/hearing"


def metrics(outputs):
    (path,) = outputs.glob("runs/test/hearing/*/results.json")
    return json.loads(path.read_text())["metrics"]


def plan(outputs, *overrides):
    return plan_of("test/hearing", f"paths.outputs={outputs}", *overrides, also=[TEST_CONF])


def test_missing_gives_the_command_and_the_command_helps(run, outputs):
    asked = run(HEARING, "seed=3")
    assert asked.status == 1
    (error,) = asked.errors
    said = error.partition("; run: ")[2].partition(" [traceback")[0]
    words = shlex.split(said)
    assert "experiment=test/training" in words
    assert run(*words[3:]).status == 0
    assert run(HEARING, "seed=3").status == 0
    (file,) = outputs.glob("runs/test/training/*/encoder.safetensors")
    itself = DoppelEmbedder(file, device="cpu")
    expected = itself.embed(torch.full((1, 16000), 0.1), 16000.0)
    assert metrics(outputs) == {
        "dimension": 16.0, "sum": pytest.approx(float(expected.sum()), rel=1e-5)
    }  # fmt: skip
    (said,) = outputs.glob("runs/test/hearing/*/embedder.json")
    assert json.loads(said.read_text()) == {"identity": itself.identity, "licence": "CC0-1.0"}


def test_stand_ins_need_no_run(run, outputs):
    assert run(HEARING, "scale=smoke").status == 0
    assert metrics(outputs)["dimension"] == 128.0


def test_what_the_run_is_made_from_is_in_the_hash_and_paths_are_not(outputs, tmp_path):
    one = plan(outputs)
    assert plan(outputs, f"paths.cache={tmp_path}", "device=cpu").hash == one.hash
    overrides = 'job.embedder.source.overrides=["seed=0","job.width=2"]'
    assert plan(outputs, overrides).hash == one.hash
    other = 'job.embedder.source.overrides=["seed=0","job.width=3"]'
    assert plan(outputs, other).hash != one.hash
    assert plan(outputs, "job.embedder.hop_s=0.975").hash != one.hash
