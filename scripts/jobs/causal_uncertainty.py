"""The job of `eval/causal_uncertainty`: how well a classifier can tell what made the sounds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eval.causal_uncertainty import MEASURES, CausalUncertainty, causal_uncertainty
from eval.embedders.base import Classifier
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
    "h_cu": "highest probability, H_cu",
    "h_p": "normalised entropy, H_p",
    "s_conf": "confidence gap, S_conf",
}
S_CONF_FLOOR = 1e-4  # where its logarithmic axis begins
MORE_UNCERTAIN = {"h_cu": -1, "h_p": 1, "s_conf": -1}  # where an uncertain sound lies


@dataclass(frozen=True)
class Uncertainty:
    """Classify sets of sounds and compare how sure the classifier is (Figures 3B and 13B).

    Writes a table a set (`<set>/causal_uncertainty.csv`), `summary.csv`, `figure_3b.png` and
    `index.html` to the run's folder.

    Attributes:
        sets: the sets.
        classifier: of the sounds' causes, such as YAMNet or AST.
        n_sounds: of each set, chosen at random where it has more.
        cache: keeps what was computed; None: nowhere.
        page: where a copy of the page goes; None: nowhere.
    """

    sets: Collection
    classifier: Classifier
    n_sounds: int = 1000
    cache: OutputPath | None = None
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Classify, compare, write everything, and give the means and the findings."""
        sets = self.sets.checked()
        total = sum(min(self.n_sounds, len(sounds)) for sounds in sets.sounds.values())
        tables: dict[str, CausalUncertainty] = {}
        with counting(run, total, f"classifying with {self.classifier.name}") as of_set:
            for name, sounds in sets.sounds.items():
                tables[name] = causal_uncertainty(
                    sounds, self.classifier, self.n_sounds, run.seed, self.cache, of_set(name)
                )
                warn_of_unreadable(name, len(tables[name].names), tables[name].unreadable)
        comparison = Comparison(sets, tables, run.seed)
        self._write_tables(run, comparison, tables)
        self._write_page(run, comparison, tables)
        return comparison.set_metrics(MEASURES) | comparison.findings(MEASURES, MEASURES)

    def _write_tables(
        self, run: "Run", comparison: Comparison, tables: dict[str, CausalUncertainty]
    ) -> None:
        for name, table in tables.items():
            write_csv(
                run,
                f"{name}/causal_uncertainty.csv",
                ["sound", *MEASURES, "class", "second_class"],
                (
                    [sound, *map(float, row), *(found for found, _ in top[:2])]
                    for sound, row, top in zip(table.names, table.values, table.top, strict=True)
                ),
            )
        comparison.write_summary(run, MEASURES)

    def _write_page(
        self, run: "Run", comparison: Comparison, tables: dict[str, CausalUncertainty]
    ) -> None:
        page = Page(
            "What made this sound?",
            f"{self.classifier.name} guesses the cause of up to {self.n_sounds:,} sounds of each "
            f"of {len(tables)} sets, among {len(self.classifier.class_names)} classes. A sound is "
            "causally uncertain where no class stands out: its highest probability is low, the "
            "entropy of all probabilities high, and the gap between the first guess and the "
            "second narrow.\n\n"
            "Each class has a probability of its own; for the entropy they are divided by their "
            "sum, and it by the logarithm of the number of classes.",
            footer=footer(run),
        )
        panels = [
            Panel(TITLES[name], comparison.columns(name), bounds=(0.0, 1.0))
            for name in ("h_cu", "h_p")
        ]
        gap = comparison.columns("s_conf")
        panels.append(Panel(TITLES["s_conf"], gap, floor=S_CONF_FLOOR))
        figure = ridgelines(panels, comparison.roles)
        run.tracker.figure("figure_3b", figure)
        page.figure(
            png(run, "figure_3b.png", figure),
            f"Distributions of H_cu, H_p and S_conf in {', '.join(tables)}",
            "A ridge a set; the white line is its median. S_conf on a logarithmic axis.",
        )
        if comparison.comparable:
            self._findings(page, comparison)
        comparison.means_table(page, TITLES, "In numbers", "Means, with bootstrap 95 % intervals.")
        page.section("Hear it", "The surest guess, one in the middle, and the least sure.")
        for name, table in tables.items():
            self._played(page, comparison, name, table)
        comparison.unreadable_table(page)
        publish(run, page, self.page)

    def _findings(self, page: Page, comparison: Comparison) -> None:
        """Say whether synthetic sounds are less certain than real ones, as the paper found."""
        holds = []
        for measure, sign in MORE_UNCERTAIN.items():
            above = comparison.above(measure)
            low, high = above.low - 0.5, above.high - 0.5
            if min(sign * low, sign * high) > 0:
                answer = "synthetic sounds are more uncertain, as the paper found"
            elif max(sign * low, sign * high) < 0:
                answer = "synthetic sounds are less uncertain, against what the paper found"
            else:
                answer = "no difference for sure"
            holds.append(f"By the {TITLES[measure]}: {answer}.")
        page.section("Synthetic beside real", "\n\n".join(holds))
        mixtures = comparison.collection.mixtures
        page.table(
            ["measure", "synthetic over real, means", "a synthetic sound has more"]
            + [f"of the gap, {mixture} closes" for mixture in mixtures],
            [
                [title, written(comparison.ratio(measure)), written(comparison.above(measure))]
                + [written(comparison.gap_closed(measure, mixture)) for mixture in mixtures]
                for measure, title in TITLES.items()
            ],
        )

    def _played(
        self, page: Page, comparison: Comparison, name: str, table: CausalUncertainty
    ) -> None:
        """Add players of the most, the middle and the least certain sound of a set."""
        certainty = table.column("h_cu")
        order = [int(row) for row in np.argsort(-certainty) if not np.isnan(certainty[row])]
        if not order:
            return
        card = page.card(name, wide=True)
        guesses = []
        for label, row in zip(
            ("surest", "middle", "least sure"),
            (order[0], order[len(order) // 2], order[-1]),
            strict=True,
        ):
            play(card, comparison.clip(name, row), f"{label}: {table.top[row][0][0]}?")
            guesses.append(
                (label, ", ".join(f"{found} {100 * p:.0f} %" for found, p in table.top[row]))
            )
        card.facts(guesses)
