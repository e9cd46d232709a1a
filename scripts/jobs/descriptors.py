"""The job of `eval/descriptors`: what sets of sounds are like, and a page to hear it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eval.descriptors.settings import COMPRESSION, DESCRIPTORS, SPECTRAL, DescriptorSettings
from eval.descriptors.table import DescriptorTable, describe
from scripts.jobs.collection import Collection
from scripts.jobs.comparing import (
    Comparison,
    counting,
    play,
    warn_of_unreadable,
    write_csv,
    written,
)
from scripts.jobs.distributions import Panel, ridgelines
from scripts.jobs.pages import footer, publish
from scripts.jobs.picture import png
from scripts.runtime.check import OutputPath
from scripts.runtime.page import Page

if TYPE_CHECKING:
    from scripts.runtime.run import Run

TITLES = {
    "inharmonicity": "inharmonicity",
    "odd_to_even_db": "odd to even harmonics, dB",
    "pitch_salience": "pitch salience",
    "flatness": "spectral flatness",
    "flux": "spectral flux",
    "complexity": "spectral complexity, peaks",
    "hfc": "high-frequency content",
    "rolloff": "rolloff, Hz",
    "centroid": "centroid, Hz",
    COMPRESSION: "MP3 compression ratio",
}
FLOORS = {"flux": 1e-4, "hfc": 1e-3, "rolloff": 20.0, "centroid": 20.0}  # of logarithmic axes
BOUNDS = {
    "inharmonicity": (0.0, 0.5),
    "odd_to_even_db": (-30.0, 30.0),
    "pitch_salience": (0.0, 1.0),
    "flatness": (0.0, 1.0),
    "complexity": (0.0, math.inf),
}
FIGURE_3A = SPECTRAL[:6]
TABLE_1 = ("complexity", "flux", "hfc", "rolloff", "centroid", COMPRESSION)
BY_LEVEL = ("flux", "complexity", "hfc")  # what grows with the level of a sound
RATIOS = tuple(name for name in DESCRIPTORS if name != "odd_to_even_db")
HIGHER_IN_THE_PAPER = ("flux", "complexity")
MEANINGS = {
    "inharmonicity": "How far partials lie from multiples of the lowest: a flute low, a bell high.",
    "odd_to_even_db": "Hollow, as a clarinet or a square wave, is high.",
    "pitch_salience": "How much the spectrum repeats itself.",
    "flatness": "A pure tone is low, noise high.",
    "flux": "How much the spectrum changes from frame to frame.",
    "complexity": "How many peaks the spectrum has.",
    "hfc": "Energy weighted with its frequency.",
    "rolloff": "85 % of the energy lies below.",
    "centroid": "Where the middle of the spectrum lies: dull is low, bright high.",
    COMPRESSION: "How far an MP3 encoder shrinks it.",
}


@dataclass(frozen=True)
class Descriptors:
    """Describe sets of sounds and set them side by side (Figures 3A and 13A, Table 1 of CTAG).

    Writes a table a set (`<set>/descriptors.csv`), `summary.csv`, `figure_3a.png`,
    `table_1.png` (the same for Table 1) and `index.html` to the run's folder.

    Attributes:
        sets: the sets.
        settings: how sounds are cut into frames; the same rate for all of them.
        n_sounds: of each set, chosen at random where it has more.
        equal_level_db: the root mean square in dB of full scale at which flux, complexity and
            high-frequency content of synthetic and real sounds are compared once more, since they
            grow with the level; None: only as loud as the sounds are.
        workers: processes; None: one a core.
        cache: keeps what was computed; None: nowhere.
        page: where a copy of the page goes; None: nowhere.
    """

    sets: Collection
    settings: DescriptorSettings
    n_sounds: int = 1000
    equal_level_db: float | None = -20.0
    workers: int | None = None
    cache: OutputPath | None = None
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Describe, compare, write everything, and give the means and the findings."""
        sets = self.sets.checked()
        as_it_is = self._described(run, sets, self.settings, "describing")
        metrics = as_it_is.set_metrics(DESCRIPTORS) | as_it_is.findings(DESCRIPTORS, RATIOS)
        levelled = None
        if self.equal_level_db is not None and as_it_is.comparable:
            settings = replace(self.settings, level_db=self.equal_level_db)
            levelled = self._described(run, sets, settings, "describing at equal level")
            found = levelled.findings(BY_LEVEL, BY_LEVEL)
            metrics |= {f"equal_level/{name}": value for name, value in found.items()}
        self._write_tables(run, as_it_is)
        self._write_page(run, as_it_is, levelled)
        return metrics

    def _described(
        self, run: "Run", sets: Collection, settings: DescriptorSettings, what: str
    ) -> Comparison:
        total = sum(min(self.n_sounds, len(sounds)) for sounds in sets.sounds.values())
        tables: dict[str, DescriptorTable] = {}
        with counting(run, total, what) as of_set:
            for name, sounds in sets.sounds.items():
                tables[name] = describe(
                    sounds,
                    settings,
                    self.n_sounds,
                    run.seed,
                    self.workers,
                    self.cache,
                    of_set(name),
                )
                warn_of_unreadable(name, len(tables[name].names), tables[name].unreadable)
        return Comparison(sets, tables, run.seed)

    def _write_tables(self, run: "Run", comparison: Comparison) -> None:
        for name, table in comparison.tables.items():
            rows = zip(table.names, table.values, strict=True)
            write_csv(
                run,
                f"{name}/descriptors.csv",
                ["sound", *DESCRIPTORS],
                ([sound, *map(float, row)] for sound, row in rows),
            )
        comparison.write_summary(run, DESCRIPTORS)

    def _write_page(self, run: "Run", comparison: Comparison, levelled: Comparison | None) -> None:
        settings = self.settings
        page = Page(
            "What the sounds are like",
            f"Up to {self.n_sounds:,} sounds of each of {len(comparison.tables)} sets, described "
            f"by their spectra. All of them at {settings.sample_rate:g} Hz, in frames of "
            f"{1000 * settings.frame_size / settings.sample_rate:.0f} ms every "
            f"{1000 * settings.hop_size / settings.sample_rate:.0f} ms; a number of a sound is the "
            "mean over its frames that are not silent.",
            footer=footer(run),
        )
        self._figure(run, page, comparison, "figure_3a", FIGURE_3A)
        if comparison.comparable:
            self._findings(page, comparison, levelled)
        self._figure(run, page, comparison, "table_1", TABLE_1)
        short = {name: TITLES[name] for name in TABLE_1}
        comparison.means_table(
            page,
            short,
            "Brightness, variety, compression",
            "The columns of Table 1 of the CTAG paper: means, with bootstrap 95 % intervals. MP3 "
            "of variable bit rate and quality 4, 44.1 kHz, mono, against samples of 16 bits.",
        )
        harmonic = {name: TITLES[name] for name in FIGURE_3A[:4]}
        comparison.means_table(page, harmonic, "Harmonics and noise")
        page.section(
            "Hear it",
            "Sounds near the low and the high end of each descriptor: the 2nd and 98th percentile.",
        )
        for descriptor, title in TITLES.items():
            card = page.card(title, MEANINGS[descriptor], wide=True)
            for end, name, row, value in comparison.extremes(descriptor):
                play(card, comparison.clip(name, row), f"{end}: {value:.3g} ({name})")
        comparison.unreadable_table(page)
        publish(run, page, self.page)

    def _figure(
        self,
        run: "Run",
        page: Page,
        comparison: Comparison,
        file: str,
        descriptors: tuple[str, ...],
    ) -> None:
        panels = [
            Panel(
                TITLES[name],
                comparison.columns(name),
                FLOORS.get(name),
                BOUNDS.get(name, (-math.inf, math.inf)),
            )
            for name in descriptors
        ]
        figure = ridgelines(panels, comparison.roles)
        run.tracker.figure(file, figure)
        data = png(run, f"{file}.png", figure)
        words = ", ".join(TITLES[descriptor] for descriptor in descriptors)
        page.figure(
            data,
            f"Distributions of {words} in {', '.join(comparison.tables)}",
            "A ridge a set; the white line is its median.",
        )

    def _findings(self, page: Page, comparison: Comparison, levelled: Comparison | None) -> None:
        """Say what differs between synthetic and real sounds, and what the paper found."""
        text = [_verdict(comparison, name, "") for name in HIGHER_IN_THE_PAPER]
        if levelled is not None:
            text += [_verdict(levelled, name, " at equal level") for name in HIGHER_IN_THE_PAPER]
        page.section("Synthetic beside real", "\n\n".join(text))
        columns: dict[str, Mapping[str, str]] = {
            "synthetic over real, means": {
                name: written(comparison.ratio(name)) for name in RATIOS
            },
            "a synthetic sound has more": {
                name: written(comparison.above(name)) for name in DESCRIPTORS
            },
        }
        if levelled is not None:
            columns["means at equal level"] = {
                name: written(levelled.ratio(name)) for name in BY_LEVEL
            }
        for mixture in comparison.collection.mixtures:
            columns[f"of the gap, {mixture} closes"] = {
                name: written(comparison.gap_closed(name, mixture)) for name in DESCRIPTORS
            }
        page.table(
            ["descriptor", *columns],
            [
                [title, *(column.get(name, "") for column in columns.values())]
                for name, title in TITLES.items()
            ],
        )


def _verdict(comparison: Comparison, descriptor: str, where: str) -> str:
    """Say whether synthetic sounds have more of it, as the paper found."""
    ratio = comparison.ratio(descriptor)
    if ratio.low > 1:
        answer = "higher, as the paper found"
    elif ratio.high < 1:
        answer = "lower, against what the paper found"
    else:
        answer = "neither higher nor lower for sure"
    return (
        f"{TITLES[descriptor].split(',')[0].capitalize()}{where} of synthetic sounds: {answer}; "
        f"{written(ratio)} times that of the real ones."
    )
