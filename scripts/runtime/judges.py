"""Judges of a search beside its own scorer: those whose weights are there."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eval.embedders.published import how_to_fetch
from scripts.runtime.check import Report, check_node

__all__ = ["LEFT_OUT", "available"]

LEFT_OUT = "judges_left_out"
"""The key of a run's configuration that says which were left out, and why."""


def available(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a resolved configuration whose job has the judges that can judge, and no others.

    Left out are those whose files are not there, that would judge by random weights, and the very
    scorer of the search, whose scores are reported anyway. A job without `judges` stays as it is.
    """
    job = plain.get("job")
    if not isinstance(job, Mapping) or not isinstance(job.get("judges"), Mapping):
        return plain
    reasons = {
        name: reason
        for name, node in job["judges"].items()
        if (reason := _why_not(node, job.get("scorer")))
    }
    kept = {name: node for name, node in job["judges"].items() if name not in reasons}
    return {**plain, "job": {**job, "judges": kept}, LEFT_OUT: reasons}


def _why_not(node: Any, scorer: Any) -> str | None:
    if not isinstance(node, Mapping) or "_target_" not in node:
        return None  # the check of the job says what is wrong
    if node == scorer:
        return "it is the scorer of this search"
    if _has_stand_in(node):
        return "its weights would be random ones"
    report = Report()
    check_node(copy.deepcopy(dict(node)), (), report)
    for path in report.inputs:
        value: Any = node
        for key in path:
            value = value[key]
        if not Path(value).exists():
            how = how_to_fetch(value)
            return f"there is no {value}" + (f"; {how}" if how else "")
    return None


def _has_stand_in(node: Any) -> bool:
    if isinstance(node, Mapping):
        return node.get("assets") == "stand_in" or any(map(_has_stand_in, node.values()))
    return isinstance(node, list) and any(map(_has_stand_in, node))
