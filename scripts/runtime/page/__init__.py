"""One self-contained HTML file with sounds, spectrograms, curves and patches.

The file needs no network and nothing beside it, and holds no script: its own content policy lets a
browser load only what is written into it.
"""

from scripts.runtime.page.card import Card
from scripts.runtime.page.page import Page

__all__ = ["Card", "Page"]
