"""Finished runs as a data frame, from folders written here."""

from __future__ import annotations

import json
import math

import pytest
import yaml

from scripts.results import experiments_in, load, main
from scripts.runtime.errors import UserError


def make(outputs, name, job, metrics, experiment="eval/probe", place="runs", **stamps):
    """A run folder as the runner leaves it."""
    folder = outputs / place / experiment / name
    folder.mkdir(parents=True)
    told = {"scale": "small", "assets": "published", "seed": 0, **stamps}
    config = {"experiment": experiment, **told, "job": job, "paths": {"outputs": "outputs"}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    results = {"experiment": experiment, "hash": name, **told, "metrics": metrics}
    (folder / "results.json").write_text(json.dumps(results))
    environment = {"seconds": 1.5, "git": {"revision": "abc", "dirty": False}}
    (folder / "environment.json").write_text(json.dumps(environment))
    return folder


@pytest.fixture
def made(outputs):
    for index, task in enumerate(("esc10", "fsdd", "fsdd")):
        job = {"task": {"name": task}, "rates": [1, 2], "by": {2: index}, "score": "macro"}
        make(outputs, f"{index:012d}", job, {"score": index / 4, "job.score": 1.0}, seed=index)
    job = {"task": {"name": "esc10"}, "rates": [1, 2], "by": {2: 9}}
    make(outputs, f"{0:012d}", job, {"score": 77.0}, place="published/runs")
    make(outputs, "d" * 12, job, {"score": None}, place="published/runs", seed=5)
    make(outputs, "e" * 12, job, {"loss": 1.0}, experiment="eval/fad")
    make(outputs, "f" * 12, job, {"deep": 1.0}, experiment="a/b/c")
    return outputs


def test_one_row_a_run_from_both_places_each_hash_once(made):
    frame = load("eval/probe", made)
    assert sorted(frame["seed"]) == [0, 1, 2, 5]
    assert list(frame["score"].head(3)) == [0.0, 0.25, 0.5], "made here before published"
    assert math.isnan(frame.set_index("seed").loc[5, "score"])
    row = frame.set_index("seed").loc[1]
    assert (row["job.task.name"], row["job.rates"], row["job.by.2"]) == ("fsdd", (1, 2), 1)
    assert (row["revision"], row["seconds"], row["assets"]) == ("abc", 1.5, "published")
    assert (row["job.score"], row["metrics.job.score"]) == ("macro", 1.0)
    assert not [name for name in frame if name.startswith("paths")]


@pytest.mark.parametrize(
    ("select", "seeds"),
    [
        ({"job.task.name": "fsdd"}, [1, 2]),
        ({"job.task.name": "fsdd", "seed": 2}, [2]),
        ({"job.by.2": 0}, [0]),
        ({"job.rates": [1, 2], "job.by.2": 9}, [5]),
        ({"seed": 9}, []),
    ],
)
def test_selected_by_configuration(made, select, seeds):
    assert sorted(load("eval/probe", made, **select)["seed"]) == seeds


def test_a_misspelt_key_is_an_error(made):
    with pytest.raises(UserError, match=r"job\.task\.nam=.*did you mean job\.task\.name"):
        load("eval/probe", made, **{"job.task.nam": "fsdd"})


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("results.json", '{"metrics": {'),
        ("results.json", "[]"),
        ("results.json", '{"experiment": "eval/probe"}'),
        ("config.yaml", "a: [1"),
        ("config.yaml", None),
        ("config.yaml", "- 1"),
    ],
)
def test_damage_is_named_and_the_others_are_there(made, capsys, file, content):
    damaged = made / "runs/eval/probe" / f"{1:012d}" / file
    damaged.write_text(content) if content else damaged.unlink()
    frame = load("eval/probe", made)
    assert sorted(frame["seed"]) == [0, 2, 5]
    (line,) = frame.attrs["damaged"]
    assert line.startswith(str(damaged.parent))
    assert main(["eval/probe", "--outputs", str(made)]) == 1
    assert str(damaged.parent) in capsys.readouterr().err


def test_no_runs_is_an_empty_frame(outputs):
    frame = load("eval/probe", outputs)
    assert frame.empty
    assert "hash" in frame.columns


def test_experiments_have_names_of_any_depth(made, capsys):
    assert experiments_in(made) == ["a/b/c", "eval/fad", "eval/probe"]
    assert main(["--outputs", str(made)]) == 0
    assert "eval/probe  4" in capsys.readouterr().out


def test_the_command_prints_and_writes(made, tmp_path, capsys):
    path = tmp_path / "table.csv"
    said = ["--select", "job.task.name=fsdd", "--csv", str(path), "--outputs", str(made)]
    assert main(["eval/probe", *said, "--columns", "seed", "sco*"]) == 0
    assert capsys.readouterr().out.split() == ["seed", "score", "1", "0.25", "2", "0.50"]
    header, *rows = path.read_text().splitlines()
    assert header.startswith("hash,experiment,scale")
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--select", "seed"], "write KEY=VALUE"),
        (["--columns", "scor"], "did you mean score"),
        (["--select", "seed=99"], "no finished run of eval/probe"),
    ],
)
def test_what_is_asked_wrongly_is_said(made, capsys, words, said):
    assert main(["eval/probe", "--outputs", str(made), *words]) == 1
    assert said in capsys.readouterr().err
