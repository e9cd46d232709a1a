"""The job of `experiment=ctag/warm_start`: cold searches, and warm ones towards the same scores."""

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from ctag.history import SearchResult
from ctag.locks import Lock
from ctag.prompts import PromptSet
from ctag.scorers.protocol import Scorer
from ctag.search import Search as CtagSearch
from ctag.search import WarmStart as Begin
from ctag.strategies.base import Strategy
from ctag.warm_start.cache import Cache, Solution
from ctag.warm_start.predictor import Predictor
from scripts.jobs.judging import labels_of, texts_for
from scripts.jobs.searching import held_by, searched
from scripts.jobs.warm_start.report import Race, write
from scripts.jobs.warm_start.seeds import Ways, filled_up, pool, ways_for
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WarmStart:
    """How much sooner a search is done that begins where something is known.

    All prompts are searched for cold. Those of `solved` go into a cache; then every prompt of
    `prompts` is searched for again, beginning at what the cache has for the most similar texts, at
    the best liked sounds of a pool of random patches, and at what a network trained on that pool
    predicts. Each seed is tried first. Writes `warm_start.csv`, `history.csv`, sounds, patches and
    `index.html`.

    Attributes:
        synth: what is played.
        strategy: the optimizer.
        scorer: the judge.
        prompts: the new ones, whose searches are timed.
        solved: the ones in the cache.
        predictor: settings of the network.
        iterations: generations of every search.
        population: sounds a generation and prompt.
        points: seeds a search.
        std: standard deviation that warm searches begin with; None: the strategy's own.
        sounds: in the pool of random patches.
        cache: where solved prompts are kept; None: in the run's folder.
        chunk_generations: generations between two checkpoints.
        chunk_samples: audio samples rendered and scored at a time, at most; None: by device.
        lock: parameters that are fixed, or kept in a range, as for `scripts.jobs.search.Search`;
            seeds are moved to the nearest points that it allows.
    """

    synth: Synth
    strategy: Strategy
    scorer: Scorer
    prompts: PromptSet
    solved: PromptSet
    predictor: Predictor = field(default_factory=Predictor)
    iterations: int = 300
    population: int = 50
    points: int = 4
    std: float | None = 0.1
    sounds: int = 4096
    cache: OutputPath | None = None
    chunk_generations: int = 10
    chunk_samples: int | None = None
    lock: Lock = field(default_factory=dict)

    def __call__(self, run: "Run") -> dict[str, float]:
        """Search cold and warm, and give how many generations the warm searches need."""
        new, solved = labels_of(self.prompts), labels_of(self.solved)
        if both := sorted(set(new) & set(solved)):
            raise UserError(
                f"prompts and solved: {', '.join(both)} in both; a prompt that is solved would "
                "begin at its own answer"
            )
        if self.points < 1 or self.sounds < self.points:
            raise UserError(
                f"job.points={self.points} and job.sounds={self.sounds}: there must be a seed, "
                "and as many sounds as seeds"
            )
        texts, held = texts_for(self.scorer, self.prompts), held_by(self.synth, self.lock)
        search = CtagSearch(
            self.synth,
            self.strategy,
            self.scorer,
            self.iterations,
            self.population,
            self.chunk_generations,
            self.chunk_samples,
            self.lock,
        )
        cold = searched(
            run,
            search,
            [*texts, *texts_for(self.scorer, self.solved)],
            "searching cold",
            [*new, *solved],
            checkpoint="cold",
        )
        ways = ways_for(self.scorer)
        seeds = self._seeds(run, ways, cold, len(new), solved, texts)
        names = [f"{prompt} ({way})" for way in seeds for prompt in new]
        warm = searched(
            run,
            search,
            texts * len(seeds),
            "searching warm",
            names,
            warm=Begin(np.concatenate(list(seeds.values())), self.std),
            checkpoint="warm",
        )
        race = Race(new, tuple(seeds), self.synth, cold, warm)
        return write(run, race, self._intro(len(solved)) + held, self.scorer)

    def _seeds(
        self,
        run: "Run",
        ways: Ways,
        cold: SearchResult,
        n_new: int,
        solved: list[str],
        texts: list[str],
    ) -> dict[str, np.ndarray]:
        """Where to begin, by way: (prompts, points, n_params) each."""
        cache = Cache(
            self.cache or run.artifact("cache/solved").parent,
            " ".join(p.name for p in self.synth.parameters)
            + f" {self.synth.config.sample_rate} {self.synth.config.buffer_size_seconds}",
            repr(self.scorer),
            ways.texts,
        )
        cache.add(
            [
                Solution(prompt, cold.theta[n_new + place], float(cold.score[n_new + place]))
                for place, prompt in enumerate(solved)
            ]
        )
        found = [
            [known for known in row if known.prompt in solved]
            for row in cache.nearest(texts, self.points + len(texts))
        ]
        for text, row in zip(texts, found, strict=True):
            log.info("%s begins at %s", text, ", ".join(s.prompt for s in row[: self.points]))
        near = [np.stack([s.theta for s in row[: self.points]]) for row in found]
        seeds = {"cache": filled_up(near, self.points)}
        if ways.space is None:
            return seeds
        key_pool, key_fit = jax.random.split(jax.random.fold_in(jax.random.PRNGKey(run.seed), 2))
        with run.progress(self.sounds, "hearing random patches") as bar:
            known = pool(self.synth, ways.space, self.sounds, key_pool, bar.update)
        log.info("training a predictor on %d random patches", self.sounds)
        fitted = self.predictor.fit(known["vectors"], known["theta"], key_fit)
        wanted = ways.space.of_prompts(texts)
        seeds["pool"] = fitted.best(ways.space.liking(fitted.vectors, texts), self.points)
        predicted = fitted.predicted(wanted.vector, wanted.weight)
        seeds["predictor"] = filled_up(list(predicted), self.points)
        mixed: list[Any] = [np.concatenate(rows) for rows in zip(*seeds.values(), strict=True)]
        every = mixed[0].shape[0]
        seeds = {way: filled_up(list(rows), every) for way, rows in seeds.items()}
        return seeds | {"all": np.stack(mixed)}

    def _intro(self, n_solved: int) -> str:
        return (
            f"Every prompt was searched for from anywhere (cold), {self.iterations} generations of "
            f"{self.population} sounds, and again from what was known before: the solutions of "
            f"{n_solved} other prompts whose texts are most alike (cache), the best liked of "
            f"{self.sounds:,} random patches (pool), what a network trained on those predicts "
            "(predictor), and all of these (all). The question is after how many generations a "
            "warm search has the cold one's final score."
        )
