"""Finding runs by what their configuration says."""

from __future__ import annotations

import json
import math

import pytest
import yaml

from scripts.runtime.folders import RunFolder, find, finished


def make(root, name, config, metrics=None, experiment="a/b"):
    folder = root / experiment / name
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    if metrics is not None:
        (folder / "results.json").write_text(json.dumps({"metrics": metrics}))
    return folder


@pytest.fixture
def roots(tmp_path):
    runs, published = tmp_path / "runs", tmp_path / "published"
    for index, seed in enumerate((0, 1, 2)):
        config = {"seed": seed, "job": {"steps": 10 * seed, "layers": [{"size": seed}]}}
        make(runs, f"{index:012d}", config, {"loss": seed / 2})
    make(runs, "f" * 12, {"seed": 3, "job": {"steps": 0}})
    make(runs, "e" * 12, {"seed": 1, "job": {"steps": 10}}, {"loss": 9.0}, experiment="a/c")
    make(published, f"{1:012d}", {"seed": 1, "job": {"steps": 10}}, {"loss": 77.0})
    make(published, "d" * 12, {"seed": 1, "job": {"steps": 5}}, {"loss": None})
    return runs, published


def test_only_finished_runs_of_the_experiment_are_found_each_once(roots):
    found = find("a/b", None, *roots)
    assert sorted(run.config["seed"] for run in found) == [0, 1, 1, 2]


def test_selected_by_values(roots):
    (run,) = find("a/b", {"seed": 1, "job.steps": 10}, *roots)
    assert run.metrics == {"loss": 0.5}, "runs come before published copies"
    (run,) = find("a/b", {"job.layers.0.size": 2}, *roots)
    assert run.config["seed"] == 2
    assert find("a/b", {"job.nothing": 1}, *roots) == []
    assert find("a/x", None, *roots) == []


def test_null_is_nan(roots):
    (run,) = find("a/b", {"job.steps": 5}, *roots)
    assert math.isnan(run.metrics["loss"])


def test_finished_prefers_the_first_place(roots):
    runs, published = roots
    name = f"{1:012d}"
    found = finished(runs / "a/b" / name, published / "a/b" / name)
    assert found is not None
    assert found.path.parent.parent.parent == runs
    assert finished(runs / "a/b" / ("f" * 12)) is None


def test_damage_names_the_file(tmp_path):
    folder = make(tmp_path, "c" * 12, {"seed": 0})
    (folder / "results.json").write_text('{"metrics": {"loss": ')
    with pytest.raises(ValueError, match=r"results\.json is not JSON: line 1"):
        _ = RunFolder(folder).metrics


def test_a_value_that_is_not_there_is_a_key_error(roots):
    (run,) = find("a/b", {"seed": 2}, *roots)
    with pytest.raises(KeyError, match=r"job\.width"):
        run.value("job.width")
