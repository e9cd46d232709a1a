"""A filled table as Markdown, as CSV and as a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from scripts.runtime.page import Page
from scripts.tables.definition import Line
from scripts.tables.fill import Entry, Filled
from scripts.tables.published import Published

__all__ = ["as_csv", "as_markdown", "as_page", "entry_text", "footnotes", "markdown_table"]

CSV_COLUMNS: tuple[str, ...] = (
    "group", "row", "column", "ours", "low", "high", "interval", "published", "difference",
    "unit", "scale", "seeds", "seeds_wanted", "seeds_inside", "status", "runs", "revisions",
    "problem",
)  # fmt: skip


def as_markdown(filled: Filled, published: Published | None) -> str:
    """The table with what it says below it: scale, seeds, what was not run, sources."""
    table = filled.table
    head = [table.corner, *(_head(column, table.unit) for column in table.columns)]
    rows: list[list[str]] = []
    group = ""
    for row in table.rows:
        if row.group != group:
            group = row.group
            rows.append([f"*{group}*", *("" for _ in table.columns)])
        rows.append([row.name, *(entry_text(filled, filled.entry(row, c)) for c in table.columns)])
    parts = [f"# {table.title}", f"{table.number}.", table.text.strip()]
    parts += [markdown_table(head, rows), *footnotes(filled, published)]
    return "\n\n".join(part for part in parts if part) + "\n"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under a head as a Markdown table; a bar inside a cell is escaped."""

    def line(cells: Sequence[str]) -> str:
        escaped = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
        return f"| {' | '.join(escaped)} |"

    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, rows)])


def entry_text(filled: Filled, entry: Entry) -> str:
    """An entry as it is read, `17.20 [16.90, 17.50] (paper 17.39, -0.19)`, or "not run"."""
    digits = filled.table.digits if entry.column.digits is None else entry.column.digits
    paper = "" if entry.published is None else f"paper {entry.published:.{digits}f}"
    if entry.ours is None:
        if entry.status == "published only":
            return paper or "–"
        return f"not run ({paper})" if paper else "not run"
    text = f"**{entry.ours:.{digits}f}**"
    if entry.low is not None and entry.high is not None:
        text += f" [{entry.low:.{digits}f}, {entry.high:.{digits}f}]"
    if entry.difference is not None:
        text += f" ({paper}, {entry.difference:+.{digits}f})"
    if entry.n_seeds < entry.n_wanted:
        text += f" {entry.n_seeds} of {entry.n_wanted} seeds"
    return text


def footnotes(filled: Filled, published: Published | None) -> Iterator[str]:
    """What must stand below a table: how it was made, what is missing, where figures come from."""
    table, count = filled.table, len(filled.states)
    seeds = f"{len(table.seeds)} seed{'s' if len(table.seeds) > 1 else ''}"
    repeats = sorted({_repeats(entry, table.repeats) for entry in filled.entries} - {""})
    inside = f", {_list(repeats)} fits with different seeds in each run" if repeats else ""
    better = "" if table.better == "neither" else f" {table.better.capitalize()} is better."
    yield (
        f"Ours in bold: scale={filled.scale}, {seeds} an entry ({_list(table.seeds)}){inside}, "
        f"{filled.done} of {count} run{'' if count == 1 else 's'} done.{_intervals(filled)}{better}"
    )
    if filled.scale != "paper" and filled.done:
        yield "**None of ours was run at paper scale**: a difference is no failed reproduction."
    revisions = sorted({str(run.revision)[:10] for entry in filled.entries for run in entry.runs})
    if revisions:
        yield f"Made by revision {_list(revisions)}."
    waiting = [row.name for row in table.rows if row.waits_for]
    if waiting:
        reasons = dict.fromkeys(row.waits_for for row in table.rows if row.waits_for)
        yield f"Not run, {'; '.join(reasons)}: {', '.join(waiting)}."
    missing = [state for state in filled.states if state.status == "not run"]
    if missing:
        yield (
            f"{len(missing)} runs are missing: `python -m scripts.tables {table.name} "
            f"--scale {filled.scale} --run` makes them, `--list` names their commands."
        )
    for status in ("damaged", "not a result", "cannot be planned"):
        found = [state for state in filled.states if state.status == status]
        if found:
            details = dict.fromkeys(part for state in found for part in state.detail.split("; "))
            more = f" (and {len(details) - 5} more)" if len(details) > 5 else ""
            yield f"{len(found)} runs, {status}: {'; '.join(list(details)[:5])}{more}."
    if published is not None:
        yield "Published figures: " + " ".join(published.notes)


def _intervals(filled: Filled) -> str:
    """What the intervals of a table are."""
    kinds = {entry.interval for entry in filled.entries}
    words = []
    if "seeds" in kinds:
        words.append("In brackets: 95 % intervals over seeds by Student's t.")
    if "run" in kinds:
        words.append(f"In brackets: {filled.table.range}.")
    return "".join(f" {word}" for word in words)


def _repeats(entry: Entry, metric: str) -> str:
    """How many seeds the runs of an entry have within themselves; empty where they do not say."""
    if not metric or not entry.runs:
        return ""
    return _list(sorted({f"{run.metrics.get(metric, 1):g}" for run in entry.runs}))


def _plain(filled: Filled, entry: Entry) -> str:
    return entry_text(filled, entry).replace("**", "")


def _head(line: Line, unit: str) -> str:
    unit = unit if line.unit is None else line.unit
    return f"{line.name}, {unit}" if unit else line.name


def _list(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))


def as_csv(filled: Filled) -> str:
    """One line an entry, with everything that is known of it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for e in filled.entries:
        unit = filled.table.unit if e.column.unit is None else e.column.unit
        numbers = [e.ours, e.low, e.high]
        revisions = " ".join(sorted({str(run.revision)[:10] for run in e.runs}))
        writer.writerow(
            [e.row.group, e.row.name, e.column.name]
            + ["" if number is None else repr(round(number, 10)) for number in numbers]
            + [e.interval, "" if e.published is None else e.published]
            + ["" if e.difference is None else repr(round(e.difference, 10))]
            + [unit, filled.scale, e.n_seeds, e.n_wanted, _repeats(e, filled.table.repeats)]
            + [e.status.partition(":")[0]]
            + [" ".join(run.path.name for run in e.runs), revisions, e.problem]
        )
    return text.getvalue()


def as_page(
    filled: Filled, published: Published | None, figures: Sequence[tuple[bytes, str]]
) -> Page:
    """The table as a page.

    Args:
        filled: the table.
        published: the published figures.
        figures: PNG files and what each shows.
    """
    table = filled.table
    page = Page(table.title, f"{table.number}.\n\n{table.text}")
    for png, alt in figures:
        page.figure(png, alt)
    groups = list(dict.fromkeys(row.group for row in table.rows))
    for group in groups:
        page.table(
            [table.corner or " ", *(_head(column, table.unit) for column in table.columns)],
            [
                [row.name, *(_plain(filled, filled.entry(row, c)) for c in table.columns)]
                for row in table.rows
                if row.group == group
            ],
            group,
        )
    notes = (note.replace("**", "") for note in footnotes(filled, published))
    page.text("\n\n".join(notes).replace("Ours in bold:", "Ours:"))
    return page
