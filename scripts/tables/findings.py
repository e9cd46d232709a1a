"""Findings of a paper, each with the numbers that say whether it holds in our runs."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from eval.harness.files import read_yaml
from scripts.runtime.folders import RunFolder
from scripts.runtime.page import Page
from scripts.tables.cells import Cell, State
from scripts.tables.definition import make
from scripts.tables.show import markdown_table

__all__ = ["Finding", "Findings", "Verdict", "as_csv", "as_markdown", "as_page", "read_findings"]

Answer = Literal["holds", "does not hold", "not certain", "not run"]


@dataclass(frozen=True)
class Finding:
    """A claim of a paper and the metrics of a run that decide it.

    Args:
        claim: in a sentence.
        number: where it stands.
        experiment, overrides, seed: the run.
        rule: `beyond`: the metric's 95 % interval lies on one side of `threshold`;
            `falling`: the metrics fall from each to the next; `true`: the metric is 1, not 0;
            `more`: the first metric's interval lies above the second's, or the other way round.
        metrics: what the rule looks at; of an interval, `_low` and `_high` are added to the name.
        side: for `beyond`, where the interval must lie.
        threshold: for `beyond`.
        unit: of the metrics.
    """

    claim: str
    number: str
    experiment: str
    rule: Literal["beyond", "falling", "true", "more"]
    metrics: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    seed: int = 0
    side: Literal["above", "below"] = "above"
    threshold: float = 0.0
    unit: str = ""

    @property
    def cell(self) -> Cell:
        """The run that decides it."""
        return Cell(self.experiment, self.overrides, self.seed)


@dataclass(frozen=True)
class Findings:
    """A table of findings.

    Args:
        name, title, number, text: as of any table.
        findings: in the order in which they are shown.
    """

    name: str
    title: str
    number: str
    text: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Verdict:
    """What our run says to a finding.

    Args:
        finding: the claim.
        answer: whether it holds; "not certain" where an interval reaches across.
        numbers: what was measured, in words.
        state: of the run.
        problem: why it could not be decided.
    """

    finding: Finding
    answer: Answer
    numbers: str
    state: State
    problem: str = ""


def read_findings(path: Path) -> Findings:
    """The findings that a YAML file defines.

    Raises:
        ValueError: a key is unknown or missing.
    """
    content = {key: value for key, value in read_yaml(path).items() if key != "kind"}
    items = content.get("findings") or ()
    made = tuple(
        make(Finding, item, f"{path.name}: findings.{place}") for place, item in enumerate(items)
    )
    return make(Findings, {**content, "name": path.stem, "findings": made}, path.name)


def judge(finding: Finding, state: State) -> Verdict:
    """What a run says to a finding; nothing where it was not run or lacks a metric."""
    if state.run is None:
        why = "not run" if state.status == "not run" else f"{state.status}: {state.detail}"
        return Verdict(finding, "not run", "", state, why)
    try:
        answer, numbers = _RULES[finding.rule](finding, state.run.metrics)
    except KeyError as error:
        problem = f"{state.run.path} has no metric {error.args[0]}"
        return Verdict(finding, "not run", "", state, problem)
    return Verdict(finding, answer, numbers, state)


def _beyond(finding: Finding, metrics: Mapping[str, float]) -> tuple[Answer, str]:
    """Every metric's interval against the threshold; the least favourable one decides."""
    answers: list[Answer] = []
    words = []
    for name in finding.metrics:
        value, low, high = (metrics[f"{name}{end}"] for end in ("", "_low", "_high"))
        if not all(map(math.isfinite, (value, low, high))):
            return "not certain", f"{name} is not finite"
        above, below = low > finding.threshold, high < finding.threshold
        right, wrong = (above, below) if finding.side == "above" else (below, above)
        answers.append("holds" if right else "does not hold" if wrong else "not certain")
        words.append(f"{_short(name, finding)}{value:.3g} [{low:.3g}, {high:.3g}]")
    return _worst(answers), "; ".join(words)


def _falling(finding: Finding, metrics: Mapping[str, float]) -> tuple[Answer, str]:
    """Each metric below the one before it."""
    values = [metrics[name] for name in finding.metrics]
    if not all(map(math.isfinite, values)):
        return "not certain", "not all are finite"
    falls = all(first > second for first, second in itertools.pairwise(values))
    return "holds" if falls else "does not hold", ", ".join(f"{value:.3f}" for value in values)


def _true(finding: Finding, metrics: Mapping[str, float]) -> tuple[Answer, str]:
    """Metrics that are 1 where the run itself found it so."""
    values = [metrics[name] for name in finding.metrics]
    answer: Answer = "holds" if all(value == 1 for value in values) else "does not hold"
    return answer, f"{sum(value == 1 for value in values)} of {len(values)}"


def _more(finding: Finding, metrics: Mapping[str, float]) -> tuple[Answer, str]:
    """The first metric against the second, by their intervals."""
    first, second = finding.metrics
    a, b = ([metrics[f"{name}{end}"] for end in ("", "_low", "_high")] for name in (first, second))
    words = f"{a[0]:.3g} [{a[1]:.3g}, {a[2]:.3g}] against {b[0]:.3g} [{b[1]:.3g}, {b[2]:.3g}]"
    if a[1] > b[2]:
        return "holds", words
    return ("does not hold" if a[2] < b[1] else "not certain"), words


_RULES = {"beyond": _beyond, "falling": _falling, "true": _true, "more": _more}


def _worst(answers: list[Answer]) -> Answer:
    for answer in ("does not hold", "not certain"):
        if answer in answers:
            return answer
    return "holds"


def _short(name: str, finding: Finding) -> str:
    """The metric's name before its value, where there are several."""
    return f"{name} " if len(finding.metrics) > 1 else ""


def verdicts(table: Findings, states: Mapping[Cell, State]) -> list[Verdict]:
    """A verdict for every finding."""
    return [judge(finding, states[finding.cell]) for finding in table.findings]


_HEAD = ("the paper's finding", "where", "here", "measured", "run")


def _rows(found: list[Verdict], bold: str = "") -> list[list[str]]:
    return [
        [
            verdict.finding.claim,
            verdict.finding.number,
            f"{bold}{verdict.answer}{bold}",
            f"{verdict.numbers} {verdict.finding.unit}".strip() if verdict.numbers else "",
            _where(verdict.state.run),
        ]
        for verdict in found
    ]


def _where(run: RunFolder | None) -> str:
    return "" if run is None else f"{run.results['experiment']} {run.path.name}"


def as_markdown(table: Findings, found: list[Verdict], scale: str) -> str:
    """The findings as a Markdown table with what it says below it."""
    body = markdown_table(_HEAD, _rows(found, "**"))
    parts = [f"# {table.title}", f"{table.number}.", table.text.strip(), body, _note(found, scale)]
    problems = dict.fromkeys(
        part
        for verdict in found
        if verdict.problem and verdict.state.status != "not run"
        for part in verdict.problem.split("; ")
    )
    if problems:
        parts.append(f"Not run, since: {'; '.join(problems)}.")
    missing = [v for v in found if v.state.status == "not run"]
    if missing:
        parts.append(
            f"`python -m scripts.tables {table.name} --scale {scale} --run` makes what is missing."
        )
    return "\n\n".join(filter(None, parts)) + "\n"


def _note(found: list[Verdict], scale: str) -> str:
    counts = {answer: sum(v.answer == answer for v in found) for answer in get_args(Answer)}
    told = ", ".join(f"{count} {answer}" for answer, count in counts.items() if count)
    return (
        f"Runs at scale={scale}: {told}. Intervals are 95 %; where one reaches across, nothing is "
        "decided."
    )


def as_csv(found: list[Verdict]) -> str:
    """One line a finding."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_HEAD, "problem"])
    for row, verdict in zip(_rows(found), found, strict=True):
        writer.writerow([*row, verdict.problem])
    return text.getvalue()


def as_page(table: Findings, found: list[Verdict], scale: str) -> Page:
    """The findings as a page."""
    page = Page(table.title, f"{table.number}.\n\n{table.text}")
    page.table(_HEAD, _rows(found))
    page.text(_note(found, scale))
    return page
