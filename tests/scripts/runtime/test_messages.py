"""A wrong configuration is one line that opens with the key's path, and nothing is started."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

from tests.conftest import ROOT

COUNT = "experiment=test/count"


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        ([COUNT, "job.stps=3"], "job.stps: the configuration has no such key; did you mean"),
        ([COUNT, "sede=3"], "sede: the configuration has no such key; did you mean 'seed'"),
        ([COUNT, "+colour=red"], "colour: nothing reads this key (no ${colour} anywhere)"),
        ([COUNT, "sample_rate=8000"], "sample_rate: nothing reads this key"),
        (["experiment=test/rate", "sample_rate=9000"], "sample_rate: nothing reads this key"),
        ([COUNT, "+job.colour=red"], "job.colour: tests.scripts.counting.Count has no argument"),
        (["experiment=test/typo"], "job.stps: tests.scripts.counting.Count has no argument 'stp"),
        ([COUNT, "job.steps=many"], "job.steps: 'many' is not a whole number"),
        ([COUNT, "job.steps=2.5"], "job.steps: 2.5 is not a whole number"),
        ([COUNT, "job.steps=true"], "job.steps: True is not a whole number"),
        ([COUNT, "job.steps=null"], "job.steps: null is not a whole number"),
        ([COUNT, "~job.steps"], "job.steps: tests.scripts.counting.Count needs it"),
        ([COUNT, "job.kind=odd"], "job.kind: 'odd' is not one of 'plain', 'fancy'"),
        ([COUNT, "job.rates=[1,two]"], "job.rates[1]: 'two' is not a number"),
        ([COUNT, "job.rates=3"], "job.rates: 3 is not a list of (a number)"),
        ([COUNT, "job.source=/no/such.wav"], "job.source: there is no file or folder '/no"),
        ([COUNT, "job._target_=tests.scripts.counting.Cuont"], "job._target_: tests.scripts"),
        ([COUNT, "job._target_=nowhere.Job"], "job._target_: there is no module 'nowhere'"),
        ([COUNT, "job.steps=???"], "job.steps: not set (???); give it on the command line: job.st"),
        ([COUNT, "job.steps=${nothing}"], "job.steps: Interpolation key 'nothing' not found"),
        ([COUNT, "scale=huge"], "scale: 'huge' is not one of 'smoke', 'small', 'paper'"),
        ([COUNT, "seed=one"], "seed: 'one' is not a whole number"),
        ([COUNT, "assets=real"], "assets: 'real' is not one of 'published', 'stand_in'"),
        ([COUNT, "tracker.mode=on"], "tracker.mode: 'on' is not one of"),
        ([COUNT, "+sizes.tiny.steps=1"], "sizes.tiny: not a scale; allowed are smoke"),
        ([COUNT, "~sizes.paper"], "sizes: no sizes for scale 'paper'"),
        ([COUNT, "tracker=ofline"], "tracker: there is no choice 'ofline'; did you mean '"),
        ([COUNT, "tracker=x"], "tracker: there is no choice 'x'; there are auto, disabled"),
        ([COUNT, "seed"], "seed: cannot be read as key=value"),
        (["experiment=test/asks", "job.kind=plain"], "target: not set (???); give it on the comm"),
        (["experiment=synth/sped"], "experiment: there is no conf/experiment/synth/sped.yaml; did"),
        ([], "experiment: not set; give experiment=NAME, one of: "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_mistake_is_one_line(run, outputs, overrides, line):
    failed = run(*overrides)
    assert failed.status == 1
    assert failed.errors[0].startswith(line), failed.lines
    assert len(failed.lines) == len(failed.errors), "nothing but errors"
    assert not (outputs / "runs").exists()


def test_several_mistakes_are_a_line_each(run):
    failed = run(COUNT, "job.steps=x", "job.kind=odd")
    assert [line.split(":")[0] for line in failed.errors] == ["job.steps", "job.kind"]


@pytest.mark.parametrize(
    ("weight", "line"),
    [
        ("{_target_: tests.scripts.counting.Constant, factor: 2}", None),
        ("{_target_: tests.scripts.counting.Constant, factor: [2]}", "job.weight.factor: [2] is"),
        ("{_target_: tests.scripts.counting.Constant, fctor: 2}", "job.weight.fctor: tests"),
        ("{_target_: tests.scripts.counting.Stranger}", "job.weight: tests.scripts.counting.Stran"),
        ("{factor: 2}", "job.weight: {'factor': 2} is not a tests.scripts.counting.Weight"),
        ("heavy", "job.weight: 'heavy' is not a tests.scripts.counting.Weight (a node with a _tar"),
    ],
)  # fmt: skip
def test_nested_targets_are_checked(run, weight, line):
    done = run(COUNT, "scale=smoke", f"+job.weight={weight}")
    if line is None:
        assert done.status == 0, done.lines
    else:
        assert done.status == 1
        assert done.errors[0].startswith(line)


def test_a_mistake_in_one_cell_starts_nothing(run, outputs):
    failed = run("experiment=test/grid", "scale=smoke", "job.kind=plain,odd")
    assert failed.errors == ["job.kind: 'odd' is not one of 'plain', 'fancy'"]
    assert not (outputs / "runs").exists()


def test_smoke_overrides_fill_what_is_missing_and_only_that(run, outputs):
    done = run("experiment=test/asks", "scale=smoke", "job.kind=plain")
    assert done.status == 0, done.lines
    (path,) = outputs.glob("runs/test/asks/*/config.yaml")
    config = yaml.safe_load(path.read_text())
    assert config["target"] == config["job"]["source"] == "tests/scripts/counting.py"
    assert config["job"]["kind"] == "plain"


def test_the_command_itself_exits_with_one_line():
    done = subprocess.run(
        [sys.executable, "-m", "scripts.run", "experiment=synth/sped"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "did you mean" in done.stderr
