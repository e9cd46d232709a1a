"""Answers of a listening test: read from the files that people saved, checked, as a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.harness.files import read_json
from eval.study.plan import StudyPlan

if TYPE_CHECKING:
    import pandas

__all__ = ["Answers", "Excluded", "answers_of", "read_answers"]


@dataclass(frozen=True)
class Excluded:
    """Somebody whose answers do not count, and why."""

    participant: str
    reason: str


@dataclass(frozen=True)
class Answers:
    """What people answered.

    Attributes:
        table: a row a trial and person, checks left out: participant, trial, condition, position,
            swapped, seconds, and a column a question.
        participants: who is in it, sorted.
        excluded: who is not.
    """

    table: pandas.DataFrame
    participants: tuple[str, ...]
    excluded: tuple[Excluded, ...]


def read_answers(plan: StudyPlan, folder: Path) -> Answers:
    """Read all JSON and CSV files of a folder, as the survey's page saves them.

    People who failed an attention check, who did not finish, or whose id comes twice (the earlier
    file by name counts) are left out and named.

    Raises:
        FileNotFoundError: there is no such folder, or no file in it.
        ValueError: a file is not of this survey, or holds what cannot be answered; it is named.
    """
    paths = sorted(path for ending in ("json", "csv") for path in folder.glob(f"*.{ending}"))
    if not paths:
        raise FileNotFoundError(
            f"{folder} holds no answers: put the .json or .csv files there that people saved"
        )
    records: list[dict[str, Any]] = []
    for path in paths:
        try:
            found = [read_json(path)] if path.suffix == ".json" else list(_of_csv(plan, path))
            for record in found:
                _check(plan, record)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            reason = f"{error} is missing" if isinstance(error, KeyError) else error
            raise ValueError(f"{path} is no file of answers to {plan.name}: {reason}") from error
        records += found
    return answers_of(plan, records)


def answers_of(plan: StudyPlan, records: Sequence[dict[str, Any]]) -> Answers:
    """Return the table of records as the page's JSON holds them, without those that do not count.

    Raises:
        ValueError: nobody is left.
    """
    import pandas

    trials = {trial.name: trial for trial in plan.trials}
    rows: list[dict[str, Any]] = []
    excluded: list[Excluded] = []
    seen: set[str] = set()
    for record in records:
        person = record["participant"]
        reason = "a second file" if person in seen else _reason(plan, record)
        seen.add(person)
        if reason:
            excluded.append(Excluded(person, reason))
            continue
        for answer in record["answers"]:
            trial = trials[answer["trial"]]
            if not trial.expected:
                own = {name: answer[name] for name in ("trial", "position", "swapped", "seconds")}
                given = answer["answers"]
                rows.append({"participant": person, "condition": trial.condition, **own, **given})
    if not rows:
        told = "; ".join(f"{one.participant}: {one.reason}" for one in excluded[:5])
        raise ValueError(f"no answers to {plan.name} are left of {len(records)} people ({told})")
    table = pandas.DataFrame(rows)
    return Answers(table, tuple(sorted(set(table["participant"]))), tuple(excluded))


def _reason(plan: StudyPlan, record: dict[str, Any]) -> str:
    """Why somebody's answers do not count; empty where they do."""
    wanted = len(plan.orders[record["order"]])
    if len(record["answers"]) < wanted:
        return f"stopped after {len(record['answers'])} of {wanted} trials"
    closing = record.get("closing") or {}
    if unanswered := [gate.name for gate in plan.closing if gate.name not in closing]:
        return f"stopped before the last questions: {', '.join(unanswered)}"
    expected = {trial.name: trial.expected for trial in plan.trials if trial.expected}
    failed = [
        answer["trial"]
        for answer in record["answers"]
        for question, right in expected.get(answer["trial"], {}).items()
        if answer["answers"][question] not in right
    ]
    failed += [
        gate.name for gate in plan.closing if gate.needed and closing[gate.name] != gate.needed
    ]
    return f"failed {len(failed)} attention checks: {', '.join(failed)}" if failed else ""


def _check(plan: StudyPlan, record: dict[str, Any]) -> None:
    """Refuse a record that the page of this plan cannot have made."""
    if record["study"] != plan.name or record["version"] != plan.version:
        raise ValueError(
            f"it is of {record['study']} {record['version']}, the plan is {plan.name} "
            f"{plan.version}: build the page with the settings that these people answered"
        )
    if not record["participant"]:
        raise ValueError("it names no participant")
    for gate in plan.closing:
        given = (record.get("closing") or {}).get(gate.name, gate.options[0])
        if given not in gate.options:
            raise ValueError(f"{given!r} is no answer to {gate.name}")
    order = plan.orders[record["order"]]
    for place, answer in enumerate(record["answers"]):
        trial = plan.trials[order[place].trial]
        if answer["position"] != place or answer["trial"] != trial.name:
            raise ValueError(f"trial {place + 1} is {answer['trial']}, not {trial.name}")
        for question in plan.questions:
            given = answer["answers"][question.name]
            if not question.allows(given):
                raise ValueError(f"{given!r} is no answer to {question.name}")


def _of_csv(plan: StudyPlan, path: Path) -> Iterator[dict[str, Any]]:
    """The records of a table, one a participant."""
    scales = {question.name for question in plan.questions if question.kind == "scale"}
    records: dict[str, dict[str, Any]] = {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            record = records.setdefault(
                row["participant"],
                {name: row[name] for name in ("study", "version", "participant")}
                | {"order": int(row["order"]), "answers": []}
                | {"closing": {gate.name: row[gate.name] for gate in plan.closing}},
            )
            given = {
                question.name: int(row[question.name])
                if question.name in scales
                else row[question.name]
                for question in plan.questions
            }
            record["answers"].append(
                {
                    "trial": row["trial"],
                    "position": int(row["position"]),
                    "swapped": row["swapped"] == "true",
                    "seconds": float(row["seconds"]),
                    "answers": given,
                }
            )
    if not records:
        raise ValueError("it holds no answers")
    yield from records.values()
