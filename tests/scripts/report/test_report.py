"""The report: what is finished is on it, what is no result or damaged is named; bounded in size."""

from __future__ import annotations

import base64
import io
import re

import pytest
import soundfile

from scripts.report.__main__ import main
from scripts.report.gather import explanation, gather, key_metrics
from scripts.report.page import report
from tests.scripts.report.made import finished_runs


@pytest.fixture
def made(outputs):
    finished_runs(outputs)
    return outputs


def rendered(outputs, **settings):
    place = outputs / "report" / "index.html"
    return report(outputs, place, with_tables=False, **settings).render()


def test_everything_finished_is_on_the_page(made):
    html = rendered(made)
    assert "3 finished runs of 2 experiments" in html
    for name in ("eval/probe", "eval/fad", "c" * 12, "revision abc", "score", "0.3333"):
        assert name in html
    assert html.count("<audio") == 12, "six of eight sounds of either run"
    assert html.count("data:image/webp") == 2
    assert "the first 12 of 30 rows" in html
    assert "&lt;b&gt;841" not in html
    assert "&lt;b&gt;121" in html
    assert "<b>" not in html


def test_what_is_no_result_is_named_without_its_numbers(made):
    html = rendered(made)
    assert "Tried out" in html
    assert "9.25" not in html
    assert "9.75" not in html
    assert str(made / "runs/eval/fad" / ("e" * 12)) in html


def test_contents_link_to_sections(made):
    html = rendered(made)
    links = re.findall(r'href="#(section-\d+)"', html)
    assert links == re.findall(r'<h2 id="(section-\d+)"', html)
    assert len(links) == 4


def test_sounds_are_short_mono_and_as_long_as_they_were(made):
    uri = re.search(r"data:audio/mpeg;base64,([^\"]+)", rendered(made))
    assert uri is not None
    wave, rate = soundfile.read(io.BytesIO(base64.b64decode(uri[1])))
    assert wave.ndim == 1
    assert wave.size / rate == pytest.approx(1.0, abs=0.1)


def test_long_sounds_are_cut(outputs):
    finished_runs(outputs, seconds=6.0)
    uri = re.search(r"data:audio/mpeg;base64,([^\"]+)", rendered(outputs))
    assert uri is not None
    wave, rate = soundfile.read(io.BytesIO(base64.b64decode(uri[1])))
    assert wave.size / rate == pytest.approx(4.0, abs=0.1)
    assert abs(wave[-20:]).max() < 0.1 < abs(wave).max(), "faded"


def test_the_budget_bounds_the_page_and_what_is_left_out_is_counted(made):
    whole, bounded = rendered(made), rendered(made, most_bytes=30_000)
    assert len(bounded) < len(whole) - 100_000
    assert "2 pictures and 1" in bounded or "2 pictures and" in bounded
    assert "found no room" in bounded


def test_files_that_cannot_be_read_are_named(made):
    folder = made / "runs/eval/probe" / f"{0:012d}"
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "sounds" / "0-tone.wav").write_bytes(b"no sound")
    (folder / "ragged.csv").write_text("a,b\n1\n")
    html = rendered(made)
    for name in ("broken.png", "0-tone.wav", "ragged.csv cannot be shown"):
        assert name in html


def test_nothing_finished_is_an_error(outputs, capsys):
    assert main(["--outputs", str(outputs)]) == 1
    assert "nothing is finished" in capsys.readouterr().err


def test_the_command_writes_one_file(made, capsys):
    assert main(["--outputs", str(made), "--no-tables"]) == 0
    path = made / "report" / "index.html"
    assert str(path) in capsys.readouterr().out
    assert path.stat().st_size < 15_000_000


def test_an_experiment_explains_itself_by_its_header():
    told = explanation("synth/recover")
    assert told.startswith("Random patches are moved a little away")
    assert "python -m" not in told
    assert "Minutes" not in told
    assert explanation("no/such") == ""


def test_key_metrics_take_parts_in_turn(outputs):
    from tests.scripts.test_results import make

    names = ["start/a", "start/b", "end/a", "end/b", "whole", "whole_low", "broken"]
    metrics = dict.fromkeys(names, 1.0) | {"broken": None}
    make(outputs, "a" * 12, {}, metrics, experiment="x/y")
    ((run,),) = [item.results for item in gather(outputs)]
    assert list(key_metrics(run, 4)) == ["whole", "start/a", "end/a", "start/b"]


