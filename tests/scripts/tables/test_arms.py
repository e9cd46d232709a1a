"""Figure 7: what is run is compared in pairs, what is not is marked, and the verdict follows."""

import csv

import numpy as np
import pytest
import yaml

from scripts.runtime.compose import plan_of
from scripts.tables.__main__ import main
from scripts.tables.arms import read_arms
from tests.conftest import TEST_CONF
from tests.scripts.test_results import make

NAME = "count-figure7"
TABLE = {
    "kind": "arms",
    "title": "Ways to count",
    "number": "thesis Figure 99",
    "text": "The paper's best is plain.",
    "experiment": "test/count",
    "corner": "way",
    "best": "plain",
    "overrides": {"smoke": [], "small": [], "paper": ["job.steps=9"]},
    "seeds": {"smoke": [0], "small": [0, 1], "paper": [0, 1, 2]},
    "arms": [
        {"key": "fancy", "title": "Fancy", "overrides": ["job.kind=fancy"]},
        {"key": "plain", "title": "Plain", "overrides": ["job.kind=plain"]},
        {"key": "slow", "title": "Slow", "overrides": ["job.steps=8"]},
    ],
}


@pytest.fixture
def built(outputs, tmp_path, capsys):
    """The command on the definition above; gives its output and the CSV by arm and quantity."""

    def call(scale="small"):
        folder = tmp_path / "definitions"
        folder.mkdir(exist_ok=True)
        (folder / f"{NAME}.yaml").write_text(yaml.safe_dump(TABLE))
        own = ["--outputs", str(outputs), "--definitions", str(folder)]
        assert main([NAME, "--scale", scale, *own, "--config-dir", str(TEST_CONF)]) == 0
        with (outputs / "tables" / NAME / scale / "table.csv").open(newline="") as file:
            lines = {(line["arm"], line["quantity"]): line for line in csv.DictReader(file)}
        return capsys.readouterr().out, lines

    return call


def ran(outputs, overrides, scores, ranks=(1, 30), prompts=("dog", "rain")):
    """A run as the job leaves it, with two generations that end at the scores."""
    where = f"paths.outputs='{outputs}'"
    plan = plan_of("test/count", where, *overrides, also=[TEST_CONF])
    stamps = {"seed": plan.config["seed"], "scale": plan.config["scale"]}
    folder = make(outputs, plan.hash, plan.job, {}, experiment="test/count", **stamps)
    table = [f"{p},{s},{r},{r},Dog" for p, s, r in zip(prompts, scores, ranks, strict=True)]
    head = "prompt,score,class/rank,class/rank_among_prompts,class/heard_as"
    (folder / "scores.csv").write_text("\n".join([head, *table]) + "\n")
    steps = [
        f"{p},{g},{s - 1 + g / 2}" for p, s in zip(prompts, scores, strict=True) for g in (1, 2)
    ]
    (folder / "history.csv").write_text("\n".join(["prompt,generation,best", *steps]) + "\n")


def test_nothing_run_is_marked(built):
    said, lines = built()
    assert "| Plain | not run |" in said
    assert "6 runs are missing" in said
    assert "holds 0" not in said
    assert all(line["value"] == "" for line in lines.values())


def test_means_pairs_wins_and_ranks(built, outputs):
    for seed, (fancy, plain) in enumerate(([(1, 2), (4, 4)], [(2, 1), (5, 5)])):
        ran(outputs, ["job.kind=fancy", f"seed={seed}"], fancy)
        ran(outputs, ["job.kind=plain", f"seed={seed}"], plain, ranks=(1, 5))
    said, lines = built()
    assert float(lines["Fancy", "score"]["value"]) == 1.5
    pairs = lines["Fancy", "less Plain, in pairs"]
    assert float(pairs["value"]) == -3.0
    # The four differences are -3, -2, -3 and -4 (by prompt: -3, -2; -3, -4).
    assert -4 <= float(pairs["low"]) < -3 < float(pairs["high"]) <= -2
    assert float(lines["Plain", "best for prompts"]["value"]) == 2
    assert float(lines["Fancy", "median rank"]["value"]) == 15.5
    assert float(lines["Fancy", "class among first 10"]["value"]) == 0.5
    assert float(lines["Plain", "accuracy among the prompts"]["value"]) == 0.5
    assert "Plain, is the best here too, by 3.000 [" in said
    assert "| Slow | not run | not run |" in said
    assert "None of ours was run at paper scale" in said
    assert (outputs / "tables" / NAME / "small" / "figure.png").stat().st_size > 10_000


def test_a_share_of_all_has_wilsons_interval(built, outputs):
    ran(outputs, ["job.kind=plain"], (1, 2), ranks=(1, 1))
    line = built()[1]["Plain", "accuracy among the prompts"]
    # Wilson (1927) at n = 2 successes of 2: n / (n + z^2) with z = 1.959964.
    assert float(line["low"]) == pytest.approx(2 / (2 + 1.959964**2), abs=1e-5)
    assert float(line["high"]) == 1.0


def test_another_best_and_no_sure_difference_are_said(built, outputs):
    ran(outputs, ["job.kind=plain"], (1, 1))
    ran(outputs, ["job.kind=fancy"], (2, 0))
    said, _ = built()
    assert "holds 0: no difference for sure" in said
    assert "Seeds that are there of 2: Fancy 1, Plain 1." in said
    ran(outputs, ["job.steps=8"], (3, 4))
    assert "is not the best here: Slow is, by 2.500 [2.000, 3.000]" in built()[0]


def test_runs_of_other_prompts_and_damaged_ones_are_problems(built, outputs):
    ran(outputs, ["job.kind=fancy"], (1, 2))
    ran(outputs, ["job.kind=plain"], (1, 2), prompts=("dog", "cat"))
    for table in outputs.rglob("scores.csv"):
        if "cat" in table.read_text():
            table.with_name("history.csv").unlink()
    said, lines = built()
    assert "Problems: " in said
    assert lines["Plain", "score"]["value"] == ""
    assert np.isfinite(float(lines["Fancy", "score"]["value"]))


def test_cells_depend_on_the_scale(tmp_path):
    path = tmp_path / f"{NAME}.yaml"
    path.write_text(yaml.safe_dump(TABLE))
    table = read_arms(path)
    assert len(list(table.all_cells("paper"))) == 9
    assert next(table.all_cells("paper")).overrides == ("job.steps=9", "job.kind=fancy")
    path.write_text(yaml.safe_dump({**TABLE, "best": "none"}))
    with pytest.raises(ValueError, match="best one of them"):
        read_arms(path)
