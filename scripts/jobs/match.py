"""The job of `ctag/match`: a recording becomes a patch, and a page to compare the two by ear."""

import dataclasses
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from ctag.history import SearchResult
from ctag.locks import Lock
from ctag.scorers.recording import RecordingScorer, log_mel_distance
from ctag.search import Search as CtagSearch
from ctag.strategies.base import Strategy
from eval.harness import audio
from scripts.jobs.pages import footer, publish
from scripts.jobs.searching import (
    drift,
    held_by,
    searched,
    title_of,
    write_history,
    write_sound,
)
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from synth.base import Synth
from synth.patch import Patch

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)

STAND_IN = "stand_in"
STAND_IN_SECONDS = 0.5
SHORTEST_S = 0.02
SILENCE = 1e-4  # of full scale, 80 dB below it


@dataclass(frozen=True)
class Match:
    """Find the patch whose sound is closest to a recording (synthesizer programming).

    The synth is given the recording's length. Writes `target.wav`, `sounds/match.wav`,
    `patches/match.yaml`, `history.csv` and `index.html` to the run's folder.

    Attributes:
        target: the recording: WAV, FLAC, OGG, MP3; several channels are averaged. The word
            `stand_in` means a sound of the synth itself, with parameters drawn by the run's seed,
            which tests use.
        synth: what is played; its duration is replaced.
        strategy: the optimizer.
        scorer: the judge; its rate and duration are replaced by the synth's.
        iterations: generations.
        population: sounds a generation.
        longest_s: a longer recording is refused; in seconds.
        chunk_generations: generations between two checkpoints.
        chunk_samples: audio samples rendered and scored at a time, at most; None: by device.
        page: where a copy of the page goes; None: nowhere.
        lock: parameters that are fixed, or kept in a range, as for `scripts.jobs.search.Search`.
    """

    target: Path
    synth: Synth
    strategy: Strategy
    scorer: RecordingScorer
    iterations: int = 300
    population: int = 50
    longest_s: float = 10.0
    chunk_generations: int = 10
    chunk_samples: int | None = None
    page: OutputPath | None = None
    lock: Lock = field(default_factory=dict)

    def __call__(self, run: "Run") -> dict[str, float]:
        """Search, write everything, and give the score and the distance in dB."""
        held = held_by(self.synth, self.lock)
        wave = self._stand_in(run) if str(self.target) == STAND_IN else self._recording()
        synth = lasting(self.synth, wave.size)
        copy = run.artifact("target.wav")
        config = synth.config
        audio.write(copy, wave, config.sample_rate)
        scorer = dataclasses.replace(
            self.scorer, sample_rate=config.sample_rate, duration_s=config.buffer_size_seconds
        )
        search = CtagSearch(
            synth,
            self.strategy,
            scorer,  # pyright: ignore[reportArgumentType]: it knows its rate, others need none
            self.iterations,
            self.population,
            self.chunk_generations,
            self.chunk_samples,
            self.lock,
        )
        # The name, not the path: the same recording in another folder is the same search.
        result = searched(run, search, [str(copy)], f"matching {self.target.name}", ["target"])
        write_history(run, result)
        distance = float(
            log_mel_distance(jnp.asarray(wave), jnp.asarray(result.audio[0]), result.sample_rate)
        )
        patch = write_sound(run, "match", synth, result.theta[0], result.audio[0], self.target.stem)
        self._write_page(run, result, wave, distance, patch, held)
        log.info("%s: score %.3f, %.2f dB away", self.target.name, result.score[0], distance)
        return {
            "score": float(result.score[0]),
            "score_drift": drift(result),
            "log_mel_distance_db": distance,
            "sounds_tried": float(self.iterations * self.population),
        }

    def _recording(self) -> Float32[np.ndarray, " n_samples"]:
        """The target at the synth's rate.

        Raises:
            UserError: there is no such file, it is not audio, too short, too long, or silent.
        """
        rate = self.synth.config.sample_rate
        try:
            seconds = audio.duration_s(self.target)
            if seconds > self.longest_s:
                raise UserError(
                    f"{self.target} is {seconds:.1f} s long, at most {self.longest_s:g} s are "
                    "matched: cut it, or set job.longest_s"
                )
            wave, _ = audio.read(self.target, rate)
        except (FileNotFoundError, ValueError) as error:
            raise UserError(f"target: {error}") from error
        if wave.size < SHORTEST_S * rate:
            raise UserError(
                f"{self.target} is {1000 * wave.size / rate:.1f} ms long: at least "
                f"{1000 * SHORTEST_S:g} ms are needed to tell one sound from another"
            )
        if np.abs(wave).max() < SILENCE:
            raise UserError(f"{self.target} is silent: there is nothing to match")
        return wave

    def _stand_in(self, run: "Run") -> Float32[np.ndarray, " n_samples"]:
        """A sound of the synth, which a patch is known to make: the first of four that is heard."""
        rate = self.synth.config.sample_rate
        synth = lasting(self.synth, round(STAND_IN_SECONDS * rate))
        theta = jax.random.uniform(jax.random.PRNGKey(run.seed), (4, synth.n_params))
        # One by one, as the match is rendered at the end: the same program.
        waves = [np.asarray(synth.render(theta[i : i + 1]))[0] for i in range(len(theta))]
        return next((wave for wave in waves if np.abs(wave).max() > 100 * SILENCE), waves[0])

    def _write_page(
        self,
        run: "Run",
        result: SearchResult,
        wave: Float32[np.ndarray, " n_samples"],
        distance: float,
        patch: Patch,
        held: str,
    ) -> None:
        """Write the page: both sounds side by side, the curve, the patch."""
        name = self.target.name
        page = Page(
            f"{name}, played by a synthesizer",
            f"Out of {self.iterations * self.population:,} sounds of a synthesizer with "
            f"{patch.synth().n_params} parameters, the one closest to the recording. "
            f"{title_of(self.strategy)} chose what to try next.\n\n"
            f"Level is left out of the comparison: both are played equally loud.{held}",
            footer=footer(run),
        )
        card = page.card("A and B", wide=True)
        wave = at_level_of(wave, result.audio[0])
        card.sound(wave, result.sample_rate, label="A: the recording")
        card.sound(result.audio[0], result.sample_rate, label="B: the match")
        card.facts(
            [
                ("score", f"{result.score[0]:.3f}"),
                ("log-mel distance", f"{distance:.2f} dB"),
                ("length", f"{wave.size / result.sample_rate:.2f} s"),
            ]
        )
        card.curve(result.history.best[:, 0].tolist(), "best score", "generation")
        card.patch(patch.rows())
        card.download(f"{self.target.stem}.yaml", patch.text())
        run.tracker.audio("sounds/target", wave, result.sample_rate, name)
        run.tracker.audio("sounds/match", result.audio[0], result.sample_rate, f"match of {name}")
        publish(run, page, self.page, "the page to compare them")


def lasting(synth: Synth, n_samples: int) -> Synth:
    """The same synth with sounds of `n_samples`."""
    seconds = n_samples / synth.config.sample_rate
    return synth.clone(config=dataclasses.replace(synth.config, buffer_size_seconds=seconds))


def at_level_of(
    wave: Float32[np.ndarray, " n_samples"], reference: Float32[np.ndarray, " n_samples"]
) -> Float32[np.ndarray, " n_samples"]:
    """A wave at the root mean square of another, or as near to it as a peak of 1 allows."""
    wanted = np.sqrt(np.mean(reference**2) / np.mean(wave**2))
    return (wave * min(wanted, 1 / np.abs(wave).max())).astype(np.float32)
