"""The job of `experiment=ctag/alternatives`: quality-diversity search beside one for the best."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jax

from ctag.alternatives.archive import Filled, QualityDiversity
from ctag.alternatives.behaviour import Axis
from ctag.alternatives.explore import Exploration
from ctag.locks import Lock, Locked, locked
from ctag.prompts import PromptSet
from ctag.scorers.protocol import Scorer
from ctag.strategies.base import Strategy
from scripts.jobs.alternatives.report import Result, write
from scripts.jobs.judging import labels_of, texts_for
from scripts.jobs.searching import held_by, title_of
from scripts.runtime.errors import UserError
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alternatives:
    """Fill a grid of descriptors with different good sounds for every prompt.

    Beside it a strategy searches for the best sound alone, with as many sounds, and its sounds are
    put into the same grid. Writes `alternatives.csv`, `history.csv`, `sounds/*.wav`,
    `patches/*.yaml` and `index.html`.

    Attributes:
        synth: what is played.
        strategy: the other optimizer.
        scorer: the judge.
        prompts: what to search for, and in which words.
        axes: two descriptors of the acoustic scorer, see `ctag.alternatives.behaviour`.
        search: settings of the quality-diversity search.
        iterations: generations, of both.
        population: sounds a generation and prompt, of both.
        floor: sounds that score no higher are kept nowhere.
        shown: sounds a prompt that are on the page, with files.
        chunk_generations: generations between two checkpoints.
        lock: parameters that are fixed, or kept in a range, as for `scripts.jobs.search.Search`.
    """

    synth: Synth
    strategy: Strategy
    scorer: Scorer
    prompts: PromptSet
    axes: Sequence[Axis]
    search: QualityDiversity
    iterations: int = 300
    population: int = 50
    floor: float = 0.0
    shown: int = 12
    chunk_generations: int = 10
    lock: Lock = field(default_factory=dict)

    def __call__(self, run: "Run") -> dict[str, float]:
        """Search, write everything, and give coverage, QD scores and best scores of both."""
        labels, held = labels_of(self.prompts), held_by(self.synth, self.lock)
        if len(self.axes) != 2:
            raise UserError(f"job.axes: {len(self.axes)} given; the page shows grids of two")
        box = locked(self.synth.parameters, self.lock)
        exploration = Exploration(
            Locked(self.synth, box),
            self.scorer,
            self.axes,
            self.search,
            self.strategy,
            self.iterations,
            self.population,
            self.floor,
            self.chunk_generations,
        )
        texts = texts_for(self.scorer, self.prompts)
        saved = run.checkpoints.load("explore")
        done = 0 if saved is None else len(saved["told"])
        log.info(
            "exploring: 2 x %d x %d sounds a generation, %d generations; compiling",
            len(labels),
            self.population,
            self.iterations,
        )
        with run.progress(self.iterations, "exploring", done) as bar:

            def show(generation: int, filled: Filled) -> None:
                nonlocal done
                bar.update(generation - done, best=filled.best, coverage=filled.coverage)
                run.tracker.log({"explore/coverage": filled.coverage}, step=generation)
                done = generation

            def save(state: dict[str, Any]) -> None:
                run.checkpoints.save("explore", state)

            key = jax.random.PRNGKey(run.seed)
            try:
                found = exploration.run(texts, key, show, save, saved, labels)
            except ModuleNotFoundError as error:
                raise UserError(
                    f"quality-diversity search needs pyribs ({error}): run `make setup`"
                ) from error
        result = Result(labels, self.synth, box, tuple(self.axes), found)
        return write(run, result, self._intro() + held, title_of(self.strategy), self)

    def _intro(self) -> str:
        names = " and ".join(axis.descriptor.replace("_", " ") for axis in self.axes)
        return (
            f"Different good sounds for each prompt: in every cell of a grid of {names}, the one "
            f"that the judge liked best, out of {self.iterations * self.population:,} sounds. "
            f"Beside it {title_of(self.strategy)}, which looks for the best sound alone, with as "
            "many sounds, put into the same grid. The QD score is the sum of all cells' scores "
            f"above {self.floor:g}, over the number of cells."
        )
