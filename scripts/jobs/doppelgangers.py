"""The job of `doppel/figure11`: what augmentation does to sounds, and what a doppelganger is."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
import torch
from jaxtyping import Float

matplotlib.use("Agg")
from matplotlib.figure import Figure

from doppel.augmentation.chain import Chain
from doppel.augmentation.spec_augment import SpecAugment
from doppel.front_end import SAMPLE_RATE, FrontEnd
from doppel.pairs import FixedPairs
from scripts.jobs.comparing import write_csv
from scripts.jobs.pages import footer, publish
from scripts.jobs.picture import png
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["Doppelgangers"]

SILENCE = 1e-3  # of full scale: a sound whose peak is below it is passed over
CANDIDATES = 2  # patches for every one that is wanted, since some are silent

EFFECTS = {
    "high_pass": ("high_pass_hz", "high-pass"),
    "low_pass": ("low_pass_hz", "low-pass"),
    "pitch": ("pitch_semitones", "pitch"),
    "rotation": ("rotation", "shift in time"),
    "reverb": ("reverb", "reverberation"),
}
"""By name: the chain's setting without which an effect is left out, and what it is called."""


@dataclass(frozen=True)
class Changed:
    """Sounds after a change, and what an encoder is given of them.

    Attributes:
        name: of the change, as metrics have it.
        title: as people read it.
        waves: None where only the pictures are changed.
        pictures: of the front end.
    """

    name: str
    title: str
    waves: Float[torch.Tensor, "sounds n_samples"] | None
    pictures: Float[torch.Tensor, "sounds 96 64"]


@dataclass(frozen=True)
class Doppelgangers:
    """Draw sounds, each effect of the chain on them, SpecAugment, and their doppelgangers.

    Writes `figure_11.png`, `changes.csv` and `index.html`.

    Attributes:
        synth: plays at 16 kHz.
        chain: its effects are shown one at a time, each with certainty.
        spec_augment: of pictures.
        deltas: rising; a sound's doppelgangers lie in one direction from it.
        sounds: how many are drawn.
        measured: how many the distances are means over.
        page: where a copy of the page goes; None: nowhere.
    """

    synth: Synth
    chain: Chain
    spec_augment: SpecAugment
    deltas: tuple[float, ...] = (0.01, 0.05, 0.10, 0.25, 0.50)
    sounds: int = 3
    measured: int = 200
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Draw, and give how far each change moves a picture, in the mean over bands and frames."""
        if self.synth.config.sample_rate != SAMPLE_RATE:
            raise UserError(f"the front end hears {SAMPLE_RATE:g} Hz: sample_rate={SAMPLE_RATE:g}")
        if not 1 <= self.sounds <= self.measured:
            raise UserError(
                f"job.sounds={self.sounds} and job.measured={self.measured}: a sound is needed, "
                "and those that are drawn are among those that are measured"
            )
        original, *changes = self._changed(run)
        distances = {c.name: _distance_db(original.pictures, c.pictures) for c in changes}
        write_csv(run, "changes.csv", ["change", "distance_db"], list(distances.items()))
        figure = self._figure([original, *changes])
        run.tracker.figure("figure_11", figure)
        self._write(run, [original, *changes], distances, png(run, "figure_11.png", figure))
        return {f"distance_db/{name}": value for name, value in distances.items()}

    def _changed(self, run: "Run") -> list[Changed]:
        """The sounds as they are, and after each change."""
        candidates = CANDIDATES * self.measured
        pairs = FixedPairs(self.synth, run.seed, 0.0, n=candidates)
        peaks = np.abs(np.asarray(pairs.pairs(np.arange(candidates)).first)).max(1)
        heard = np.flatnonzero(peaks > SILENCE)[: self.measured]
        if len(heard) < self.measured:
            raise UserError(
                f"only {len(heard)} of {candidates} patches of the synth sound, and job.measured="
                f"{self.measured}: a smaller number is needed"
            )
        hear = FrontEnd()
        made: list[Changed] = []
        steps = self._steps(heard, run.seed)
        with run.progress(len(EFFECTS) + len(self.deltas) + 2, "changing sounds") as bar:
            for name, title, waves in steps:
                with torch.no_grad():
                    made.append(Changed(name, title, waves, hear(waves)))
                bar.update(1)
        masked = self.spec_augment(made[0].pictures, run.seed)
        made.insert(1 + len(EFFECTS), Changed("spec_augment", "SpecAugment", None, masked))
        return made

    def _steps(
        self, numbers: np.ndarray, seed: int
    ) -> Iterator[tuple[str, str, Float[torch.Tensor, "sounds n_samples"]]]:
        """Names, titles and sounds: as they are, after each effect, at each delta."""
        still = FixedPairs(self.synth, seed, 0.0, n=int(numbers.max()) + 1)
        first, second = (view.clone() for view in still.pairs(numbers).to_torch())
        yield "original", "sound", first
        for name, (setting, title) in EFFECTS.items():
            others = {s: None for s, _ in EFFECTS.values() if s not in (setting, "reverb")}
            alone = replace(self.chain, p=1.0, reverb=name == "reverb", **others)
            yield name, title, alone(first, SAMPLE_RATE, seed)
        yield "delta_0", "delta 0", second
        for delta in self.deltas:
            moved = replace(still, delta=delta).pairs(numbers).to_torch()[1]
            yield f"delta_{delta:g}", f"delta {delta:g}", moved.clone()

    def _figure(self, shown: list[Changed]) -> Figure:
        """Two rows a sound: above it and what augmentation makes of it, below its doppelgangers."""
        split = 2 + len(EFFECTS)
        columns = max(split, len(shown) - split)
        figure = Figure(figsize=(1.55 * columns + 0.5, 3.3 * self.sounds), layout="constrained")
        grid = figure.subplots(2 * self.sounds, columns, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for sound in range(self.sounds):
            levels = [changed.pictures[sound] for changed in shown]
            low, high = float(levels[0].min()), float(max(picture.max() for picture in levels))
            for place, (changed, picture) in enumerate(zip(shown, levels, strict=True)):
                row, column = divmod(place, split) if place < split else (1, place - split)
                axes = grid[2 * sound + row, column]
                axes.imshow(
                    picture.T.numpy(), origin="lower", aspect="auto", cmap="magma",
                    vmin=low, vmax=high, interpolation="nearest",
                )  # fmt: skip
                axes.set_title(changed.title, fontsize=8)
        return figure

    def _write(
        self, run: "Run", shown: list[Changed], distances: dict[str, float], figure: bytes
    ) -> None:
        page = Page(
            "Augmentation and doppelgängers",
            "Augmentation changes a sound after it was made; a doppelgänger is made anew, by "
            "parameters that lie delta times normal noise beside the sound's own, so that what "
            "changes is what a source could have done. At delta 0 only the noise generator plays "
            "another noise. Pictures are the 64 log-mel bands of 0.975 s that an encoder is given.",
            footer=footer(run),
        )
        page.figure(figure, "Each sound with its effects above, and its doppelgängers below")
        page.section(
            "How far pictures are moved",
            f"Root mean square over bands and frames in decibels, mean over {self.measured} sounds "
            "that are not silent; levels below 0.01, the front end's offset, hardly count.",
        )
        titles = {changed.name: changed.title for changed in shown}
        page.table(
            ["change", "distance, dB"],
            [(titles[name], f"{value:.2f}") for name, value in distances.items()],
        )
        page.section("To listen to")
        for sound in range(self.sounds):
            card = page.card(f"Sound {sound + 1}", wide=True)
            for changed in shown:
                if changed.waves is not None:
                    wave = changed.waves[sound].numpy()
                    card.audio(wave / max(1.0, np.abs(wave).max()), SAMPLE_RATE, changed.title)
        publish(run, page, self.page)


def _distance_db(first: torch.Tensor, second: torch.Tensor) -> float:
    """Mean over sounds of the root mean square difference; pictures are natural logarithms."""
    difference = (second - first).double() * (20.0 / np.log(10.0))
    return float(difference.square().mean((1, 2)).sqrt().mean())
