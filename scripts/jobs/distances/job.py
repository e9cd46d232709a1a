"""Distances between a set of sounds and a reference, and a page to hear both."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eval.distances.sample import Sample
from eval.embedders.base import Embedder, FrameEmbedder
from eval.embedding import embed, embed_frames
from eval.sounds.base import Clip, Sounds, Unreadable
from eval.statistics.estimate import Estimate
from scripts.jobs.comparing import counting, play, warn_of_unreadable, write_csv
from scripts.jobs.distances.measure import Measured, Sizes, measure, steps
from scripts.jobs.pages import footer, name_unreadable, publish
from scripts.jobs.picture import png
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from scripts.runtime.page.table import number

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["Distances"]

log = logging.getLogger(__name__)

FEWEST = 8  # sounds of either set
TITLES = {
    "fad": "Fréchet audio distance",
    "fad_infinity": "extrapolated to infinitely many evaluated sounds",
    "fad_infinity_both": "extrapolated in both sets",
    "kad": "kernel audio distance x 100",
}


@dataclass(frozen=True)
class Distances:
    """Measure how far a set of sounds is from a reference (Table 11 is a grid of this).

    Writes `distances.csv`, `subsets.csv` (the points of the extrapolation), pictures and
    `index.html` to the run's folder.

    Attributes:
        sounds: the set that is evaluated.
        reference: the set that it is held against.
        embedder: what hears them.
        sizes: how much is computed for intervals and floors.
        frames: take the vectors of pieces of sounds where the embedder has them, as is customary
            (VGGish: 0.96 s); else one vector a sound, the mean.
        examples: sounds of each set on the page.
        cache: keeps embeddings; None: nowhere.
        page: where a copy of the page goes; None: nowhere.
    """

    sounds: Sounds
    reference: Sounds
    embedder: Embedder
    sizes: Sizes = Sizes()  # noqa: RUF009 - immutable
    frames: bool = True
    examples: int = 3
    cache: OutputPath | None = None
    page: OutputPath | None = None

    def __call__(self, run: Run) -> dict[str, float]:
        """Embed both sets, measure, write everything, and give the distances."""
        (evaluated, lost), (reference, lost_there) = self._samples(run)
        self._warn(evaluated, reference)
        n_steps = steps(self.sizes, evaluated, reference)
        with run.progress(n_steps, "measuring distances") as bar:
            found = measure(evaluated, reference, self.sizes, run.seed, lambda: bar.update())
        metrics = found.metrics() | {
            "sounds": float(len(evaluated)),
            "reference_sounds": float(len(reference)),
            "vectors": float(len(evaluated.vectors)),
            "reference_vectors": float(len(reference.vectors)),
            "unreadable": float(len(lost)),
            "reference_unreadable": float(len(lost_there)),
        }
        self._write_tables(run, found)
        self._write_page(run, found, evaluated, reference, (*lost, *lost_there))
        log.info(
            "%s against %s, heard by %s: FAD %.4g, KAD x 100 %.4g",
            self.sounds.name,
            self.reference.name,
            self.embedder.name,
            found.fad.value,
            found.kad.value,
        )
        return metrics

    @property
    def _in_frames(self) -> bool:
        return self.frames and isinstance(self.embedder, FrameEmbedder)

    def _samples(self, run: Run) -> list[tuple[Sample, tuple[Unreadable, ...]]]:
        """Both sets' vectors, and what could not be read.

        Raises:
            UserError: a set has hardly any sounds.
        """
        sets = {"sounds": self.sounds, "reference": self.reference}
        for role, sounds in sets.items():
            if len(sounds) < FEWEST:
                raise UserError(
                    f"job.{role}: {sounds.name} has {len(sounds)} sounds, a distribution needs "
                    f"{FEWEST} at least"
                )
        found = []
        total = sum(len(sounds) for sounds in sets.values())
        with counting(run, total, "embedding") as of_set:
            for role, sounds in sets.items():
                done = of_set(role)
                if self._in_frames:
                    assert isinstance(self.embedder, FrameEmbedder)
                    made = embed_frames(sounds, self.embedder, self.cache, progress=done)
                else:
                    made = embed(sounds, self.embedder, self.cache, progress=done)
                warn_of_unreadable(sounds.name, len(sounds), made.unreadable)
                if len(sounds) - len(made.unreadable) < FEWEST:
                    raise UserError(
                        f"job.{role}: only {len(sounds) - len(made.unreadable)} sounds of "
                        f"{sounds.name} could be read, {FEWEST} are needed"
                    )
                found.append((Sample.of(made), made.unreadable))
        return found

    def _warn(self, *samples: Sample) -> None:
        fewest, dimension = min(len(s.vectors) for s in samples), samples[0].dimension
        if fewest <= dimension:
            log.warning(
                "%d vectors in %d dimensions: the Fréchet distance is largely its bias; read "
                "fad_infinity_both and kad",
                fewest,
                dimension,
            )

    def _write_tables(self, run: Run, found: Measured) -> None:
        columns = ["distance", "value", "low", "high", "floor", "floor_low", "floor_high"]
        rows = []
        for name, estimate in found.estimates().items():
            floor = found.kad_floor if name == "kad" else found.fad_floor
            row = [estimate.value, estimate.low, estimate.high, floor.mean, floor.low, floor.high]
            rows.append([name, *row])
        write_csv(run, "distances.csv", columns, rows)
        run.tracker.table("distances", columns, rows)
        both = (("evaluated", found.infinity), ("both", found.infinity_both))
        write_csv(
            run,
            "subsets.csv",
            ["shrunk", "vectors", "fad"],
            [
                [shrunk, int(n), float(distance)]
                for shrunk, line in both
                for n, distance in zip(line.n, line.distances, strict=True)
            ],
        )

    def _write_page(
        self,
        run: Run,
        found: Measured,
        evaluated: Sample,
        reference: Sample,
        lost: tuple[Unreadable, ...],
    ) -> None:
        from scripts.jobs.distances.figures import bars, extrapolation, scatter

        names = (self.sounds.name, self.reference.name)
        of_what = "pieces" if self._in_frames else "sounds"
        page = Page(
            f"How far {names[0]} is from {names[1]}",
            f"{len(evaluated):,} sounds against {len(reference):,}, as {self.embedder.name} hears "
            f"them: {len(evaluated.vectors):,} and {len(reference.vectors):,} vectors of {of_what} "
            f"with {evaluated.dimension} dimensions each.\n\n"
            "The floor is what random halves of the reference are apart: what lies within it "
            "cannot be told from the reference. Halves have half of the sounds, which makes the "
            "Fréchet floor too high. Intervals are 95 %.",
            footer=footer(run),
        )
        estimates = found.estimates()
        frechet = {
            label: estimates[name]
            for label, name in (
                ("FAD", "fad"),
                ("FAD∞", "fad_infinity"),
                ("FAD∞ both", "fad_infinity_both"),
            )
        }
        pictures = {
            "distances": bars(
                {
                    "Fréchet": (frechet, found.fad_floor),
                    "kernel x 100": ({"KAD": found.kad}, found.kad_floor),
                }
            ),
            "extrapolation": extrapolation(found.infinity),
            "scatter": scatter(evaluated.vectors, reference.vectors, names),
        }
        words = {
            "distances": "Distances with intervals, and the floor of the reference as a band.",
            "extrapolation": "The Fréchet distance of subsets falls with their size: the line's "
            f"value at 0 is FAD-infinity. The line explains {100 * found.infinity.r2:.0f} %.",
            "scatter": "All vectors along the two directions in which they vary most.",
        }
        for name, figure in pictures.items():
            run.tracker.figure(name, figure)
            page.figure(png(run, f"{name}.png", figure), words[name], words[name])
        page.table(
            ["distance", "value", "95 % interval", "floor"],
            [
                [
                    TITLES[name],
                    number(estimate.value),
                    _interval(estimate),
                    number((found.kad_floor if name == "kad" else found.fad_floor).mean),
                ]
                for name, estimate in estimates.items()
            ],
        )
        if self.examples:
            page.section("Hear both")
            for sounds in (self.sounds, self.reference):
                card = page.card(sounds.name, wide=True)
                for clip in _spread(sounds, self.examples):
                    play(card, clip, clip.name)
        name_unreadable(page, ["sound", "why"], [[item.name, item.reason] for item in lost])
        publish(run, page, self.page)


def _interval(estimate: Estimate) -> str:
    return f"{number(estimate.low)} to {number(estimate.high)}"


def _spread(sounds: Sounds, n: int) -> list[Clip]:
    """Some sounds from all over a set, those that can be read."""
    numbers = [round((k + 0.5) * len(sounds) / n - 0.5) for k in range(n)]
    return [clip for clip in sounds.clips(numbers) if isinstance(clip, Clip)]
