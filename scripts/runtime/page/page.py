"""A page: a title, what it shows, sections of cards, written as one file."""

import os
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from string import Template

from eval.harness.files import write_text
from scripts.runtime.page.card import Card
from scripts.runtime.page.element import Markup, join, render, tag
from scripts.runtime.page.table import table
from scripts.runtime.page.text import image, paragraphs


class Page:
    """A page in the making; blocks stand in the order of the calls.

    page = Page("Sounds from words", "Searched for with ...")
    card = page.card("rain", badge="score 0.83")
    card.sound(wave, 48000)
    page.write("outputs/demo/index.html")

    Every text is escaped. Paragraphs of `intro` and of a section's text are parted by empty lines.
    """

    def __init__(self, title: str, intro: str = "", footer: str = ""):
        if not title.strip():
            raise ValueError("a page needs a title")
        self.title, self.intro, self.footer = title, intro, footer
        self.parts: list[Markup | list[Card]] = []
        self.sections: list[str] = []
        self.has_contents = False

    def section(self, title: str, text: str = "") -> None:
        """Begins a section with a heading, to which contents() links."""
        self.sections.append(title)
        heading = tag("h2", title, id=f"section-{len(self.sections)}")
        self.parts.append(join(heading, tag("div", paragraphs(text), class_="lead")))

    def contents(self) -> None:
        """Puts links to all sections above the first part."""
        self.has_contents = True

    def card(self, title: str, subtitle: str = "", badge: str = "", wide: bool = False) -> Card:
        """Adds a card and gives it for filling; cards stand in a grid, a wide one fills a row."""
        card = Card(title, subtitle, badge, wide)
        if not (self.parts and isinstance(self.parts[-1], list)):
            self.parts.append([])
        self.parts[-1].append(card)  # type: ignore[union-attr]
        return card

    def text(self, text: str) -> None:
        """Adds paragraphs between sections or cards."""
        self.parts.append(tag("div", paragraphs(text), class_="lead"))

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = ""
    ) -> None:
        """Adds a table; numbers are aligned to the right."""
        self.parts.append(table(columns, rows, title))

    def figure(self, png: bytes, alt: str, caption: str = "") -> None:
        """Adds a picture that is a PNG already; alt says what it shows."""
        self.parts.append(image(png, alt, caption))

    def render(self) -> str:
        """The whole file."""
        folder = files("scripts.runtime.page")
        sections = (
            tag("div", *(card.render() for card in part), class_="cards")
            if isinstance(part, list)
            else part
            for part in self.parts
        )
        footer = tag("footer", paragraphs(self.footer), class_="foot") if self.footer else None
        return Template((folder / "page.html").read_text("utf-8")).substitute(
            title=render(self.title),
            style=(folder / "style.css").read_text("utf-8").strip(),
            intro=join(paragraphs(self.intro), self._links()),
            sections="\n".join(sections),
            footer=render(footer),
        )

    def _links(self) -> Markup | None:
        """Links to the sections, where contents() asked for them."""
        if not self.has_contents or not self.sections:
            return None
        links = (
            tag("li", tag("a", title, href=f"#section-{place}"))
            for place, title in enumerate(self.sections, 1)
        )
        return tag("nav", tag("ol", *links), class_="contents", aria_label="Contents")

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Writes the file whole or not at all, makes its folder, and gives its path."""
        path = Path(path)
        write_text(path, self.render())
        return path
