"""The job of `experiment=synth/replicate`: render each example with both libraries and compare."""

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from eval.harness import audio, files
from scripts.jobs.replicate.compare import control_difference, log_mel_distance
from scripts.jobs.replicate.examples import EXAMPLES, FIGURE_4, Example
from scripts.jobs.replicate.figures import control_lines, figure_4
from scripts.jobs.replicate.kit import Kit
from scripts.jobs.speed.libraries import installed
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from scripts.runtime.page.media import png

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)
PEER = "torchsynth"


@dataclass(frozen=True)
class Rendered:
    """An example as each library made it: library -> (batch, n_samples) or (batch, n_points)."""

    example: Example
    signals: dict[str, np.ndarray]

    def differences(self, sample_rate: float) -> list[float] | None:
        """For each label the log-mel distance in dB, or the largest difference of a control signal.

        None where there is only one library.
        """
        if PEER not in self.signals:
            return None
        pairs = zip(self.signals["ours"], self.signals[PEER], strict=True)
        if self.example.kind == "control":
            return [control_difference(ours, theirs) for ours, theirs in pairs]
        return [log_mel_distance(ours, theirs, sample_rate) for ours, theirs in pairs]


@dataclass
class Replicate:
    """Render torchsynth's examples with our modules and with torchsynth (SynthAX paper, 3.3.2).

    `examples` names some of `EXAMPLES` (empty: all); sounds last `duration_s` seconds at
    `sample_rate` Hz. Without torchsynth ours are rendered alone.
    """

    examples: list[str] = field(default_factory=list)
    duration_s: float = 1.0
    sample_rate: int = 44100

    def __call__(self, run: "Run") -> dict[str, float]:
        """Render and compare, write sounds, Figure 4 and a page; gives each example's distance."""
        names = self.examples or list(EXAMPLES)
        if unknown := [name for name in names if name not in EXAMPLES]:
            raise UserError(
                f"job.examples: {', '.join(unknown)} given; allowed: {', '.join(EXAMPLES)}"
            )
        if not installed(PEER):
            log.warning("%s is not installed: ours alone (make setup-bench installs it)", PEER)
        rendered = []
        with run.progress(len(names), "examples") as progress:
            for name in names:
                rendered.append(self._render(EXAMPLES[name], run.seed))
                progress.update(1, example=name)
        self._write(run, rendered)
        return self._metrics(rendered)

    def _kits(self, batch: int) -> list[Kit]:
        from scripts.jobs.replicate.ours import OurKit
        from synth.config import SynthConfig

        config = SynthConfig(
            batch_size=batch,
            sample_rate=self.sample_rate,
            buffer_size_seconds=self.duration_s,
        )
        kits: list[Kit] = [OurKit(config)]
        if installed(PEER):
            from scripts.jobs.replicate.theirs import TorchsynthKit

            kits.append(TorchsynthKit(batch, self.sample_rate, self.duration_s))
        return kits

    def _render(self, example: Example, seed: int) -> Rendered:
        signals = {}
        for kit in self._kits(len(example.labels)):
            signal = example.wire(kit, np.random.default_rng(seed))
            read = kit.audio_array if example.kind == "audio" else kit.control_array
            signals[kit.name] = read(signal)
        return Rendered(example, signals)

    def _metrics(self, rendered: list[Rendered]) -> dict[str, float]:
        metrics = {"examples": float(len(rendered))}
        audio_distances = []
        for item in rendered:
            found = item.differences(self.sample_rate)
            if found is None:
                continue
            kind = "log_mel_db" if item.example.kind == "audio" else "largest_difference"
            metrics[f"{item.example.name}/{kind}"] = max(found)
            audio_distances += found if item.example.kind == "audio" else []
        if audio_distances:
            metrics["log_mel_db_mean"] = float(np.mean(audio_distances))
            metrics["log_mel_db_max"] = max(audio_distances)
        return metrics

    def _write(self, run: "Run", rendered: list[Rendered]) -> None:
        page = Page(
            "torchsynth's examples, replicated",
            "Each example is wired once and rendered by our modules, one by one, and by "
            "torchsynth's where it is installed. Distances are mean absolute differences of "
            "64-band log-mel spectra, down to 80 dB below the loudest band.",
            footer="torchsynth stretches control signals over the whole sound (the last frame "
            "falls on the last sample); here frame k stands at k / control rate. What is left is "
            "mostly that.",
        )
        columns = [item for name in FIGURE_4 for item in rendered if item.example.name == name]
        if columns:
            libraries = [name for name in (PEER, "ours") if name in columns[0].signals]
            waves = {name: [_signal(item, name) for item in columns] for name in libraries}
            drawn = figure_4([item.example.title for item in columns], waves, self.sample_rate)
            files.write_bytes(run.artifact("figure_4.png"), png(drawn))
            run.tracker.figure("figure_4", drawn)
            caption = "Spectrograms as in Figure 4 of the SynthAX paper."
            page.figure(png(drawn), alt="Figure 4, replicated", caption=caption)
        for item in rendered:
            self._card(run, page, item)
        page.write(run.artifact("index.html"))

    def _card(self, run: "Run", page: Page, item: Rendered) -> None:
        example, found = item.example, item.differences(self.sample_rate)
        unit = "dB" if example.kind == "audio" else "largest difference"
        badge = "" if found is None else f"{max(found):.2g} {unit}"
        card = page.card(example.title, badge=badge, wide=True)
        if example.kind == "control":
            drawn = control_lines(example.labels, item.signals, self.sample_rate / 100)
            run.tracker.figure(example.name, drawn)
            card.figure(png(drawn), alt=f"{example.title}: {', '.join(example.labels)}")
            return
        for index, label in enumerate(example.labels):
            for library, sounds in item.signals.items():
                wave = _within_range(sounds[index])
                card.sound(wave, self.sample_rate, label=f"{label}, {library}")
                path = run.artifact(f"audio/{example.name}_{index + 1}_{library}.wav")
                audio.write(path, wave, self.sample_rate)
                run.tracker.audio(f"{example.name}/{label}/{library}", wave, self.sample_rate)


def _within_range(wave: np.ndarray) -> np.ndarray:
    """A sound scaled so that a player does not cut it: single oscillators reach 1.125."""
    return wave / max(1.0, float(np.abs(wave).max()))


def _signal(item: Rendered, library: str) -> np.ndarray:
    """The first sound of an example by one library."""
    return item.signals[library][0]
