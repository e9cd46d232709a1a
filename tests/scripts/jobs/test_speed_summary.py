"""Medians, ratios and limits against numbers worked out by hand."""

import csv
import io

import numpy as np
import pytest

from scripts.jobs.speed import goals, report, summary
from scripts.jobs.speed.schedule import Cell, Grid, seconds_before, without_hope
from scripts.jobs.speed.summary import Size, Spread


def record(library, speed, number=0, *, batch=32, allocator="stock", peak=400e6, status="ok"):
    base = Cell(library, allocator, batch, 1.0, 44100, number).as_dict() | {
        "status": status,
        "wall_seconds": 2.0,
        "others_busy": 0.01,
    }
    if status != "ok":
        return base | {"detail": "no room"}
    return base | {
        "times_realtime": speed,
        "seconds_per_batch": batch / speed,
        "peak_bytes": peak,
        "loaded_bytes": 300e6,
        "device_peak_bytes": None,
        "compile_seconds": 1.0,
    }


def three_rounds():
    """Round 2 runs on a machine at half speed: ratios within rounds do not move."""
    speeds = {
        "ours": (12000.0, 6000.0, 16000.0),
        "synthax": (600.0, 300.0, 500.0),
        "torchsynth": (500.0, 250.0, 800.0),
    }
    return [
        record(library, speeds[library][number], number)
        for number in range(3)
        for library in speeds
    ]


def test_speedups_are_ratios_within_a_round():
    found = {r.over: r for r in summary.speedups(three_rounds())}
    assert found["synthax"].ratio == Spread(20.0, 20.0, 32.0)
    assert found["torchsynth"].ratio == Spread(24.0, 20.0, 24.0)
    # The faster peer is SynthAX twice and torchsynth once: 20, 20, 20.
    assert found["faster peer"].ratio == Spread(20.0, 20.0, 20.0)
    assert found["faster peer"].rounds == 3
    # The ratio of the medians would say 24.
    medians = {row.library: row.times_realtime.median for row in summary.rows(three_rounds())}
    assert medians["ours"] / max(medians["synthax"], medians["torchsynth"]) == 24.0


def test_a_round_without_both_sides_gives_no_ratio():
    records = [
        record("ours", 1000.0, 0),
        record("synthax", 100.0, 0),
        record("ours", 2000.0, 1),
        record("synthax", 0.0, 1, status="out_of_memory"),
    ]
    (over_synthax, over_faster) = summary.speedups(records)
    assert over_synthax.rounds == over_faster.rounds == 1
    assert over_faster.ratio.median == 10.0


def test_rows_hold_medians_with_least_and_greatest():
    (row, *_) = summary.rows(three_rounds())
    assert row.library == "ours"
    assert row.rounds == 3
    assert row.times_realtime == Spread(12000.0, 6000.0, 16000.0)
    assert row.peak_bytes.median - row.working_bytes.median == 300e6
    assert row.seconds_per_100.median == pytest.approx(100 * 32 / 12000)
    assert row.nanoseconds_per_sample.median == pytest.approx(1e9 / (12000 * 44100))


def test_a_library_that_ran_out_of_memory_once_has_no_figures():
    records = [record("synthax", 500.0, 0), record("synthax", 0, 1, status="out_of_memory")]
    (row,) = summary.rows(records)
    assert row.status == "out_of_memory"
    assert row.times_realtime is None
    assert row.detail == "no room"


def test_the_limit_is_the_slower_of_writing_and_arithmetic():
    records = [
        record("ours", 10_000.0),
        record("fill", 100_000.0),
        record("arithmetic", 40_000.0),
    ]
    table = summary.rows(records)
    # 40,000 times realtime at 256 operations a sample are 51,200 at 200.
    (bound,) = summary.limits(table, flops_per_sample=200.0, probe_flops=256.0)
    assert bound.arithmetic == pytest.approx(51_200)
    assert bound.bound == pytest.approx(51_200)
    assert bound.share == pytest.approx(10 / 51.2)
    (bound,) = summary.limits(table, flops_per_sample=20.0, probe_flops=256.0)
    assert bound.bound == 100_000.0
    (bound,) = summary.limits(table[:2], 200.0, 256.0)
    assert bound.arithmetic is None
    assert bound.bound == 100_000.0


def test_a_spread_needs_a_value():
    with pytest.raises(ValueError, match="at least one"):
        Spread.of([])
    assert Spread.of([3.0, 1.0, 2.0, 10.0]) == Spread(2.5, 1.0, 10.0)
    assert Spread(15000.0, 12000.0, 16000.4).format() == "15,000 (12,000-16,000)"


def test_libraries_take_turns():
    grid = Grid(
        ["ours", "synthax", "torchsynth"],
        ["fill"],
        {"stock": 3, "tuned": 1},
        1,
        [2, 32],
        [1.0],
        44100,
    )
    turns = list(grid.turns())
    first, later = turns[:4], turns[4:]
    for turn in first:
        assert [cell.library for cell in turn] == ["ours", "synthax", "torchsynth", "fill"]
    assert [(turn[0].allocator, turn[0].batch) for turn in first] == [
        ("stock", 2),
        ("tuned", 2),
        ("stock", 32),
        ("tuned", 32),
    ]
    assert [(turn[0].allocator, turn[0].round, len(turn)) for turn in later] == [
        ("stock", 1, 3),
        ("stock", 1, 3),
        ("stock", 2, 3),
        ("stock", 2, 3),
    ]
    names = [cell.name for turn in turns for cell in turn]
    assert len(set(names)) == len(names) == 28
    records = {name: {"wall_seconds": 2.0} for name in names}
    assert seconds_before(later[0], records) == 6.0
    assert seconds_before(first[0], records) == 0.0


def test_a_size_above_one_that_did_not_fit_is_not_tried():
    records = {"a": record("synthax", 0.0, batch=512, status="out_of_memory")}
    larger = Cell("synthax", "stock", 1024, 1.0, 44100, 0)
    assert "batch 512 of 1 s (no room)" in without_hope(larger, records)
    longer = Cell("synthax", "stock", 512, 4.0, 44100, 0)
    assert without_hope(longer, records)
    for other in (
        Cell("synthax", "stock", 256, 4.0, 44100, 0),
        Cell("synthax", "tuned", 1024, 1.0, 44100, 0),
        Cell("ours", "stock", 1024, 1.0, 44100, 0),
    ):
        assert without_hope(other, records) is None


def results(records):
    table, ratios = summary.rows(records), summary.speedups(records)
    wanted = {
        "cpu": {
            "speedup": {"ours": {32: 15, 64: 99}, "ours_reused": {32: 25}},
            "memory_below_peers": True,
        },
        "gpu": {"times_realtime": {32: 11000, "best": 3e6, 1024: 1e6}},
    }
    return report.Results(
        device="a processor",
        threads=2,
        records=records,
        table=table,
        ratios=ratios,
        bounds=summary.limits(table, 200.0, 256.0),
        expected={"stock": {"ours": {32: 15000.0}}},
        goals=[
            *goals.compare("cpu", wanted, table, ratios),
            *goals.compare("gpu", wanted, table, ratios),
        ],
    )


def test_goals_are_met_missed_or_not_measured():
    records = [*three_rounds(), record("fill", 100_000.0)]
    found = {goal.text: goal for goal in results(records).goals}
    assert len(found) == 5, "sizes that were not run are not asked for"
    assert found["ours: times faster than the faster peer, batch 32"].met is True
    assert found["ours, reused buffer: times faster than the faster peer, batch 32"].met is None
    assert found["least peak memory of a peer over ours, batch 32"].measured == 1.0
    assert found["times realtime, batch 32"].met is True
    assert found["times realtime, best batch"].met is False


def test_the_report_shows_every_figure():
    shown = results([*three_rounds(), record("fill", 100_000.0)])
    text = report.as_markdown(shown)
    assert "| 32 | 400 (100) | 400 (100) | 400 (100) | 400 (100) |" in text
    assert "| 32 | 12,000 (6,000-16,000) | 500 (300-600) | 500 (250-800) |" in text
    assert "| stock | 1 | 32 | ours | faster peer | 20.0 (20.0-20.0) | 3 |" in text
    assert "| stock | 32 | ours | 15,000 | 12,000 | 0.80 |" in text
    assert "| stock | 1 | 32 | ours | 100,000 |  | 100,000 | 12,000 | 12% |" in text
    lines = list(csv.DictReader(io.StringIO(report.as_csv(shown))))
    assert [line["library"] for line in lines] == ["ours", "synthax", "torchsynth", "fill"]
    assert float(lines[0]["times_realtime"]) == 12000
    assert float(lines[0]["speedup"]) == 20
    assert lines[1]["speedup"] == ""
    figures = report.metrics(shown)
    assert figures["stock/1s/batch_32/ours/times_realtime"] == 12000
    assert figures["stock/1s/batch_32/ours/speedup_min"] == 20
    assert figures["stock/1s/batch_32/ours/share_of_limit"] == pytest.approx(0.12)
    assert figures["goals_measured"] == 4
    assert figures["goals_met"] == 3
    assert all(isinstance(value, float) for value in figures.values())


def test_the_figures_show_each_library_and_size():
    from scripts.jobs.speed.figures import figure_2, figure_3

    records = [*three_rounds(), *(r | {"batch": 64} for r in three_rounds())]
    table, ratios = summary.rows(records), summary.speedups(records)
    drawn = figure_2(table, "stock", "peak memory")
    labels = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert labels == ["ours", "SynthAX", "torchsynth"]
    assert [axes.get_ylabel() for axes in drawn.axes] == [
        "seconds for 100 batches",
        "times realtime",
        "peak memory, GB",
    ]
    compared = figure_3(ratios, {Size("stock", 1.0, 32): 20.0, Size("tuned", 1.0, 64): 9.0})
    assert len(compared.axes) == 1
    goal_lines = [c for c in compared.axes[0].collections if c.get_label().startswith("_child")]
    assert any(np.allclose(c.get_segments()[0][:, 1], 20.0) for c in goal_lines)
    assert not any(np.allclose(c.get_segments()[0][:, 1], 9.0) for c in goal_lines)
    asked = {"cpu": {"duration_s": 4.0, "speedup": {"ours": {32: 20}}}}
    assert goals.by_size(asked, "cpu") == {Size("stock", 4.0, 32): 20.0}
    assert goals.by_size(asked, "gpu") == {}
    labels = [text.get_text() for text in compared.legends[0].get_texts()]
    assert labels == ["ours over synthax".replace("synthax", "SynthAX"), "ours over torchsynth"]
    assert figure_3([], {}) is None
    assert Size("stock", 1.0, 32) == ratios[0].size
