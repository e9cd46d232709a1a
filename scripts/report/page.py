"""The report: sections of tables and findings, then one of every experiment that was run."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Sequence, Set
from pathlib import Path

from scripts.report.gather import Finished, chosen_for, explanation, gather, key_metrics
from scripts.report.media import Budget, evenly, picture, player
from scripts.runtime.errors import UserError, in_one_line
from scripts.runtime.folders import RunFolder
from scripts.runtime.page import Card, Page
from scripts.runtime.page.element import Markup, tag
from scripts.runtime.page.table import number, table
from scripts.tables.build import build, cells_of, find_table
from scripts.tables.cells import look
from scripts.tables.definition import names

__all__ = ["report"]

MOST_BYTES = 13_000_000
"""Of pictures and sounds; the page with its text stays below 15 MB."""
CARDS = 3  # of an experiment's runs that are shown with pictures and sounds
PICTURES, SOUNDS, TABLES = 4, 6, 3  # of a run
ROWS = 12  # of a table that is longer
COLUMNS = 8
SOUND_FILES = (".wav", ".flac", ".mp3", ".ogg")
NOT_SHOWN = ("wandb", "checkpoints", "cache")


def report(
    outputs: Path, place: Path, with_tables: bool = True, most_bytes: int = MOST_BYTES
) -> Page:
    """A page of everything that is finished.

    Args:
        outputs: the folder that holds `runs/` and `published/runs/`.
        place: where the page goes, for links to the runs' own pages.
        with_tables: build the papers' tables too, those of which something was run.
        most_bytes: that pictures and sounds may take.

    Raises:
        UserError: nothing is finished.
    """
    found = gather(outputs)
    if not any(item.results or item.tries for item in found):
        raise UserError(f"nothing is finished in {outputs}: run an experiment first, make demo")
    budget = Budget(most_bytes)
    page = Page("What was run, and what came out", _introduction(found))
    page.contents()
    if with_tables:
        _tables(page, outputs, {item.experiment for item in found if item.results})
    for item in found:
        if item.results:
            _experiment(page, item, place, budget)
    _tries(page, found)
    _left_out(page, found, budget)
    page.footer = "Made by python -m scripts.report from the run folders alone."
    return page


def _introduction(found: Sequence[Finished]) -> str:
    """How much there is, and how to read it."""
    runs = [run for item in found for run in item.results]
    seconds = sum(float(run.environment.get("seconds") or 0.0) for run in runs)
    scales = Counter(str(run.results["scale"]) for run in runs)
    told = " and ".join(f"{count} at scale={scale}" for scale, count in sorted(scales.items()))
    experiments = sum(bool(item.results) for item in found)
    return (
        f"{len(runs)} finished run{'s' if len(runs) != 1 else ''} of {experiments} experiments"
        f"{f' ({told})' if told else ''}, {_duration(seconds)} of computing.\n\n"
        "scale=small answers a question roughly on a laptop, scale=paper is what the papers ran. "
        "Every number comes from a run folder, whose name is the hash of its settings; nothing "
        "is filled in."
    )


def _tables(page: Page, outputs: Path, experiments: Set[str]) -> None:
    """The papers' tables of which at least one cell was run, at each scale."""
    for name in names():
        definition = find_table(name)
        if not any(cell.experiment in experiments for cell in cells_of(definition)):
            continue
        for scale in ("paper", "small"):
            cells = cells_of(definition, scale)
            states = look(cells, scale, outputs)
            if not any(state.status == "done" for state in states.values()):
                continue
            built = build(definition, scale, states)
            page.section(f"{definition.title} ({scale})", f"{definition.number}, make {name}.")
            page.parts += built.page.parts


def _experiment(page: Page, item: Finished, place: Path, budget: Budget) -> None:
    """A section: what the experiment is, its runs in a table, some of them in full."""
    page.section(item.experiment, explanation(item.experiment))
    if len(item.results) > 1:
        columns, rows = _compared(item.results)
        page.table(columns, rows, f"{len(item.results)} runs")
    shown = list(item.results[:CARDS])
    for run in shown:
        _card(page, item.experiment, run, place, budget)
    if len(item.results) > len(shown):
        page.text(f"{len(item.results) - len(shown)} more runs are in the table only.")


def _compared(runs: Sequence[RunFolder]) -> tuple[list[str], list[list[object]]]:
    """What the runs chose and their first metrics, a row a run."""
    choices = [chosen_for(run) for run in runs]
    keys = list(dict.fromkeys(key for choice in choices for key in choice))
    metrics = list(dict.fromkeys(name for run in runs for name in key_metrics(run, COLUMNS)))
    metrics = metrics[:COLUMNS]
    rows: list[list[object]] = [
        [run.path.name, run.results["scale"]]
        + [choice.get(key, "") for key in keys]
        + [_or_none(run.metrics.get(name)) for name in metrics]
        for run, choice in zip(runs, choices, strict=True)
    ]
    return ["run", "scale", *keys, *metrics], rows


def _or_none(value: float | None) -> object:
    return "" if value is None else value


def _card(page: Page, experiment: str, run: RunFolder, place: Path, budget: Budget) -> None:
    """One run: stamps, key metrics, pictures, sounds, tables, all metrics folded away."""
    chosen = ", ".join(f"{key} {value}" for key, value in chosen_for(run).items())
    scale = str(run.results["scale"])
    card = page.card(chosen or experiment, _stamps(run), scale, wide=True)
    card.facts((name, number(value)) for name, value in key_metrics(run).items())
    files = [path for path in sorted(run.path.rglob("*")) if _is_shown(path, run.path)]
    pictures = [path for path in files if path.suffix == ".png"]
    for path in evenly(pictures, PICTURES):
        _add(card, picture(path, f"{_label(path)} of {experiment}", budget))
    players = [
        player(path, _label(path), budget)
        for path in evenly([p for p in files if p.suffix in SOUND_FILES], SOUNDS)
    ]
    if any(players):
        card.blocks.append([tag("div", sound, class_="sound") for sound in players if sound])
    for path in evenly([p for p in files if p.suffix == ".csv"], TABLES):
        _add_table(card, path)
    metrics = [[name, number(value)] for name, value in run.metrics.items()]
    card.fold(f"All {len(metrics)} metrics", table(["metric", "value"], metrics))
    whole = run.path / "index.html"
    if whole.is_file():
        href = Path(os.path.relpath(whole, place.parent)).as_posix()
        link = tag("a", "The run's own page, with everything", href=href)
        card.blocks.append(tag("p", link, class_="download"))


def _add(card: Card, block: Markup | None) -> None:
    if block is not None:
        card.blocks.append(block)


def _add_table(card: Card, path: Path) -> None:
    """The first rows of a CSV file, folded away."""
    try:
        with path.open(newline="", encoding="utf-8") as handle:
            columns, *rows = csv.reader(handle)
        shown = table(columns, [[_cell(text) for text in row] for row in rows[:ROWS]])
    except (OSError, ValueError) as error:
        card.text(f"{path.name} cannot be shown: {in_one_line(error)}")
        return
    some = f"the first {ROWS} of {len(rows)} rows" if len(rows) > ROWS else f"{len(rows)} rows"
    card.fold(f"{_label(path)}, {some}", shown)


def _cell(text: str) -> object:
    """A number where a CSV's text is one."""
    try:
        return float(text)
    except ValueError:
        return text


def _is_shown(path: Path, folder: Path) -> bool:
    inside = path.relative_to(folder).parts
    return path.is_file() and not any(p in NOT_SHOWN or p.startswith(".") for p in inside)


def _label(path: Path) -> str:
    """A file's name as words."""
    return path.stem.replace("_", " ").replace("-", " ")


def _stamps(run: RunFolder) -> str:
    """Seconds, device, assets, revision and hash in a line."""
    environment = run.environment
    machine = (environment.get("machine") or {}).get("processor", "")
    devices = ", ".join(environment.get("devices") or ()) or machine
    dirty = " with changes" if (environment.get("git") or {}).get("dirty") else ""
    parts = [
        _duration(float(environment.get("seconds") or 0.0)),
        devices,
        f"assets {run.results['assets']}",
        f"revision {run.revision[:10]}{dirty}" if run.revision else "revision not known",
        f"run {run.path.name}",
    ]
    return " · ".join(part for part in parts if part)


def _tries(page: Page, found: Sequence[Finished]) -> None:
    """Names the runs that are no results, without their numbers."""
    tries = [(item.experiment, len(item.tries)) for item in found if item.tries]
    if tries:
        page.section(
            "Tried out",
            "Runs at scale=smoke or with stand-ins for weights and data show that the code runs. "
            "They are no results, so their numbers are not shown.",
        )
        page.table(["experiment", "runs"], tries)


def _left_out(page: Page, found: Sequence[Finished], budget: Budget) -> None:
    """Names what could not be read, and counts what found no room."""
    damaged = [line for item in found for line in item.damaged] + list(budget.damaged)
    if damaged:
        page.section("Damaged", "These could not be read, and nothing above comes from them.")
        page.table(["file or folder, and why"], [[line] for line in damaged])
    if budget.pictures or budget.sounds:
        page.text(
            f"{budget.pictures} pictures and {budget.sounds} sounds found no room on this page; "
            "they are in the run folders."
        )


def _duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> [_duration(seconds) for seconds in (4.2, 90.0, 5400.0)]
    ['4 s', '1.5 min', '1.5 h']
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
