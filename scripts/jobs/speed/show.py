"""The results of a run as one HTML page."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from scripts.jobs.speed import report
from scripts.runtime.page import Page
from scripts.runtime.page.media import png

CAPTIONS = {
    "figure_2": "Time for 100 batches, times realtime and peak memory by batch size; medians, with "
    "least and greatest of the rounds. Dotted: writing the audio and nothing else.",
    "figure_3": "Times faster than each peer by batch size; medians of the ratios within rounds, "
    "with least and greatest. Short black lines: what was asked of us, over the faster peer.",
}


def page(results: report.Results, figures: Mapping[str, Figure]) -> Page:
    """Figures, then every table of the report, on a page that needs nothing beside it."""
    made = Page(
        "Rendering speed",
        report.introduction(results),
        footer="\n\n".join(results.notes),
    )
    for name, figure in figures.items():
        caption = next(text for start, text in CAPTIONS.items() if name.startswith(start))
        made.figure(png(figure), alt=name.replace("_", " "), caption=caption)
    for title, (columns, lines) in report.tables(results).items():
        made.table(columns, lines, title)
    return made
