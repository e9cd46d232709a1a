"""The job of `eval/similarity`: how alike the sounds of pairs are, by synthesizer and delta."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from eval.embedders.base import Embedder
from eval.similarity.pairs import PairSimilarity, pair_similarity
from eval.similarity.projection import principal_components, umap_points
from eval.similarity.trend import Fall, fall
from eval.sounds.base import Clip
from scripts.jobs.comparing import counting, play, write_csv
from scripts.jobs.pages import footer, publish
from scripts.jobs.picture import png
from scripts.jobs.similarity.figures import curves, panels
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from scripts.sounds.pairs import PairSounds
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run

Vectors = tuple[Float[np.ndarray, "n_pairs dimension"], Float[np.ndarray, "n_pairs dimension"]]
P_VALUE = 0.05
ENDS = ("", "_low", "_high")


@dataclass(frozen=True)
class Similarity:
    """Measure the similarity of pairs by delta, and show where they lie (Figures 2 and 12).

    Pair i has the same patch and the same two directions at every delta, only longer ones. Writes
    `similarity.csv`, `pairs.csv`, pictures and `index.html` to the run's folder.

    Attributes:
        synths: what plays, by name.
        names: of those that take part, in order; the first one is pictured and heard.
        embedder: what hears.
        deltas: rising, at least three.
        n_pairs: of each synthesizer and delta.
        drawn: pairs of a panel of the pictures, at most.
        umap_pairs: pairs of a panel of the UMAP, at most; 0: none is drawn, which saves half a
            minute of compiling.
        examples: pairs of each delta that can be heard.
        cache: keeps embeddings; None: nowhere.
        page: where a copy of the page goes; None: nowhere.
    """

    synths: Mapping[str, Synth]
    names: tuple[str, ...]
    embedder: Embedder
    deltas: tuple[float, ...] = (0.01, 0.05, 0.10, 0.25, 0.50)
    n_pairs: int = 1000
    drawn: int = 100
    umap_pairs: int = 100
    examples: int = 3
    cache: OutputPath | None = None
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Embed all pairs, compare, write everything, and give means and trends."""
        self._check()
        vectors = self._embedded(run)
        found = {
            name: {delta: pair_similarity(*pair, run.seed) for delta, pair in by_delta.items()}
            for name, by_delta in vectors.items()
        }
        falls = {name: self._fall(by_delta, run.seed) for name, by_delta in found.items()}
        self._write_tables(run, found)
        self._write_page(run, vectors[self.names[0]], found, falls)
        return self._metrics(found, falls)

    def _check(self) -> None:
        unknown = sorted(set(self.names) - set(self.synths))
        if unknown or not self.names:
            raise UserError(
                f"names {list(self.names)}: choose some of {', '.join(sorted(self.synths))}"
            )
        if len(self.deltas) < 3 or list(self.deltas) != sorted(set(self.deltas)):
            raise UserError(f"deltas {list(self.deltas)}: give three or more, rising")
        if self.n_pairs < 4:
            raise UserError(f"n_pairs is {self.n_pairs}: at least 4 are needed")

    def _side(self, run: "Run", name: str, delta: float, first: bool) -> PairSounds:
        side = "first" if first else "second"
        return PairSounds(self.synths[name], self.n_pairs, delta, side, run.seed)

    def _embedded(self, run: "Run") -> dict[str, dict[float, Vectors]]:
        from eval.embedding import embed

        total = 2 * self.n_pairs * len(self.deltas) * len(self.names)
        found: dict[str, dict[float, Vectors]] = {}
        with counting(run, total, f"listening with {self.embedder.name}") as of_set:
            for name in self.names:
                found[name] = {}
                for delta in self.deltas:
                    both = (self._side(run, name, delta, first) for first in (True, False))
                    first, second = (
                        np.asarray(
                            embed(
                                side, self.embedder, self.cache, progress=of_set(side.name)
                            ).vectors
                        )
                        for side in both
                    )
                    found[name][delta] = (first, second)
        return found

    def _fall(self, by_delta: Mapping[float, PairSimilarity], seed: int) -> Fall:
        """The trend over pairs that have a similarity at every delta."""
        values = np.stack([found.values for found in by_delta.values()], axis=1)
        whole = values[~np.isnan(values).any(axis=1)]
        return fall(whole, np.asarray(self.deltas, np.float64), seed)

    def _metrics(
        self,
        found: Mapping[str, Mapping[float, PairSimilarity]],
        falls: Mapping[str, Fall],
    ) -> dict[str, float]:
        metrics: dict[str, float] = {}
        for name, by_delta in found.items():
            for delta, one in by_delta.items():
                at = f"{name}/delta_{delta:g}"
                metrics |= one.pairs.metrics(f"{at}/similarity")
                metrics |= one.unrelated.metrics(f"{at}/unrelated")
                metrics[f"{at}/above_unrelated"] = one.above_unrelated
                metrics[f"{at}/left_out"] = float(one.left_out)
            trend = falls[name]
            metrics[f"{name}/monotone"] = float(trend.steadily and trend.p < P_VALUE)
            metrics[f"{name}/monotone_share"] = trend.share
            metrics[f"{name}/monotone_p"] = trend.p
            metrics |= trend.spearman.metrics(f"{name}/spearman")
        return metrics

    def _write_tables(
        self, run: "Run", found: Mapping[str, Mapping[float, PairSimilarity]]
    ) -> None:
        every = [
            (name, delta, one)
            for name, by_delta in found.items()
            for delta, one in by_delta.items()
        ]
        intervals = [f"{what}{end}" for what in ("similarity", "unrelated") for end in ENDS]
        rows = []
        for name, delta, one in every:
            ends = [(i.value, i.low, i.high) for i in (one.pairs, one.unrelated)]
            numbers = [number for interval in ends for number in interval]
            rows.append([name, delta, self.n_pairs, *numbers, one.above_unrelated, one.left_out])
        columns = ["synth", "delta", "pairs", *intervals, "above_unrelated", "left_out"]
        write_csv(run, "similarity.csv", columns, rows)
        write_csv(
            run,
            "pairs.csv",
            ["synth", "delta", "pair", "similarity"],
            (
                [name, delta, number, float(value)]
                for name, delta, one in every
                for number, value in enumerate(one.values)
            ),
        )

    def _write_page(
        self,
        run: "Run",
        vectors: Mapping[float, Vectors],
        found: Mapping[str, Mapping[float, PairSimilarity]],
        falls: Mapping[str, Fall],
    ) -> None:
        pictured = self.names[0]
        page = Page(
            "Doppelgängers, from near to far",
            "A pair is two sounds of one patch, each with every parameter moved by chance; delta "
            f"says how far. {self.n_pairs:,} pairs at each delta, heard by {self.embedder.name}: "
            "1 is the same sound, the dotted line is what two sounds that have nothing to do with "
            "each other come to.",
            footer=footer(run),
        )
        figure = curves(found, self.embedder.name)
        run.tracker.figure("similarity", figure)
        page.figure(
            png(run, "similarity.png", figure),
            f"Mean similarity of pairs over delta for {', '.join(found)}",
            "Figure 2A (12A in the thesis). Bands are 95 % intervals over pairs.",
        )
        page.section("Does it fall with delta?", "\n\n".join(map(_verdict, falls, falls.values())))
        page.table(
            ["synthesizer", "delta", "similarity of pairs", "of unrelated sounds", "pairs above"],
            [
                [name, delta, str(one.pairs), str(one.unrelated), one.above_unrelated]
                for name, by_delta in found.items()
                for delta, one in by_delta.items()
            ],
            "Pairs above: 0 is as unrelated sounds, 1 is the same sound.",
        )
        self._pictures(run, page, vectors, pictured)
        self._players(run, page, pictured, found[pictured])
        publish(run, page, self.page)

    def _pictures(
        self, run: "Run", page: Page, vectors: Mapping[float, Vectors], pictured: str
    ) -> None:
        known = np.all(
            [np.isfinite(side).all(axis=1) for pair in vectors.values() for side in pair], 0
        )
        rows = np.flatnonzero(known)
        page.section(
            "Where the pairs lie",
            f"Pairs of {pictured}: red and blue belong together. The same pairs at every delta, on "
            "the same axes.",
        )
        drawn = rows[: self.drawn]
        every = np.concatenate([side[rows] for pair in vectors.values() for side in pair])
        components = principal_components(every)
        shares = [f"{100 * share:.0f} %" for share in components.explained]
        figure = panels(
            {delta: components.points(pair[0][drawn]) for delta, pair in vectors.items()},
            {delta: components.points(pair[1][drawn]) for delta, pair in vectors.items()},
            (f"first component, {shares[0]}", f"second component, {shares[1]}"),
        )
        run.tracker.figure("components", figure)
        page.figure(
            png(run, "components.png", figure),
            f"Principal components of pairs of {pictured}, a panel a delta",
            f"Figure 2B (12B in the thesis): principal components, {len(drawn)} pairs a panel.",
        )
        drawn = rows[: self.umap_pairs]
        if len(drawn):
            sides = [side[drawn] for pair in vectors.values() for side in pair]
            points = umap_points(np.concatenate(sides), run.seed)
            parts = np.split(points, len(sides))
            figure = panels(
                dict(zip(vectors, parts[::2], strict=True)),
                dict(zip(vectors, parts[1::2], strict=True)),
                ("UMAP 1", "UMAP 2"),
            )
            run.tracker.figure("umap", figure)
            page.figure(
                png(run, "umap.png", figure),
                f"UMAP of pairs of {pictured}, a panel a delta",
                f"UMAP by cosine distance, one layout for all, {len(drawn)} pairs a panel.",
            )

    def _players(
        self, run: "Run", page: Page, pictured: str, found: Mapping[float, PairSimilarity]
    ) -> None:
        page.section("Hear them", f"The same pairs of {pictured} at every delta.")
        for delta in self.deltas:
            card = page.card(
                f"delta {delta:g}", badge=f"mean {found[delta].pairs.value:.3f}", wide=True
            )
            numbers = range(min(self.examples, self.n_pairs))
            sides = [
                self._side(run, pictured, delta, first).clips(numbers) for first in (True, False)
            ]
            for number, pair in enumerate(zip(*sides, strict=True)):
                card.text(f"Pair {number + 1}, similarity {found[delta].values[number]:.3f}")
                for clip, letter in zip(pair, "AB", strict=True):
                    assert isinstance(clip, Clip)
                    play(card, clip, letter)


def _verdict(name: str, trend: Fall) -> str:
    """Say whether similarity falls at every step."""
    if trend.steadily and trend.p < P_VALUE:
        answer = "falls at every step, as the paper found"
    elif trend.steadily:
        answer = "falls at every step, but it may be chance"
    else:
        answer = "does not fall at every step, against what the paper found"
    p = "p < 0.0001" if trend.p < 1e-4 else f"p = {trend.p:.4f}"
    return (
        f"{name}: similarity {answer} (Page's test {p}; rank correlation {trend.spearman}; "
        f"it falls at every step in {100 * trend.share:.0f} % of bootstrap resamples)."
    )
