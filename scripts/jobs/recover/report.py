"""What a recovery leaves behind: tables, sounds, patches and a page."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from eval.harness.files import write_bytes, write_text
from scripts.jobs.pages import footer, publish
from scripts.jobs.recover.figures import course, overview
from scripts.jobs.recover.measures import (
    ENVELOPE_DB,
    PITCH_CENTS,
    Heard,
    Measures,
    ParameterError,
    measures_of,
    parameter_errors,
    summary,
    within,
)
from scripts.jobs.recover.signals import pitch_weight
from scripts.jobs.searching import write_sound
from scripts.runtime.page import Card, Page
from scripts.runtime.page.media import png
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run

NAMES = ("target", "start", "recovered")


@dataclass(frozen=True)
class Recovery:
    """Everything that is known at the end.

    Attributes:
        synth: what was played.
        columns: columns of theta that were recovered.
        heard: the targets, the starts and what was recovered.
        losses: (steps, patches).
    """

    synth: Synth
    columns: tuple[int, ...]
    heard: tuple[Heard, Heard, Heard]
    losses: Float[np.ndarray, "steps patches"]

    @cached_property
    def measures(self) -> tuple[Measures, Measures]:
        """The distances from the targets, at the start and at the end."""
        target, start, end = self.heard
        rate = self.synth.config.sample_rate
        return measures_of(target, start, rate), measures_of(target, end, rate)

    @cached_property
    def errors(self) -> list[ParameterError]:
        """The errors of every parameter that was recovered."""
        return parameter_errors(self.synth, self.columns, *self.heard)

    def figures(self) -> dict[str, float]:
        """Everything that is summed up in a number, at the start and at the end.

        The errors of the parameters are medians, in each one's unit.
        """
        figures: dict[str, float] = {}
        for when, measures in zip(("start", "end"), self.measures, strict=True):
            figures |= {f"{when}/{name}": value for name, value in summary(measures).items()}
        figures |= {f"start/{error.name}": error.start_median for error in self.errors}
        return figures | {f"end/{error.name}": error.end_median for error in self.errors}


def write(run: "Run", recovery: Recovery, shown: int) -> None:
    """Write everything to the run's folder; `shown` patches get sounds, patch files and cards."""
    write_text(run.artifact("recover.csv"), _csv(*_patch_table(recovery)))
    columns = ParameterError._fields
    write_text(run.artifact("parameters.csv"), _csv(columns, recovery.errors))
    run.tracker.table("parameters", columns, recovery.errors)
    page = _page(run, recovery)
    page.section("The first patches", "The dashed blue line is where the descent began.")
    for index in range(min(shown, recovery.losses.shape[1])):
        _card(run, page, recovery, index)
    publish(run, page, None)


def _patch_table(recovery: Recovery) -> tuple[list[str], list[list[Any]]]:
    """A row a patch: what was measured at the start and at the end, and what counts as found."""
    start, end = recovery.measures
    columns = [f"{name}_{when}" for name in Measures._fields for when in ("start", "end")]
    values = [series for pair in zip(start, end, strict=True) for series in pair]
    right = within(end)
    rows = [
        [index, *(series[index] for series in values), *(int(found[index]) for found in right)]
        for index in range(len(end.loss))
    ]
    return ["patch", *columns, "pitch_within_10_cents", "envelope_within_1_db"], rows


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([f"{v:.6g}" if isinstance(v, float | np.floating) else v for v in row])
    return table.getvalue()


def _page(run: "Run", recovery: Recovery) -> Page:
    start, end = recovery.measures
    figures = summary(start), summary(end)
    n = len(end.loss)
    goals = f"{ENVELOPE_DB:g} dB of the level over time"
    if "pitch_within_10_cents" in figures[1]:
        goals = f"{PITCH_CENTS:g} cents of the pitch and {goals}"
    page = Page(
        "Patches recovered by gradient descent",
        f"{n} random patches of {type(recovery.synth).__name__} were moved a little away from "
        f"where they were: {len(recovery.columns)} of {recovery.synth.n_params} parameters. "
        "From their sound alone, gradient descent through the synthesizer "
        f"brought {figures[1]['both_within']:.0%} of them back to within {goals}.",
        footer=footer(run),
    )
    titles = {
        "pitch_cents_median": "pitch error, cents, median",
        "pitch_cents_mean": "pitch error, cents, mean",
        "envelope_db_median": "envelope error, dB, median",
        "envelope_db_mean": "envelope error, dB, mean",
        "log_mel_db_median": "log-mel distance, dB, median",
        "loss_median": "loss, median",
        "pitch_within_10_cents": "patches within 10 cents",
        "envelope_within_1_db": "patches within 1 dB",
        "both_within": "patches within both",
    }
    rows = [
        (title, *(_share(name, each[name]) for each in figures))
        for name, title in titles.items()
        if name in figures[0]
    ]
    page.table(["", "start", "end"], rows, title=f"{n} patches")
    drawn = overview(start, end)
    run.tracker.figure("overview", drawn)
    write_bytes(run.artifact("overview.png"), png(drawn))
    page.figure(
        png(drawn),
        alt="Errors of pitch and envelope of every patch, at the end over the start",
        caption="Each dot is a patch; below the grey line it came nearer, below the green one it "
        "was found.",
    )
    page.table(
        ["parameter", "unit", "start, median", "start, mean", "end, median", "end, mean"],
        recovery.errors,
        title="Errors of the parameters. Key and tuning add up, and what is never heard cannot be "
        "recovered.",
    )
    return page


def _share(name: str, value: float) -> str | float:
    return f"{value:.0%}" if "within" in name else value


def _card(run: "Run", page: Page, recovery: Recovery, index: int) -> None:
    """One patch: its three sounds, its course, its loss and its parameters."""
    synth, rate = recovery.synth, recovery.synth.config.sample_rate
    start, end = recovery.measures
    title = f"Patch {index}"
    kinds = [
        ("pitch error", start.pitch_cents, end.pitch_cents, "cents"),
        ("envelope error", start.envelope_db, end.envelope_db, "dB"),
        ("log-mel distance", start.log_mel_db, end.log_mel_db, "dB"),
    ]
    facts = [
        (kind, f"{before[index]:.3g} → {after[index]:.3g} {unit}")
        for kind, before, after, unit in kinds
        if np.isfinite(after[index])
    ]
    found = all(right[index] for right in within(end))
    card = page.card(title, badge="recovered" if found else "not recovered", wide=True)
    patches = []
    for name, heard in zip(NAMES, recovery.heard, strict=True):
        stem, wave = f"{index:02d}-{name}", heard.sounds[index]
        patches.append(write_sound(run, stem, synth, heard.theta[index], wave, f"{title}, {name}"))
        run.tracker.audio(f"sounds/{stem}", wave, rate, f"{title}, {name}")
        card.sound(wave, rate, label=name)
    card.facts(facts)
    card.figure(png(_course(recovery, index)), alt=f"{title}: pitch and level")
    card.curve(recovery.losses[:, index].tolist(), "loss", "step")
    _parameters(card, recovery, index)
    card.download(f"patch-{index:02d}-recovered.yaml", patches[-1].text())


def _course(recovery: Recovery, index: int) -> Figure:
    pitches, levels = {}, {}
    for name, heard in zip(NAMES, recovery.heard, strict=True):
        pitch = heard.controls.pitch[index]
        shown = pitch_weight(heard.controls)[index] > 1e-3 / pitch.shape[-1]
        pitches[name] = list(np.where(shown, pitch, np.nan))
        levels[name] = np.asarray(heard.analysis.level[index])
    return course(pitches, levels, recovery.synth.config.buffer_size_seconds)


def _parameters(card: Card, recovery: Recovery, index: int) -> None:
    rows = []
    for column in recovery.columns:
        parameter = recovery.synth.parameters[column]
        values = (float(parameter.to_human(of.theta[index, column])) for of in recovery.heard)
        rows.append((parameter.name, parameter.unit, *values))
    card.table(["parameter", "unit", *NAMES], rows, title="Parameters that were recovered")
