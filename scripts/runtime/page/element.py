"""HTML elements built from Python values: everything is escaped unless it is markup already."""

import re
from html import escape
from typing import Self

VOID = frozenset({"br", "hr", "img", "link", "meta"})
NAME = re.compile(r"[a-z][a-z0-9-]*", re.IGNORECASE)


class Markup(str):
    """Text that is HTML already and is inserted as it stands."""

    def __add__(self, other: str) -> Self:
        return type(self)(str(self) + render(other))


def render(content: object) -> Markup:
    """HTML of one value: markup as it stands, None as nothing, anything else as escaped text."""
    if content is None:
        return Markup()
    return content if isinstance(content, Markup) else Markup(escape(str(content)))


def join(*contents: object) -> Markup:
    """HTML of several values, one after the other."""
    return Markup("".join(render(content) for content in contents))


def tag(name: str, *contents: object, **attributes: object) -> Markup:
    """One element, such as tag("p", "a < b", class_="note").

    An attribute's trailing underscore is dropped and inner ones become hyphens (aria_label). True
    writes the bare attribute, None and False leave it out. Raises ValueError for a name that HTML
    does not know as one, and for contents in an element that cannot have any.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"an element's name is letters, digits and hyphens, not {name!r}")
    opening = f"<{name}{''.join(attribute(*item) for item in attributes.items())}>"
    if name in VOID:
        if contents:
            raise ValueError(f"<{name}> has no contents, given {len(contents)}")
        return Markup(opening)
    return Markup(f"{opening}{join(*contents)}</{name}>")


def attribute(name: str, value: object) -> str:
    """One attribute with the space before it, as HTML, or nothing where its value is None."""
    name = name.rstrip("_").replace("_", "-")
    if not NAME.fullmatch(name):
        raise ValueError(f"an attribute's name is letters, digits and hyphens, not {name!r}")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value), quote=True)}"'
