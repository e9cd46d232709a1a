"""Published figures: they are those of the papers, and a table finds the right one."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from scripts.runtime.compose import Planner
from scripts.tables.build import cells_of, find_table
from scripts.tables.definition import Table, names
from scripts.tables.published import REFERENCE, read

SHARED = Path(__file__).resolve().parents[4] / "shared" / "reference"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no reference data in {SHARED}")


@pytest.mark.parametrize("path", sorted(REFERENCE.glob("*.csv")), ids=lambda path: path.name)
def test_every_file_says_where_it_is_from(path):
    published = read(path.name)
    assert any("thesis" in note for note in published.notes)
    assert len(published.rows) > 0


def test_a_figure_is_found_by_row_and_column():
    probes = read("doppel_probes.csv")
    assert probes.figure({"model": "Voice delta=0.25"}, "esc50") == 58.90
    assert probes.figure({"model": "GURA (HEAR)"}, "us8k") is None, "not published"
    with pytest.raises(KeyError, match="has no column esc5"):
        probes.figure({"model": "GURA (HEAR)"}, "esc5")
    with pytest.raises(KeyError, match="0 rows"):
        probes.figure({"model": "Nobody"}, "esc50")
    with pytest.raises(KeyError, match="not one"):
        probes.figure({"group": "external"}, "esc50")


def test_ragged_files_are_refused(tmp_path):
    (tmp_path / "bad.csv").write_text("# thesis\na,b\n1\n")
    with pytest.raises(ValueError, match="1 values under 2 columns"):
        read("bad.csv", tmp_path)


@pytest.mark.parametrize("name", names())
def test_every_table_is_defined_well_and_its_figures_are_there(name):
    table = find_table(name)
    assert cells_of(table)
    assert "thesis" in table.number
    if not isinstance(table, Table) or table.reference is None:
        return
    published = read(table.reference.file)
    for row in table.rows:
        for column in table.columns:
            if row.reference is not None and column.reference is not None:
                assert isinstance(row.reference, dict)
                published.figure(row.reference, str(column.reference))  # raises where it is not


def test_table_12_has_every_model_of_the_paper():
    table = find_table("doppel-table12")
    assert isinstance(table, Table)
    published = [row["model"] for row in read("doppel_probes.csv").rows]
    assert [dict(row.reference or {})["model"] for row in table.rows] == published


@pytest.mark.shared
@needs_shared
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("doppel_probes.csv", "doppelgangers_table12.csv"),
        ("doppel_fad.csv", "doppelgangers_table11_fad.csv"),
    ],
)
def test_doppelganger_figures_are_those_of_the_reference(ours, theirs):
    with (SHARED / theirs).open(newline="") as handle:
        assert list(read(ours).rows) == list(csv.DictReader(handle))


@pytest.mark.shared
@needs_shared
def test_ctag_figures_are_those_of_the_reference():
    tables = yaml.safe_load((SHARED / "ctag_tables.yaml").read_text())
    systems = tables["table1_descriptors"]["columns"]
    descriptors = read("ctag_descriptors.csv")
    scores = read("ctag_clap_score.csv")
    accuracy = read("ctag_classification.csv")
    study = read("ctag_user_study.csv")
    for prompts in ("audioset50", "esc50"):
        for name, values in tables["table1_descriptors"][prompts].items():
            found = [descriptors.figure({"prompts": prompts, "system": s}, name) for s in systems]
            assert found == values
        for system, (mean, sd) in tables["table5_clap_score"][prompts].items():
            where = {"prompts": prompts, "system": system}
            assert [scores.figure(where, "score"), scores.figure(where, "sd")] == [mean, sd]
        for top, by_system in tables["table2_and_6_classification"][prompts].items():
            for system, values in by_system.items():
                for style, value in zip(("label", "template", "caption"), values, strict=True):
                    where = {"prompts": prompts, "system": system, "style": style}
                    assert accuracy.figure(where, top) == value
    for system, values in tables["table3_user_study"].items():
        assert {name: study.figure({"system": system}, name) for name in values} == values
    time, seconds = read("ctag_time.csv"), tables["table4_generation_seconds"]
    for iterations in (50, 100, 300):
        for population, (mean, sd) in zip(
            seconds["popsize"], seconds[f"iterations_{iterations}"], strict=True
        ):
            where = {"iterations": str(iterations), "population": str(population)}
            assert [time.figure(where, "seconds"), time.figure(where, "sd")] == [mean, sd]
    contrasts = read("ctag_contrasts.csv")
    for measure, key, places in (
        ("accuracy", "table7_accuracy_contrasts", (0, 1, 2, 3, 4)),
        ("confidence", "table8_confidence_contrasts", (0, 1, 3, 4, 5)),
        ("artistic", "table9_artistic_contrasts", (0, 1, 3, 4, 5)),
    ):
        for contrast, values in tables[key].items():
            where = {"measure": measure, "contrast": contrast}
            columns = ("estimate", "se", "low", "high", "statistic")
            found = [contrasts.figure(where, column) for column in columns]
            assert found == [values[place] for place in places]


def composed(name, every):
    """The plans of some cells of a table, composed whether or not their inputs are here."""
    planner = Planner()
    for cell in cells_of(find_table(name))[::every]:
        yield planner.plan(cell.experiment, "scale=small", *cell.chosen, with_inputs=False)


@pytest.mark.parametrize("name", names())
def test_the_first_and_last_cell_of_every_table_can_be_composed(name):
    count = len(cells_of(find_table(name)))
    assert all(len(plan.hash) == 12 for plan in composed(name, max(1, count - 1)))


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_every_cell_of_every_table_is_a_run_of_its_own(name):
    cells = cells_of(find_table(name))
    plans = list(composed(name, 1))
    assert len({(str(plan.job), plan.config["seed"]) for plan in plans}) == len(cells)
    assert all(plan.config["assets"] == "published" for plan in plans)
