"""Findings: each rule decides as its interval says, and nothing is decided without a run."""

from __future__ import annotations

import pytest
import yaml

from scripts.runtime.folders import RunFolder
from scripts.tables import findings
from scripts.tables.build import build
from scripts.tables.cells import State
from scripts.tables.findings import Finding, Findings, judge, read_findings
from tests.scripts.test_results import make


def interval(name, value, low, high):
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def judged(outputs, measured, **rule):
    finding = Finding("It is so", "thesis 1", "eval/x", **rule)
    run = RunFolder(make(outputs, "a" * 12, {}, measured, experiment="eval/x"))
    return judge(finding, State(finding.cell, "done", run=run))


@pytest.mark.parametrize(
    ("low", "high", "side", "answer"),
    [
        (1.1, 1.3, "above", "holds"),
        (0.9, 1.3, "above", "not certain"),
        (0.7, 0.9, "above", "does not hold"),
        (0.7, 0.9, "below", "holds"),
        (1.1, 1.3, "below", "does not hold"),
        (None, 1.3, "above", "not certain"),
    ],
)
def test_beyond(outputs, low, high, side, answer):
    found = judged(
        outputs,
        interval("flux", 1.2, low, high),
        rule="beyond",
        metrics=("flux",),
        side=side,
        threshold=1.0,
    )
    assert found.answer == answer


def test_of_several_the_least_favourable_decides(outputs):
    metrics = {**interval("a", 2, 1.5, 2.5), **interval("b", 2, 0.5, 2.5)}
    found = judged(outputs, metrics, rule="beyond", metrics=("a", "b"), threshold=1.0)
    assert found.answer == "not certain"
    assert found.numbers == "a 2 [1.5, 2.5]; b 2 [0.5, 2.5]"


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ([3.0, 2.0, 1.0], "holds"),
        ([3.0, 1.0, 2.0], "does not hold"),
        ([3.0, 3.0, 1.0], "does not hold"),
        ([3.0, None, 1.0], "not certain"),
    ],
)
def test_falling(outputs, values, answer):
    names = ("x", "y", "z")
    metrics = dict(zip(names, values, strict=True))
    assert judged(outputs, metrics, rule="falling", metrics=names).answer == answer


def test_more_and_true(outputs):
    metrics = {**interval("a", 2, 1.5, 2.5), **interval("b", 1, 0.5, 1.4), "yes": 1.0}
    assert judged(outputs, metrics, rule="more", metrics=("a", "b")).answer == "holds"
    (outputs / "runs/eval/x").rename(outputs / "away")
    assert judged(outputs, metrics, rule="more", metrics=("b", "a")).answer == "does not hold"
    (outputs / "runs/eval/x").rename(outputs / "away2")
    assert judged(outputs, metrics, rule="true", metrics=("yes",)).answer == "holds"


def test_without_the_metric_or_the_run_nothing_is_said(outputs):
    found = judged(outputs, {"other": 1.0}, rule="falling", metrics=("x",))
    assert (found.answer, found.numbers) == ("not run", "")
    assert "has no metric x" in found.problem
    finding = Finding("It is so", "thesis 1", "eval/x", "falling", ("x",))
    assert judge(finding, State(finding.cell, "not run")).answer == "not run"


def test_every_form_of_the_table(outputs, tmp_path):
    path = tmp_path / "my-findings.yaml"
    items = [
        {"claim": f"Claim {n}", "number": "1", "experiment": "eval/x", "rule": "falling",
         "metrics": ["x", "y"], "overrides": [f"job.n={n}"]}
        for n in range(2)
    ]  # fmt: skip
    content = {"kind": "findings", "title": "T", "number": "thesis", "text": "", "findings": items}
    path.write_text(yaml.safe_dump(content))
    table = read_findings(path)
    assert isinstance(table, Findings)
    run = RunFolder(make(outputs, "b" * 12, {}, {"x": 2.0, "y": 1.0}, experiment="eval/x"))
    first, second = (finding.cell for finding in table.findings)
    states = {
        first: State(first, "done", run=run),
        second: State(second, "cannot be planned", "no file z"),
    }
    built = build(table, "small", states)
    assert "| Claim 0 | 1 | **holds** | 2.000, 1.000 | eval/x bbbbbbbbbbbb |" in built.markdown
    assert "1 holds, 1 not run" in built.markdown
    assert "no file z" in built.markdown
    assert built.csv.count("\n") == 3
    assert "Claim 1" in built.page.render()
    assert findings.as_csv([]).count("\n") == 1
