"""The job of `experiment=ctag/refine`: a search, then gradients, beside more of the search."""

import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from ctag.generation import Renderer, evaluated
from ctag.gradient import check_gradient
from ctag.locks import Lock, Locked, locked
from ctag.prompts import PromptSet
from ctag.refine import Refined, Refinement, rough_columns
from ctag.scorers.protocol import Scorer
from ctag.search import Search as CtagSearch
from ctag.strategies.base import Strategy
from scripts.jobs.judging import labels_of, texts_for
from scripts.jobs.refine.report import Comparison, Heard, write
from scripts.jobs.searching import held_by, searched, title_of
from scripts.runtime.errors import UserError
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refine:
    """Refine the best patches of a search by the gradient of the score.

    The same search goes on beside it, for as many sounds as the gradients cost. Writes
    `refine.csv`, `sounds/*.wav`, `patches/*.yaml` and `index.html`.

    Attributes:
        synth: what is played.
        strategy: the optimizer of the search.
        scorer: the judge, which must be differentiable: traceable by JAX, or with a
            `score_and_gradient` (`ctag.gradient`).
        prompts: what to search for, and in which words.
        iterations: generations before the gradients.
        population: sounds a generation and prompt.
        steps: gradients a start.
        starts: points a prompt that climb at once.
        round_steps: steps between new beginnings from the best point.
        smallest, largest: step sizes of the first and the last start, in [0, 1].
        spread: standard deviation of the starts around the best point.
        gradient_cost: sounds tried by which one gradient is counted.
        chunk_generations: generations between two checkpoints.
        chunk_samples: audio samples rendered and scored at a time, at most; None: by device.
        lock: parameters that are fixed, or kept in a range, as for `scripts.jobs.search.Search`.
    """

    synth: Synth
    strategy: Strategy
    scorer: Scorer
    prompts: PromptSet
    iterations: int = 300
    population: int = 50
    steps: int = 100
    starts: int = 8
    round_steps: int = 50
    smallest: float = 1e-3
    largest: float = 3e-2
    spread: float = 0.01
    gradient_cost: float = 3.0
    chunk_generations: int = 10
    chunk_samples: int | None = None
    lock: Lock = field(default_factory=dict)

    def __call__(self, run: "Run") -> dict[str, float]:
        """Search, refine, compare, and give the scores."""
        labels, held = labels_of(self.prompts), held_by(self.synth, self.lock)
        box = locked(self.synth.parameters, self.lock)
        played = Locked(self.synth, box)
        refinement = self._refinement(played, rough_columns(played.parameters))
        texts = texts_for(self.scorer, self.prompts)
        target = jax.device_put(self.scorer.target(texts))
        try:
            check_gradient(self.scorer, target, played)
        except (TypeError, ValueError) as error:
            raise UserError(f"scorer: {error}") from error
        more = math.ceil(self.steps * self.starts * self.gradient_cost / self.population)
        search = CtagSearch(
            self.synth,
            self.strategy,
            self.scorer,
            self.iterations + more,
            self.population,
            math.gcd(self.iterations, self.chunk_generations),
            self.chunk_samples,
            self.lock,
        )

        def keep(state: dict[str, Any]) -> None:
            if len(state["history"]["best"]) == self.iterations:
                run.checkpoints.save("start", {"theta": search.best_of(state)})

        continued = searched(run, search, texts, "searching", labels, keep)
        kept = run.checkpoints.load("start")
        assert kept is not None, "the search passes the generation after which it is kept"
        begin = np.asarray(kept["theta"])
        free = np.asarray(box.free(jnp.asarray(begin)))
        found = self._refined(run, refinement, target, free)
        after = np.asarray(box.whole(jnp.asarray(found.theta)))
        start, refined, longer = (
            Heard(theta, *evaluated(self.synth, self.scorer, jnp.asarray(theta), target))
            for theta in (begin, after, continued.theta)
        )
        # Steps too small to be told from rounding may look better in one program and not another.
        refined = refined.where(refined.score >= start.score, start)
        if found.undefined:
            log.warning("%d gradients were not finite and taken as 0", found.undefined)
        comparison = Comparison(
            labels, self.synth, start, refined, longer, continued.history, found.history
        )
        write(run, comparison, self._intro(more) + held, self.scorer)
        return comparison.figures() | {
            "gradients": float(self.steps * self.starts * len(labels)),
            "more_generations": float(more),
            "undefined_gradients": float(found.undefined),
        }

    def _refinement(self, played: Renderer, rough: tuple[int, ...]) -> Refinement:
        try:
            return Refinement(
                played,
                self.scorer,
                self.steps,
                self.starts,
                self.round_steps,
                self.smallest,
                self.largest,
                self.spread,
                rough,
            )
        except ValueError as error:
            raise UserError(f"job: {error}") from error

    def _refined(
        self, run: "Run", refinement: Refinement, target: Any, theta: np.ndarray
    ) -> Refined:
        saved = run.checkpoints.load("refine")
        done = 0 if saved is None else len(saved["history"])
        log.info("refining: %d starts a prompt, %d steps; compiling", self.starts, self.steps)
        with run.progress(self.steps, "refining", done) as bar:
            before = done

            def show(step: int, best: np.ndarray) -> None:
                nonlocal before
                bar.update(step - before, best=float(best.mean()))
                run.tracker.log({"refine/best": float(best.mean())}, step=step)
                before = step

            return refinement.run(
                target,
                theta,
                jax.random.fold_in(jax.random.PRNGKey(run.seed), 1),
                show,
                lambda state: run.checkpoints.save("refine", state),
                saved,
            )

    def _intro(self, more: int) -> str:
        name = title_of(self.strategy)
        return (
            f"{name} searched for {self.iterations} generations of {self.population} sounds. From "
            f"its best patch {self.starts} points a prompt climbed along the gradient of the score "
            f"for {self.steps} steps. Beside that, {name} went on for {more} generations, which is "
            f"the same cost where a gradient counts as {self.gradient_cost:g} sounds."
        )
