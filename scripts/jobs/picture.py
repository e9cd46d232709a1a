"""Figures as PNG files."""

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from eval.harness.files import write_bytes
from scripts.runtime.page import media

if TYPE_CHECKING:
    from scripts.runtime.run import Run


def png(run: "Run", name: str, figure: Figure) -> bytes:
    """Write a figure to the run's folder, and return the file's bytes."""
    data = media.png(figure)
    write_bytes(run.artifact(name), data)
    return data
