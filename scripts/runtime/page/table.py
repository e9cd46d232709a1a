"""Tables: plain ones, and a synthesizer's settings grouped by module."""

from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np

from scripts.runtime.page.element import Markup, tag

PatchRow = tuple[str, str, float | str, str]
LONG = 24  # letters of a cell above which it may wrap


def patch(rows: Iterable[PatchRow], title: str) -> Markup:
    """Settings of a synthesizer, folded away: rows of module, parameter, value and unit.

    Values are in human units. Neighbouring rows of one module share a small table. Raises
    ValueError where there is no row.
    """
    rows = list(rows)
    if not rows:
        raise ValueError(f"{title!r} has no parameters to show")
    modules = [
        tag("table", tag("caption", module), tag("tbody", *(setting(*row[1:]) for row in members)))
        for module, members in groupby(rows, key=lambda row: row[0])
    ]
    count = tag("span", f"{len(rows)} parameters", class_="count")
    summary = tag("summary", title, count)
    return tag("details", summary, tag("div", *modules, class_="modules"), class_="patch")


def setting(parameter: str, value: float | str, unit: str) -> Markup:
    """One row of a patch."""
    return tag(
        "tr",
        tag("th", parameter, scope="row"),
        tag("td", number(value), tag("span", unit, class_="unit") if unit else None),
    )


def number(value: object) -> str:
    """A value as people read it: numbers with four digits that count, no exponent where avoidable.

    >>> [number(value) for value in (1 / 3, 440.0, 12345.678, -0.00012, 7, "saw")]
    ['0.3333', '440', '12346', '-0.00012', '7', 'saw']
    """
    if value is None:
        return ""
    if isinstance(value, str | bool | int):
        return str(value)
    real = float(value)  # type: ignore[arg-type]
    if not np.isfinite(real):
        return str(real)
    digits = max(4, len(str(int(abs(real)))))
    text = f"{real:.{digits}g}"
    return "0" if text in ("-0", "0") else text


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> Markup:
    """A table that scrolls sideways on its own where it is wider than the screen.

    A column whose values are all numbers is aligned to the right. Raises ValueError where a row has
    not one value a column.
    """
    rows = [list(row) for row in rows]
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"a row of {len(row)} values under {len(columns)} columns: {row}")
    kinds = [kind([row[place] for row in rows]) for place in range(len(columns))]
    heads = (
        tag("th", column, scope="col", class_=look)
        for column, look in zip(columns, kinds, strict=True)
    )
    body = (
        tag(
            "tr",
            *(
                tag("td", number(value), class_=look)
                for value, look in zip(row, kinds, strict=True)
            ),
        )
        for row in rows
    )
    content = tag(
        "table",
        tag("caption", title) if title else None,
        tag("thead", tag("tr", *heads)),
        tag("tbody", *body),
    )
    # Focusable, so that it can be scrolled from the keyboard.
    name = title or "Table"
    return tag("div", content, class_="scroll", tabindex=0, role="region", aria_label=name)


def kind(values: Sequence[object]) -> str | None:
    """How a column is set: numbers to the right, long text wide enough to be read."""
    if values and not any(isinstance(value, str | None) for value in values):
        return "number"
    return "long" if any(len(str(value)) > LONG for value in values) else None
