"""A run that needs another finds it by what it was made from."""

from __future__ import annotations

import json
import shlex

import pytest

from scripts.runtime.compose import plan_of
from scripts.runtime.errors import UserError
from scripts.runtime.source import Source, command
from tests.conftest import TEST_CONF

ASK = "experiment=test/asking"


def total(outputs, experiment, name):
    (path,) = outputs.glob(f"runs/{experiment}/*/results.json")
    return json.loads(path.read_text())["metrics"][name]


def plan(outputs, *overrides):
    return plan_of("test/asking", f"paths.outputs={outputs}", *overrides, also=[TEST_CONF])


def test_missing_gives_the_command_and_the_command_helps(run, outputs):
    asked = run(ASK, 'job.source.overrides=["job.steps=2","seed=7"]')
    assert asked.status == 1
    (error,) = asked.errors
    assert "test/count" in error
    assert "has not been run (looked in" in error
    said = error.partition("; run: ")[2].partition(" [traceback")[0]
    words = shlex.split(said)
    assert words[:3] == ["python", "-m", "scripts.run"]
    assert run(*words[3:]).status == 0, "the tests' own folder of experiments is on its own"
    done = run(ASK, 'job.source.overrides=["job.steps=2","seed=7"]')
    assert done.status == 0, done.lines
    count = total(outputs, "test/count", "total")
    assert total(outputs, "test/asking", "product") == 2 * count


def test_scale_assets_and_seed_of_the_source(run, outputs):
    assert run("experiment=test/count", "scale=smoke", "seed=4").status == 0
    assert run(ASK, "scale=smoke", "seed=4").status == 0
    assert run(ASK, "scale=smoke", "seed=5").status == 1


def test_the_source_decides_the_hash_by_its_run(outputs):
    one = plan(outputs)
    reordered = 'job.source.overrides=["seed=0","job.steps=20"]'
    assert plan(outputs, reordered).hash == one.hash
    without = 'job.source.overrides=["job.steps=20","workers=3"]'
    assert plan(outputs, without).hash == one.hash, "workers do not change a result"
    hashes = {plan(outputs, f'job.source.overrides=["job.steps={n}"]').hash for n in (1, 2, 20)}
    assert len(hashes) == 3
    assert one.hash in hashes


def test_the_published_copy_serves_where_it_has_the_files(run, outputs):
    assert run("experiment=test/count", "job.steps=20").status == 0
    (outputs / "published").mkdir()
    (outputs / "runs").rename(outputs / "published" / "runs")
    assert run(ASK).status == 0
    asked = run(ASK, "job.file=checkpoints/last.npz")
    (error,) = asked.errors
    assert "is without checkpoints/last.npz" in error
    assert "rerun=true" in error


def test_one_that_has_not_ended_is_said_to_be_so(outputs):
    asking = plan(outputs).config
    source = Source("synth/recover", ("seed=3",))
    source.plan(asking).folder.mkdir(parents=True)
    with pytest.raises(UserError, match=r"was begun and has not ended .* run: python -m scripts"):
        source.folder(asking)


def test_the_command_says_what_is_not_the_default(outputs):
    config = {"scale": "paper", "assets": "published", "paths": {"outputs": "outputs"}}
    made = Source("synth/recover", ("seed=3", "job.chunk_steps=7")).plan(config)
    said = "experiment=synth/recover scale=paper seed=3 job.chunk_steps=7"
    assert command(made, ("seed=3", "job.chunk_steps=7")) == f"python -m scripts.run {said}"
    config = {"scale": "smoke", "assets": "published", "paths": {"outputs": "a b"}}
    made = Source("synth/recover").plan(config)
    said = "experiment=synth/recover scale=smoke assets=published 'paths.outputs=a b'"
    assert command(made) == f"python -m scripts.run {said}"
    assert made.folder.parts[:2] == ("a b", "runs")


def test_the_command_of_a_cell_does_not_run_the_grid(outputs, run):
    made = plan_of("test/grid", f"paths.outputs={outputs}", "seed=1", also=[TEST_CONF])
    words = shlex.split(command(made, ("seed=1",)))[3:]
    assert run(*words).status == 0
    assert [path.name for path in outputs.glob("runs/test/grid/*")] == [made.hash]


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ("job.source.experiment=test/asking_itself", "names itself"),
        ("job.source.experiment=test/cuont", "there is no conf/experiment/test/cuont.yaml"),
        ('job.source.overrides=["job.stps=2"]', "job.stps"),
        ("job.source.overrides=3", "job.source.overrides"),
    ],
)
def test_a_wrong_source_is_one_line_with_its_path(run, overrides, said):
    more = [] if "experiment" not in overrides else ["job.source.overrides=[]"]
    asked = run(ASK, overrides, *more)
    assert asked.status == 1
    (error,) = asked.errors
    assert said in error
    assert error.startswith("job.source")


def test_an_experiment_may_set_what_its_choices_do_not_read(outputs):
    one, other = (
        plan_of(name, f"paths.outputs={outputs}", also=[TEST_CONF])
        for name in ("test/rate", "test/count")
    )
    assert (one.config["sample_rate"], other.config["sample_rate"]) == (8000, 44100)
