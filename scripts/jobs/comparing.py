"""What jobs that set collections side by side share: metrics, tables, findings, players."""

import csv
import io
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from eval.descriptors.intervals import gap_closed, mean, ratio_of_means
from eval.harness.audio import resample
from eval.harness.files import write_text
from eval.sounds.base import Clip, Unreadable
from eval.statistics.estimate import Estimate
from eval.statistics.rank import probability_above
from scripts.jobs.collection import Collection
from scripts.jobs.pages import name_unreadable
from scripts.runtime.page import Card, Page

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = [
    "Comparison",
    "Measured",
    "counting",
    "play",
    "warn_of_unreadable",
    "write_csv",
    "written",
]

log = logging.getLogger(__name__)

LONGEST_S = 5.0  # of a player
NEAR_THE_ENDS = (0.02, 0.98)  # of the sounds in order: the very ends are often broken or silent


class Measured(Protocol):
    """A table of numbers, a row a sound."""

    @property
    def name(self) -> str: ...
    @property
    def numbers(self) -> tuple[int, ...]: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def values(self) -> Any: ...
    @property
    def unreadable(self) -> tuple[Unreadable, ...]: ...
    def column(self, quantity: str, /) -> np.ndarray: ...


@dataclass(frozen=True)
class Comparison:
    """The measured sets of a collection.

    Attributes:
        collection: the sets.
        tables: what was measured of each.
        seed: of the bootstrap.
    """

    collection: Collection
    tables: Mapping[str, Measured]
    seed: int

    @property
    def comparable(self) -> bool:
        """Whether there are synthetic sets and real ones."""
        return bool(self.collection.synthetic and self.collection.real)

    def columns(self, quantity: str) -> dict[str, np.ndarray]:
        """Return the values of one quantity by set."""
        return {name: table.column(quantity) for name, table in self.tables.items()}

    def mean(self, name: str, quantity: str) -> Estimate:
        """Return the mean of a set with its interval."""
        return mean(self.tables[name].column(quantity), self.seed)

    def ratio(self, quantity: str) -> Estimate:
        """Return the mean of all synthetic sets over that of all real ones."""
        return ratio_of_means(*self._sides(quantity), self.seed)

    def above(self, quantity: str) -> Estimate:
        """Return the probability that a synthetic sound has more of it than a real one."""
        return probability_above(*self._sides(quantity))

    def gap_closed(self, quantity: str, mixture: str) -> Estimate:
        """Return how much of the way from real to synthetic a mixture goes."""
        synthetic, real = self._sides(quantity)
        return gap_closed(self.tables[mixture].column(quantity), real, synthetic, self.seed)

    def set_metrics(self, quantities: Iterable[str]) -> dict[str, float]:
        """Return means with intervals, and counts, by set."""
        metrics: dict[str, float] = {}
        for name, table in self.tables.items():
            metrics[f"{name}/sounds"] = float(len(table.names))
            metrics[f"{name}/unreadable"] = float(len(table.unreadable))
            for quantity in quantities:
                metrics |= self.mean(name, quantity).metrics(f"{name}/{quantity}")
        return metrics

    def findings(self, quantities: Iterable[str], ratios: Iterable[str]) -> dict[str, float]:
        """Return how synthetic sets stand to real ones, as metrics; none without both.

        Args:
            quantities: get `<quantity>_synthetic_above_real` and `_gap_closed_by_<mixture>`.
            ratios: those of them that get `<quantity>_synthetic_over_real` too.
        """
        metrics: dict[str, float] = {}
        if self.comparable:
            for quantity in quantities:
                metrics |= self.above(quantity).metrics(f"{quantity}_synthetic_above_real")
                for mixture in self.collection.mixtures:
                    closed = self.gap_closed(quantity, mixture)
                    metrics |= closed.metrics(f"{quantity}_gap_closed_by_{mixture}")
            for quantity in ratios:
                metrics |= self.ratio(quantity).metrics(f"{quantity}_synthetic_over_real")
        return metrics

    def extremes(self, quantity: str) -> Iterator[tuple[str, str, int, float]]:
        """Yield a sound near the low and near the high end, of synthetic sets and of real ones.

        As "low" or "high", the set's name, the sound's row in its table, and the value.
        """
        groups = [self.collection.synthetic, self.collection.real]
        if not any(groups):
            groups = [tuple(self.tables)]
        for group in filter(None, groups):
            found = [
                (float(value), name, row)
                for name in group
                for row, value in enumerate(self.tables[name].column(quantity))
                if not np.isnan(value)
            ]
            found.sort()
            for end, share in zip(("low", "high"), NEAR_THE_ENDS, strict=True):
                if found:
                    value, name, row = found[round(share * (len(found) - 1))]
                    yield end, name, row, value

    def clip(self, name: str, row: int) -> Clip:
        """Return the sound of a row of a table."""
        return self.collection.clip(name, self.tables[name].numbers[row])

    def means_table(
        self, page: Page, titles: Mapping[str, str], title: str, text: str = ""
    ) -> None:
        """Add a table of means with intervals, a row a set."""
        page.section(title, text)
        page.table(
            ["set", "sounds", *titles.values()],
            [
                [name, len(table.names), *(written(self.mean(name, q)) for q in titles)]
                for name, table in self.tables.items()
            ],
        )

    def write_summary(self, run: "Run", quantities: Sequence[str]) -> None:
        """Write `summary.csv`, a row a set and quantity; the tracker gets it too."""
        columns = ["set", "quantity", "mean", "low", "high", "median"]
        columns += ["sounds", "undefined", "unreadable"]
        rows = []
        for name, table in self.tables.items():
            for quantity in quantities:
                values = table.column(quantity)
                known = values[~np.isnan(values)]
                middle = float(np.median(known)) if known.size else float("nan")
                found = self.mean(name, quantity)
                bad = len(table.unreadable)
                counts = (known.size, values.size - known.size - bad, bad)
                rows.append([name, quantity, found.value, found.low, found.high, middle, *counts])
        write_csv(run, "summary.csv", columns, rows)
        run.tracker.table("summary", columns, rows)

    def unreadable_table(self, page: Page) -> None:
        """Name the sounds that could not be read, where there are any."""
        rows = [
            [name, item.name, item.reason]
            for name, table in self.tables.items()
            for item in table.unreadable
        ]
        name_unreadable(page, ["set", "sound", "why"], rows)

    def _sides(self, quantity: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the values of all synthetic sounds, and of all real ones."""
        columns = self.columns(quantity)
        collection = self.collection
        return (
            collection.pooled(columns, collection.synthetic),
            collection.pooled(columns, collection.real),
        )

    @cached_property
    def roles(self) -> dict[str, str]:
        """The role of each set."""
        return {name: self.collection.role(name) for name in self.tables}


def written(estimate: Estimate) -> str:
    """An estimate with its interval, with digits that mean something.

    >>> written(Estimate(0.12345, 0.1156, 0.1312)), written(Estimate(4139.99, 4000.0, 4280.4))
    ('0.123 (0.116 to 0.131)', '4140 (4000 to 4280)')
    """
    if np.isnan(estimate.value):
        return "none"
    if np.isnan(estimate.low):
        return f"{estimate.value:.3g}"
    size = max(abs(estimate.low), abs(estimate.high), 1e-12)
    decimals = int(max(0, 2 - np.floor(np.log10(size))))
    value, low, high = (
        f"{number:.{decimals}f}" for number in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} ({low} to {high})"


def play(card: Card, clip: Clip, label: str) -> None:
    """Add a player with a spectrogram: the first five seconds, at a whole rate, never clipped."""
    wave, rate = clip.wave, clip.sample_rate
    if not float(rate).is_integer():
        wave, rate = resample(wave, rate, float(round(rate))), float(round(rate))
    wave = wave[: round(LONGEST_S * rate)]
    card.sound(wave / max(1.0, float(np.abs(wave).max())), rate, label)


@contextmanager
def counting(run: "Run", total: int, description: str) -> Iterator[Callable[[str], Any]]:
    """Give, for a set's name, a callback of how many of its sounds are done, with a bar for all."""
    with run.progress(total, description) as bar:

        def of_set(name: str) -> Callable[[int], None]:
            before = 0

            def done(count: int) -> None:
                nonlocal before
                bar.update(count - before)
                before = count

            return done

        yield of_set


def warn_of_unreadable(name: str, n_sounds: int, unreadable: Sequence[Unreadable]) -> None:
    """Say in the log how many sounds of a set could not be read, and name one."""
    if unreadable:
        first, n_lost = unreadable[0], len(unreadable)
        text = "%s: %d of %d sounds could not be read, such as %s: %s"
        log.warning(text, name, n_lost, n_sounds, first.name, first.reason)


def write_csv(run: "Run", name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table to the run's folder; NaN becomes an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow("" if isinstance(cell, float) and np.isnan(cell) else cell for cell in row)
    write_text(run.artifact(name), text.getvalue())
