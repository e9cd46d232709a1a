"""A comparison as Markdown, CSV, a page and Figure 7's panels: curves above accuracies."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib.figure import Figure

from eval.statistics.estimate import Estimate
from scripts.runtime.page import Page
from scripts.tables.arms import Arm
from scripts.tables.arms_measured import FIRST, Measured
from scripts.tables.show import markdown_table

__all__ = ["arms_as_csv", "arms_as_markdown", "arms_as_page", "draw_arms"]

COLOURS = ("#64748b", "#b45309", "#047857", "#7c3aed", "#1d4ed8", "#c2410c", "#be185d", "#0e7490")


def arms_as_markdown(found: Measured) -> str:
    """The table with what it says below it."""
    table = found.table
    head, rows = _table(found)
    parts = [f"# {table.title}", f"{table.number}.", table.text.strip()]
    parts += [markdown_table(head, rows), *_notes(found)]
    return "\n\n".join(parts) + "\n"


def arms_as_page(found: Measured, png: bytes) -> Page:
    """The table and the figure as a page."""
    table = found.table
    page = Page(table.title, f"{table.number}.\n\n{table.text}")
    page.figure(png, f"Best scores by generation, and accuracies, of {_names(found)}")
    head, rows = _table(found)
    page.table(head, [[cell.replace("**", "") for cell in row] for row in rows])
    page.text("\n\n".join(note.replace("**", "").replace("`", "") for note in _notes(found)))
    return page


def arms_as_csv(found: Measured) -> str:
    """One line an arm and quantity."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = ["arm", "quantity", "value", "low", "high", "scale", "prompts", "seeds", "seeds_wanted"]
    writer.writerow([*names, "runs", "revisions"])
    wanted = len(found.table.seeds[found.scale])
    for arm in found.table.arms:
        scores = found.scores.get(arm.key)
        for title, value in _quantities(found):
            estimate = value(arm)
            cells = ["" if math.isnan(x) else repr(round(x, 8)) for x in estimate]
            counts = [0, 0] if scores is None else [len(scores.prompts), len(scores.seeds)]
            runs = () if scores is None else scores.runs
            made = " ".join(run.path.name for run in runs)
            code = " ".join(sorted({str(run.revision)[:10] for run in runs}))
            writer.writerow([arm.title, title, *cells, found.scale, *counts, wanted, made, code])
    return text.getvalue()


def draw_arms(found: Measured) -> Figure:
    """Curves with 95 % bands above, accuracies with intervals below; what was not run is said."""
    figure = Figure(figsize=(7.0, 6.6), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(3, 2))
    for place, arm in enumerate(found.table.arms):
        scores = found.scores.get(arm.key)
        if scores is None:
            continue
        colour = COLOURS[place % len(COLOURS)]
        mean, low, high = scores.band()
        at = np.arange(1, len(mean) + 1)
        above.plot(at, mean, color=colour, label=arm.title)
        above.fill_between(at, low, high, color=colour, alpha=0.15, linewidth=0)
    above.set(xlabel="generation", ylabel="best score so far, mean")
    has_classes = any("class/rank" in scores.columns for scores in found.scores.values())
    bars = found.accuracy if has_classes else found.first_ten
    label = "accuracy among the prompts" if has_classes else f"class among the first {FIRST}"
    for place, arm in enumerate(found.table.arms):
        value, low, high = bars(arm)
        if math.isnan(value):
            said = "not run" if arm.key not in found.scores else "no class"
            below.text(place, 0.02, said, ha="center", color="#64748b", fontsize=9)
            continue
        below.bar(place, value, 0.62, color=COLOURS[place % len(COLOURS)])
        below.plot([place, place], [low, high], color="#1c1917", linewidth=1.3)
    titles = [arm.title.replace(" (", "\n(") for arm in found.table.arms]
    below.set_xticks(range(len(titles)), titles)
    below.set(ylabel=label, ylim=(0, 1))
    for axes in (above, below):
        axes.grid(axis="y", color="#e2e8f0", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    if found.scores:
        above.legend(frameon=False, fontsize=9, loc="lower right", ncols=2)
    else:
        above.text(
            0.5, 0.5, "nothing of ours has been run yet", transform=above.transAxes, ha="center"
        )
    kind = "paper scale" if found.scale == "paper" else f"scale={found.scale}, not the paper's"
    figure.suptitle(f"{found.table.title} ({kind})", fontsize=11)
    return figure


def _quantities(found: Measured) -> list[tuple[str, Callable[[Arm], Estimate]]]:
    """What is told of every arm."""
    judges = [
        (f"judge {name}", lambda arm, name=name: found.judge(arm, name)) for name in found.judges
    ]
    best = found.table.reference.title
    return [
        ("score", found.score),
        (f"less {best}, in pairs", found.behind),
        ("best for prompts", lambda arm: Estimate(found.wins(arm))),
        ("median rank", lambda arm: Estimate(found.median_rank(arm))),
        (f"class among first {FIRST}", found.first_ten),
        ("accuracy among the prompts", found.accuracy),
        *judges,
    ]


def _table(found: Measured) -> tuple[list[str], list[list[str]]]:
    """Heads and rows; a quantity that no run has is left out."""
    quantities = [
        (title, value)
        for title, value in _quantities(found)
        if not found.scores or any(not math.isnan(value(arm).value) for arm in found.table.arms)
    ]
    head = [found.table.corner, *(title for title, _ in quantities)]
    rows = [
        [arm.title, *(_written(found, arm, title, value(arm)) for title, value in quantities)]
        for arm in found.table.arms
    ]
    return head, rows


def _written(found: Measured, arm: Arm, title: str, estimate: Estimate) -> str:
    """`**-2.31** [-2.60, -2.05]`, a whole number, "not run", or a dash."""
    if arm.key not in found.scores:
        return "not run"
    if math.isnan(estimate.value):
        return "–"
    if title == "best for prompts":
        return f"{estimate.value:.0f}"
    if title == "median rank":
        return f"{estimate.value:g}"
    if math.isnan(estimate.low):
        return f"**{estimate.value:.3f}**"
    return f"**{estimate.value:.3f}** [{estimate.low:.3f}, {estimate.high:.3f}]"


def _notes(found: Measured) -> Iterator[str]:
    """What must stand below: how it was made, whether the paper's order holds, what is missing."""
    table, states = found.table, found.states
    done = sum(state.status == "done" for state in states)
    n_prompts = max((len(scores.prompts) for scores in found.scores.values()), default=0)
    prompts = f" of {n_prompts} prompts" if n_prompts else ""
    yield (
        f"Ours: scale={found.scale}{prompts}, {len(table.seeds[found.scale])} seeds, {done} of "
        f"{len(states)} runs done. In brackets: 95 % bootstrap intervals over prompts and runs (of "
        "a share of 0 or 1 Wilson's, by prompts); differences prompt by prompt and seed by seed. "
        "Score: mean best score of the judge that was searched with; other judges did not take "
        "part in the search."
    )
    if found.scale != "paper" and done:
        yield "**None of ours was run at paper scale**: a difference is no failed reproduction."
    if verdict := _verdict(found):
        yield verdict
    partly = [
        f"{arm.title} {len(found.scores[arm.key].seeds)}"
        for arm in table.arms
        if arm.key in found.scores
        and len(found.scores[arm.key].seeds) < len(table.seeds[found.scale])
    ]
    if partly:
        yield f"Seeds that are there of {len(table.seeds[found.scale])}: {', '.join(partly)}."
    runs = [run for scores in found.scores.values() for run in scores.runs]
    if runs:
        yield f"Made by revision {', '.join(sorted({str(run.revision)[:10] for run in runs}))}."
    missing = [state for state in states if state.status == "not run"]
    if missing:
        yield (
            f"{len(missing)} runs are missing: `python -m scripts.tables {table.name} --scale "
            f"{found.scale} --run` makes them, `--list` names their commands."
        )
    others = [s for s in states if s.status not in ("done", "not run")]
    details = dict.fromkeys([*found.problems, *(f"{s.status}: {s.detail}" for s in others)])
    if details:
        yield f"Problems: {'; '.join(list(details)[:5])}."


def _verdict(found: Measured) -> str:
    """Whether the arm that the paper found best is the best of ours, where several were run."""
    table, best = found.table, found.table.best
    others = [arm for arm in table.arms if arm.key in found.scores and arm.key != best]
    if best not in found.scores or not others:
        return ""
    differences = {arm.title: found.behind(arm) for arm in others}
    title = table.reference.title
    nearest, gap = max(differences.items(), key=lambda item: item[1].value)
    size = f"{abs(gap.value):.3f} [{min(abs(gap.low), abs(gap.high)):.3f}, "
    size += f"{max(abs(gap.low), abs(gap.high)):.3f}]"
    if gap.high < 0:
        return f"The paper's best, {title}, is the best here too, by {size} over {nearest}."
    if gap.low > 0:
        return f"The paper's best, {title}, is not the best here: {nearest} is, by {size}."
    ahead = "ahead of" if gap.value < 0 else "behind"
    return (
        f"The paper's best, {title}, is {ahead} {nearest} by {abs(gap.value):.3f}, and the "
        f"interval [{gap.low:.3f}, {gap.high:.3f}] of {nearest} less {title} holds 0: no "
        "difference for sure."
    )


def _names(found: Measured) -> str:
    return ", ".join(arm.title for arm in found.table.arms)
