"""Tables from run folders: what is run is shown, what is not is marked, nothing else is counted."""

from __future__ import annotations

import csv
import json
import shlex

import pytest

from scripts.tables.__main__ import main
from scripts.tables.definition import Figure, Line, Table
from scripts.tables.fill import Entry, Filled
from scripts.tables.pictures import draw
from tests.conftest import TEST_CONF
from tests.scripts.tables.small import define, ran


@pytest.fixture
def tables(outputs, tmp_path, capsys):
    """The command, on definitions in a folder of the test's own."""

    def call(*words, scale="small", name="count-table1", **changes):
        folder = define(tmp_path / "definitions", name, **changes)
        own = ["--outputs", str(outputs), "--definitions", str(folder)]
        status = main([name, "--scale", scale, *own, "--config-dir", str(TEST_CONF), *words])
        return status, capsys.readouterr()

    return call


def entries(outputs, name="count-table1", scale="small"):
    with (outputs / "tables" / name / scale / "table.csv").open(newline="") as handle:
        return {(line["row"], line["column"]): line for line in csv.DictReader(handle)}


def test_nothing_run_is_marked_and_never_filled(tables, outputs):
    status, said = tables()
    assert status == 0
    assert "| Plain\\|one | not run (paper 17.39) | not run |" in said.out
    assert "| theirs | paper 6.71 | – |" in said.out
    assert "| later | not run | not run |" in said.out
    assert "no such training yet: later" in said.out
    assert "4 runs are missing" in said.out
    assert all(line["ours"] == "" for line in entries(outputs).values())
    assert entries(outputs)["later", "2 steps"]["status"] == "not run"


def test_mean_difference_and_interval_over_seeds(tables, outputs):
    # By hand: mean 18, deviations -1, 0, 1, so the standard error is 1 / sqrt(3) and, with the
    # 0.975 quantile of Student's t at two degrees of freedom, 4.302653, the half width 2.484138.
    for seed, value in enumerate((17.0, 18.0, 19.0)):
        ran(outputs, {"total": value}, "job.steps=2", f"seed={seed}")
    _, said = tables(seeds=[0, 1, 2])
    assert "**18.00** [15.52, 20.48] (paper 17.39, +0.61)" in said.out
    line = entries(outputs)["Plain|one", "2 steps"]
    assert float(line["low"]) == pytest.approx(18 - 2.484138, abs=1e-5)
    assert float(line["difference"]) == pytest.approx(0.61)
    assert (line["seeds"], line["interval"], line["status"]) == ("3", "seeds", "done")
    assert "3 of 12 runs done" in said.out
    assert "None of ours was run at paper scale" in said.out


def test_some_seeds_are_said_to_be_some(tables, outputs):
    ran(outputs, {"total": 17.0}, "job.steps=2", "seed=1")
    _, said = tables(seeds=[0, 1, 2])
    assert "**17.00** (paper 17.39, -0.39) 1 of 3 seeds" in said.out
    assert entries(outputs)["Plain|one", "2 steps"]["low"] == ""


def test_the_interval_of_a_single_run(tables, outputs):
    metrics = {"total": 0.171, "total_low": 0.16, "total_high": 0.185}
    ran(outputs, metrics, "job.steps=2")
    tables(low="total_low", high="total_high", factor=100)
    line = entries(outputs)["Plain|one", "2 steps"]
    assert [float(line[key]) for key in ("ours", "low", "high")] == pytest.approx([17.1, 16, 18.5])
    assert line["interval"] == "run"


@pytest.mark.parametrize(
    ("metrics", "said"),
    [({"total": None}, "total is not a finite number"), ({"other": 1.0}, "total is not there")],
)
def test_a_run_without_the_number_is_no_number(tables, outputs, metrics, said):
    ran(outputs, metrics, "job.steps=2")
    tables()
    line = entries(outputs)["Plain|one", "2 steps"]
    assert line["ours"] == ""
    assert said in line["problem"]


@pytest.mark.parametrize("stamps", [{"assets": "stand_in"}, {"scale": "smoke"}])
def test_what_is_no_result_is_refused(tables, outputs, stamps):
    ran(outputs, {"total": 17.0}, "job.steps=2", **stamps)
    _, said = tables()
    assert "not a result" in said.out
    assert entries(outputs)["Plain|one", "2 steps"]["ours"] == ""


def test_runs_with_stand_ins_are_not_found_for_others(tables, outputs):
    ran(outputs, {"total": 17.0}, "job.steps=2", "assets=stand_in", assets="stand_in")
    tables()
    assert entries(outputs)["Plain|one", "2 steps"]["status"] == "not run"


def test_smoke_is_planned_but_never_built(tables, outputs):
    status, said = tables(scale="smoke")
    assert status == 1
    assert "are no results" in said.err
    assert not (outputs / "tables").exists()
    assert tables("--list", scale="smoke")[0] == 0


def test_damage_is_named(tables, outputs):
    folder = ran(outputs, {"total": 17.0}, "job.steps=2")
    (folder / "results.json").write_text('{"metrics":')
    _, said = tables()
    assert "1 runs, damaged:" in said.out
    assert str(folder) in said.out


def test_an_experiment_that_is_not_there_is_said_and_the_rest_is_built(tables, outputs):
    _, said = tables(experiment="test/nowhere")
    assert "cannot be planned: experiment: there is no conf/experiment/test/nowhere" in said.out


def test_a_run_whose_inputs_are_elsewhere_is_found_by_its_settings(tables, outputs, tmp_path):
    for name, value in (("one", 17.0), ("other", 18.0)):
        (tmp_path / name).write_text(name)
        ran(outputs, {"total": value}, "job.steps=2", f"job.source={tmp_path / name}")
        (tmp_path / name).unlink()
    rows = [
        {"key": name, "overrides": [f"job.source=/elsewhere/{name}"]} for name in ("one", "third")
    ]
    columns = [{"key": "few", "overrides": ["job.steps=2"]}]
    tables(rows=rows, columns=columns)
    found = entries(outputs)
    assert found["one", "few"]["ours"] == "17.0"
    assert found["third", "few"]["ours"] == ""
    assert "no file or folder '/elsewhere/third'" in found["third", "few"]["problem"]


def test_the_list_gives_commands_that_make_the_cells(tables, outputs, run):
    _, said = tables("--list", seeds=[1])
    lines = said.out.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("not run ") for line in lines)
    words = shlex.split(lines[0].removeprefix("not run"))
    assert words[:3] == ["python", "-m", "scripts.run"]
    assert run(*words[3:]).status == 0
    assert tables("--list", seeds=[1])[1].out.count("done ") == 1


@pytest.mark.slow
def test_run_makes_what_is_missing_though_one_fails(tables, outputs):
    done = ran(outputs, {"total": 99.0}, "job.steps=1", "job.kind=fancy")
    rows = [
        {"key": "bad", "overrides": ["job.error=user"]},
        {"key": "good", "overrides": ["job.kind=plain"]},
        {"key": "done", "overrides": ["job.kind=fancy"]},
    ]
    columns = [{"key": "few", "overrides": ["job.steps=1"]}]
    status, said = tables("--run", rows=rows, columns=columns)
    assert status == 1
    assert "failed: python -m scripts.run" in said.err
    found = {row: line for (row, _), line in entries(outputs).items()}
    assert [found[row]["status"] for row in ("bad", "good", "done")] == ["not run", "done", "done"]
    assert float(found["done"]["ours"]) == 99.0, "what is there is not run again"
    others = set(outputs.glob("runs/test/count/*/results.json")) - {done / "results.json"}
    (counted,) = (json.loads(path.read_text())["metrics"]["total"] for path in others)
    assert float(found["good"]["ours"]) == pytest.approx(counted)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colour": "red"}, "unknown key 'colour'"),
        ({"better": "lower", "metrc": "x"}, "did you mean 'metric'"),
        ({"rows": [{"title": "x"}]}, "rows.0: key not set"),
        ({"columns": [{"key": "a"}, {"key": "a"}]}, "columns: a stands there twice"),
        ({"reference": {"file": "nothing.csv", "number": "x"}}, "no published figures"),
        ({"rows": [{"key": "a", "reference": {"dataset": "Nobody"}}]}, "has 0 rows with"),
    ],
)
def test_a_wrong_definition_is_one_line(tables, changes, said):
    status, told = tables(**changes)
    assert status == 1
    assert said in told.err


def test_what_changes_cells_cannot_be_given_for_all(tables):
    status, said = tables("--with", "job.steps=7")
    assert status == 1
    assert "--with job.steps=7: only paths." in said.err
    _, said = tables("--list", "--with", "tracker=disabled", "workers=2")
    assert all(line.endswith("tracker=disabled workers=2") for line in said.out.splitlines())


def test_an_unknown_table_names_those_that_are_there(capsys):
    assert main(["doppel-table99"]) == 1
    assert "there is no table 'doppel-table99'; there are " in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["bars", "lines"])
def test_figures_are_drawn(tables, outputs, kind):
    ran(outputs, {"total": 17.0, "low": 16.0, "high": 18.0}, "job.steps=2")
    columns = [
        {"key": "few", "overrides": ["job.steps=2"], "reference": "esc50", "value": 2},
        {"key": "many", "overrides": ["job.steps=3"], "reference": "fsd50k", "value": 3},
    ]
    interval = {"low": "low", "high": "high"}
    tables(figure={"kind": kind, "label": "sum", "axis": "steps"}, columns=columns, **interval)
    folder = outputs / "tables" / "count-table1" / "small"
    assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (folder / "figure.svg").read_text()
    assert "data:image/png" in (folder / "index.html").read_text()


def test_a_group_of_rows_is_a_curve_over_their_values():
    rows = (
        *(Line(f"a{x}", group="a", value=x) for x in (0.1, 0.5)),
        *(Line(f"b{x}", group="b", value=x) for x in (0.1, 0.5)),
        Line("nothing", title="random"),
    )
    columns = (Line("first"), Line("second"))
    table = Table("t", "", "", "", "", "", rows, columns, figure=Figure("curves", axis="delta"))
    ours = {"a0.1": 1.0, "a0.5": 2.0, "b0.5": 5.0, "nothing": 0.5}
    entries = [
        Entry(row, column, ours.get(row.key), published=3.0 if row.key == "b0.1" else None)
        for row in rows
        for column in columns
    ]
    figure = draw(Filled(table, "small", tuple(entries), ()))
    assert figure is not None
    for panel in figure.axes:
        lines = {str(line.get_label()): line.get_xydata().tolist() for line in panel.lines}
        assert lines["a"] == [[0.1, 1.0], [0.5, 2.0]]
        assert lines["b"] == [[0.5, 5.0]]
        assert lines["b, paper"] == [[0.1, 3.0]]
        assert [y for _, y in lines["random"]] == [0.5, 0.5]


def test_distributions_come_from_the_tables_of_the_run(tables, outputs):
    folder = ran(outputs, {"a/x": 1.0, "b/x": 2.0}, "job.steps=2")
    for number, name in enumerate(("a", "b")):
        (folder / name).mkdir()
        rows = "\n".join(f"{n},{(n * 37 % 101) + 50 * number}" for n in range(100))
        (folder / name / "values.csv").write_text(f"sound,x\n{rows}\n101,\n")
    rows = [{"key": key, "group": role} for key, role in (("a", "synthetic"), ("b", "real"))]
    columns = [{"key": "x", "title": "a quantity", "overrides": ["job.steps=2"]}]
    figure = {"kind": "distributions", "file": "values.csv"}
    status, _ = tables(
        metric="{row}/{column}", rows=rows, columns=columns, figure=figure, reference=None
    )
    assert status == 0
    assert (outputs / "tables/count-table1/small/figure.png").is_file()
    assert entries(outputs)["b", "a quantity"]["ours"] == "2.0"
