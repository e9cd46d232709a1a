"""Paragraphs and pictures."""

from scripts.runtime.page.element import Markup, join, tag
from scripts.runtime.page.media import data_uri


def paragraphs(text: str) -> Markup:
    """Text whose empty lines part paragraphs."""
    return join(*(tag("p", part.strip()) for part in text.split("\n\n") if part.strip()))


def image(png: bytes, alt: str, caption: str = "") -> Markup:
    """A PNG as a figure."""
    picture = tag("img", src=data_uri(png, "image/png"), alt=alt)
    return tag("figure", picture, tag("figcaption", caption) if caption else None, class_="image")
