"""Figures as PNG files."""

import io
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from eval.harness.files import write_bytes

if TYPE_CHECKING:
    from scripts.runtime.run import Run


def png(run: "Run", name: str, figure: Figure) -> bytes:
    """Write a figure to the run's folder, and return the file's bytes."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=144)
    write_bytes(run.artifact(name), file.getvalue())
    return file.getvalue()
