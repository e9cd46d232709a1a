"""What a tuning leaves: the tuned values as a file, a table of trials, pictures and a page."""

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ctag.strategies.base import Strategy
from eval.harness.files import write_text
from scripts.jobs.comparing import write_csv
from scripts.jobs.pages import footer, publish
from scripts.jobs.picture import png
from scripts.jobs.tune.figures import progress_of, slices
from scripts.jobs.tune.space import POPULATION, Space, with_values
from scripts.jobs.tune.trial import Trial
from scripts.jobs.tune.values import name_of
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["write_report"]


def write_report(
    run: "Run",
    strategy: Strategy,
    space: Space,
    trials: Sequence[Trial],
    said: str,
    page: Path | None,
) -> dict[str, float]:
    """Write everything, and give the metrics: the best trial's score, number and values.

    Args:
        run: the tuning.
        strategy: what was tuned, with its values before.
        space: the ranges.
        trials: all of them, over.
        said: what was done, in a sentence without its end.
        page: where a copy of the page goes; None: nowhere.

    Raises:
        UserError: all trials failed.
    """
    ended = [trial for trial in trials if trial.score is not None]
    if not ended:
        raise UserError(f"all {len(trials)} trials failed, the last one: {trials[-1].reason}")
    best = max(ended, key=lambda trial: trial.score or 0.0)
    name = name_of(strategy)
    write_text(run.artifact(f"{name}.yaml"), _as_config(run, strategy, space, best, said))
    keys = [POPULATION, *space.ranges]
    rows = [
        [t.number, t.made_by, *(t.values[key] for key in keys), t.score, t.reason] for t in trials
    ]
    columns = ["trial", "made_by", *keys, "score", "failed"]
    write_csv(run, "trials.csv", columns, [["" if v is None else v for v in row] for row in rows])
    run.tracker.table("trials", columns, rows)
    _write_page(run, name, space, trials, best, said, page)
    return {
        "score": best.score or 0.0,
        "score_median": _median([trial.score or 0.0 for trial in ended]),
        "best_trial": float(best.number),
        "trials": float(len(trials)),
        "trials_failed": float(len(trials) - len(ended)),
        **{f"value/{key}": float(value) for key, value in best.values.items()},
    }


def _as_config(run: "Run", strategy: Strategy, space: Space, best: Trial, said: str) -> str:
    """The tuned strategy in the form of conf/strategy."""
    own = {key: value for key, value in best.values.items() if key != POPULATION}
    node: dict[str, Any] = with_values(run.config["job"]["trial"]["strategy"], own)
    scorer = run.config["job"]["trial"]["scorer"]["_target_"].rpartition(".")[2]
    told = [
        f"Chooses the search strategy: {name_of(strategy)}, tuned by run {run.hash} of "
        f"{run.experiment} at scale={run.config['scale']}, judged by {scorer}: {said}.",
        f"Trial {best.number} had the best mean score, {best.score:.6g}, with population "
        f"{best.values[POPULATION]:g}, which a strategy's file does not set: "
        f"job.population={best.values[POPULATION]:g}.",
    ]
    if space.without_counterpart:
        lost = ", ".join(space.without_counterpart)
        told.append(f"Tuned in the paper and without a counterpart in evosax 0.3: {lost}.")
    told.append(
        "tuned=PATH uses this file, or its folder, in ctag/ablation_strategies and its kin."
    )
    lines = [f"# {line}" for text in told for line in textwrap.wrap(text, 97)]
    return "\n".join(lines) + "\n" + yaml.safe_dump(node, sort_keys=False, width=100)


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _write_page(
    run: "Run",
    name: str,
    space: Space,
    trials: Sequence[Trial],
    best: Trial,
    said: str,
    copy: Path | None,
) -> None:
    """Show how the search for hyperparameters went."""
    page = Page(
        f"{name}, tuned",
        f"{said}.\n\nThe score of a trial is the mean over prompts of the best score, and the "
        "highest of many such is an optimistic guess of what its values are worth: compare them "
        "with the published ones on seeds that the tuning did not use "
        f"(experiment=ctag/ablation_strategies strategy={name} tuned=paper and tuned=PATH).",
        footer=footer(run),
    )
    chosen = [(key, f"{value:.6g}") for key, value in best.values.items()]
    page.table(["tuned", "value"], [*chosen, ["score", f"{best.score:.6g}"]], "The best trial")
    if space.without_counterpart:
        page.text(
            "Tuned in the paper and without a counterpart in evosax 0.3: "
            f"{', '.join(space.without_counterpart)}."
        )
    page.figure(
        png(run, "trials.png", progress_of(trials)),
        f"Score of each of {len(trials)} trials and the best so far",
        "A dot a trial, the line is the best so far, crosses at the bottom failed.",
    )
    page.figure(
        png(run, "slices.png", slices(trials, best)),
        f"Scores against {', '.join(best.values)}",
        "A dot a trial, later ones darker; the ring is the best.",
    )
    failed = [trial for trial in trials if trial.score is None]
    if failed:
        page.section("Trials that failed")
        page.table(["trial", "why"], [[trial.number, trial.reason] for trial in failed])
    page.section("All trials", "Of each there is a run in the folder trials/.")
    page.table(
        ["trial", "made by", *best.values, "score"],
        [
            [
                t.number,
                t.made_by,
                *(f"{value:.4g}" for value in t.values.values()),
                "failed" if t.score is None else f"{t.score:.4f}",
            ]
            for t in sorted(trials, key=lambda t: -math.inf if t.score is None else t.score)[::-1]
        ],
    )
    publish(run, page, copy)
