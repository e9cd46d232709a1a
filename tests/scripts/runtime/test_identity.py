"""The hash that names a run: equal for what means the same, different for what does not."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest

from scripts.runtime.check import Report
from scripts.runtime.identity import content_hash, run_hash
from tests.conftest import ROOT

JOB = {"_target_": "a.B", "steps": 3, "rate": 0.5, "layers": [1, 2], "nested": {"x": None}}


def name(job=JOB, report=None, seed=0, scale="small", assets="published") -> str:
    return run_hash("a/b", job, report or Report(), seed, scale, assets)


def test_it_is_the_first_twelve_digits_of_a_sha256_of_plain_json():
    """Worked out from the definition: other tools can find a run by its settings."""
    identity = {
        "experiment": "a/b",
        "job": JOB,
        "seed": 0,
        "scale": "small",
        "assets": "published",
    }
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    assert name() == hashlib.sha256(text.encode()).hexdigest()[:12]


def test_it_does_not_depend_on_order_or_spelling():
    turned = dict(reversed(JOB.items()))
    assert name(turned) == name()
    assert name({**JOB, "steps": 3.0}) == name()
    assert name({**JOB, "layers": (1, 2)}) == name()


@pytest.mark.parametrize("key", ["device", "workers", "num_workers", "chunk_size", "log_every"])
def test_what_changes_no_result_is_left_out_at_any_depth(key):
    assert name({**JOB, key: 1, "nested": {"x": None, key: 2}}) == name()


@pytest.mark.parametrize(
    "change",
    [
        {"job": {**JOB, "steps": 4}},
        {"job": {**JOB, "rate": 0.5000000000000001}},
        {"job": {**JOB, "steps": "3"}},
        {"job": {**JOB, "rate": "0.5"}},
        {"job": {**JOB, "steps": True}},
        {"job": {**JOB, "nested": {}}},
        {"job": {**JOB, "layers": [2, 1]}},
        {"job": {**JOB, "_target_": "a.C"}},
        {"seed": 1},
        {"scale": "paper"},
        {"assets": "stand_in"},
    ],
    ids=str,
)
def test_what_changes_the_result_changes_it(change):
    assert name(**change) != name()


def test_true_is_not_one():
    assert name({**JOB, "steps": True}) != name({**JOB, "steps": 1})


def test_it_is_the_same_in_another_process_with_another_hash_seed():
    script = (
        "from scripts.runtime.identity import run_hash; from scripts.runtime.check import Report;"
        f"print(run_hash('a/b', {JOB!r}, Report(), 0, 'small', 'published'))"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout.strip() == name()


def test_an_input_enters_by_content_and_an_output_not_at_all(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"same")
    second.write_bytes(b"same")
    report = Report(inputs=[("job", "data")], outputs=[("job", "page")])
    one = name({**JOB, "data": str(first), "page": "x"}, report)
    assert name({**JOB, "data": str(second), "page": "y"}, report) == one
    second.write_bytes(b"other")
    assert name({**JOB, "data": str(second), "page": "x"}, report) != one


def test_the_content_of_a_file_is_its_sha256(tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(os.urandom(100_000))
    told = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)
    assert content_hash(path) == told.stdout.split()[0]


def test_a_folder_is_its_names_and_contents(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder / "sub").mkdir(parents=True)
        (tmp_path / folder / "x").write_bytes(b"1")
        (tmp_path / folder / "sub" / "y").write_bytes(b"2")
    same = content_hash(tmp_path / "a")
    assert content_hash(tmp_path / "b") == same
    (tmp_path / "b" / ".cache").write_bytes(b"hidden files do not count")
    assert content_hash(tmp_path / "b") == same
    (tmp_path / "b" / "sub" / "y").rename(tmp_path / "b" / "sub" / "z")
    assert content_hash(tmp_path / "b") != same
