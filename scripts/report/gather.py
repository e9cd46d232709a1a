"""What is in the run folders, as the report tells it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.results import experiments_in, roots_of
from scripts.runtime.catalog import CONF
from scripts.runtime.errors import in_one_line
from scripts.runtime.folders import RunFolder, walk

__all__ = ["Finished", "chosen_for", "explanation", "gather", "key_metrics"]

_ORDER = {"paper": 0, "small": 1, "smoke": 2}
_NOT_TOLD = ("experiment", "scale", "paths", "tracker", "hydra", "rerun", "device", "workers")


@dataclass(frozen=True)
class Finished:
    """An experiment's finished runs.

    Args:
        experiment: its name.
        results: runs that are results, paper scale first.
        tries: runs at smoke or with stand-ins, which are none.
        damaged: runs that cannot be read, one line each.
    """

    experiment: str
    results: tuple[RunFolder, ...]
    tries: tuple[RunFolder, ...]
    damaged: tuple[str, ...]


def gather(outputs: Path) -> list[Finished]:
    """The finished runs of every experiment, from runs and published runs, each once."""
    return [_finished(name, walk(name, *roots_of(outputs))) for name in experiments_in(outputs)]


def _finished(experiment: str, runs: Iterable[RunFolder]) -> Finished:
    results: list[RunFolder] = []
    tries: list[RunFolder] = []
    damaged: list[str] = []
    for run in runs:
        try:
            stamps = run.results["scale"], run.results["assets"]
            _ = run.metrics, run.config["job"], run.environment.get("seconds")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            damaged.append(f"{run.path}: {in_one_line(error)}")
            continue
        (tries if "smoke" in stamps or "stand_in" in stamps else results).append(run)
    results.sort(key=lambda run: (_ORDER.get(run.results["scale"], 9), str(run.path)))
    return Finished(experiment, tuple(results), tuple(tries), tuple(damaged))


def chosen_for(run: RunFolder) -> dict[str, str]:
    """What a run's command chose, without where and how it was run: `{"task": "esc10"}`."""
    words = run.environment.get("overrides") or ()
    pairs = (str(word).lstrip("+").partition("=") for word in words)
    chosen = {
        _short(key): value.strip("'")
        for key, _, value in pairs
        if key.partition(".")[0].partition("/")[0] not in _NOT_TOLD
    }
    return {**chosen, "seed": str(run.config["seed"])} if run.config.get("seed") else chosen


def _short(key: str) -> str:
    """A key as a column: `task@job.task` is task, `sounds@job.reference` is sounds (reference)."""
    group, _, node = key.partition("@")
    last = (node or group).rpartition(".")[2]
    group = group.rpartition(".")[2]
    return group if not node or last == group else f"{group} ({last})"


def explanation(experiment: str, conf: Path = CONF) -> str:
    """What an experiment file says about itself: the paragraphs of its header but the command.

    Empty where there is no such file any more.
    """
    path = conf / "experiment" / f"{experiment}.yaml"
    if not path.is_file():
        return ""
    lines = []
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").removeprefix(" ").rstrip())
    told = "\n".join(lines).replace("@package _global_", "")
    paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", told))
    kept = [
        part
        for part in paragraphs
        if part and not part.startswith(("python -m", "Minutes", "sounds@", "embedder@"))
    ]
    return "\n\n".join(kept)


def key_metrics(run: RunFolder, most: int = 10) -> dict[str, float]:
    """The metrics to show first: whole results before those of parts, without interval ends."""
    finite = {name: value for name, value in run.metrics.items() if math.isfinite(value)}
    ends = ("_low", "_high", "_min", "_max")
    names = [name for name in finite if not name.endswith(ends)]
    # Whole results first, then one of each part in turn: start/error, end/error, start/loss, ...
    seen: Counter[tuple[int, str]] = Counter()
    order = {}
    for name in names:
        part = (name.count("/"), name.partition("/")[0] if "/" in name else "")
        order[name] = (part[0], seen[part])
        seen[part] += 1
    names.sort(key=order.__getitem__)
    return {name: finite[name] for name in names[:most]}
