"""Fill a grid a prompt with different good sounds, beside a search for the best one alone."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from ctag.alternatives.archive import Elites, Filled, Grid, Illumination, QualityDiversity
from ctag.alternatives.behaviour import Axis, behaviour_of
from ctag.generation import Renderer
from ctag.prompts import prompt_keys
from ctag.scorers.acoustic import AcousticScorer
from ctag.scorers.acoustic.descriptors import describe
from ctag.scorers.acoustic.scorer import score_values
from ctag.scorers.protocol import Scorer, Target
from ctag.strategies.base import AskTell, Key, Strategy
from synth.engine import compiler_options


class Explored(NamedTuple):
    """What both searches found.

    Attributes:
        elites: of the quality-diversity search, a prompt.
        beside: of the search for the best, put into the same grid.
        filled: (generations, prompts, 3) coverage, QD score and best score of the first.
        filled_beside: the same of the second.
    """

    elites: list[Elites]
    beside: list[Elites]
    filled: Float[np.ndarray, "generations prompts 3"]
    filled_beside: Float[np.ndarray, "generations prompts 3"]


class _Sides(NamedTuple):
    """All state of a search: objects of pyribs a prompt, and the strategy's state of all."""

    diverse: list[Illumination]
    beside: list[Grid]


@dataclass(frozen=True, eq=False)
class Exploration:
    """Two searches at equal evaluations: quality-diversity, and a strategy for the best sound.

    Both are functions of their seeds and of what they are told. So a stored state is what was told:
    it is told again, without a sound rendered, and the searches stand where they stood.

    Attributes:
        synth, scorer: what is played, and the judge.
        axes: the grid.
        search: settings of the quality-diversity search.
        strategy: the other one.
        iterations, population: generations, and sounds in each, for both.
        floor: sounds that score no higher are kept nowhere.
        chunk_generations: generations between two saves.
    """

    synth: Renderer
    scorer: Scorer
    axes: Sequence[Axis]
    search: QualityDiversity
    strategy: Strategy
    iterations: int = 300
    population: int = 50
    floor: float = 0.0
    chunk_generations: int = 10

    def run(
        self,
        prompts: Sequence[str],
        key: Key,
        progress: Callable[[int, Filled], None] | None = None,
        save: Callable[[dict[str, Any]], None] | None = None,
        saved: Mapping[str, Any] | None = None,
        names: Sequence[str] | None = None,
    ) -> Explored:
        """Search for every prompt.

        Args:
            prompts: what the scorer is to judge against.
            key: of all randomness.
            progress: called every `chunk_generations` with the generations done and the mean of how
                well the grids are filled.
            save: called then with what was told so far, to be stored.
            saved: what was stored, to go on from; it ends with the same result.
            names: what random keys are made from. None: the prompts.
        """
        names = list(prompts if names is None else names)
        target = jax.device_put(self.scorer.target(list(prompts)))
        keys, n_params = prompt_keys(key, names), self.synth.n_params
        seeds = [
            [*np.asarray(k).tolist(), zlib.crc32(n.encode())]
            for k, n in zip(keys, names, strict=True)
        ]
        sides = _Sides(
            [self.search.start(self.axes, n_params, self.population, self.floor, s) for s in seeds],
            [Grid(self.axes, n_params, self.floor) for _ in names],
        )
        ask, tell = self._strategy_calls
        state = jax.vmap(self._ask_tell.init)(keys)
        told: list[np.ndarray] = [] if saved is None else list(saved["told"])
        figures: list[np.ndarray] = []
        for generation in range(self.iterations):
            theta_best, state = ask(keys, state)
            theta_diverse = np.stack([one.ask() for one in sides.diverse])
            if generation == len(told):
                both = np.concatenate([theta_diverse, np.asarray(theta_best)], axis=1)
                told.append(np.asarray(self._evaluate(jnp.asarray(both), target)))
                new = True
            else:
                new = False
            first, second = np.split(told[generation], 2, axis=1)
            for place, (one, grid) in enumerate(zip(*sides, strict=True)):
                one.tell(first[place, :, 0], first[place, :, 1:])
                grid.add(np.asarray(theta_best)[place], second[place, :, 0], second[place, :, 1:])
            state = tell(keys, theta_best, jnp.asarray(second[..., 0]), state)
            figures.append(
                np.array(
                    [
                        [one.grid.filled() for one in sides.diverse],
                        [g.filled() for g in sides.beside],
                    ]
                )
            )
            done = generation + 1
            if new and (done % self.chunk_generations == 0 or done == self.iterations):
                if save is not None:
                    save({"told": np.stack(told)})
                if progress is not None:
                    progress(done, Filled(*figures[-1][0].mean(0).tolist()))
        history = np.stack(figures, axis=1)
        return Explored(
            [one.grid.elites() for one in sides.diverse],
            [grid.elites() for grid in sides.beside],
            history[0],
            history[1],
        )

    @cached_property
    def _ask_tell(self) -> AskTell:
        return self.strategy.start(self.synth.n_params, self.population)

    @cached_property
    def _strategy_calls(self) -> tuple[Any, Any]:
        def keys_of(key: Array, generation: Array) -> Array:
            return jax.random.split(jax.random.fold_in(key, generation))

        def ask(key: Array, state: Any) -> Any:
            return self._ask_tell.ask(keys_of(key, state.generation)[0], state)

        def tell(key: Array, theta: Array, score: Array, state: Any) -> Any:
            return self._ask_tell.tell(keys_of(key, state.generation)[1], theta, score, state)

        return jax.jit(jax.vmap(ask)), jax.jit(jax.vmap(tell))

    @cached_property
    def _evaluate(self) -> Callable[[Array, Target], Array]:
        """Scores and behaviours, (prompts, sounds, 1 + n_axes); a prompt's sounds at a time."""
        rate = float(self.synth.config.sample_rate)

        def both(wanted: Target, audio: Array, score: Array | None) -> Array:
            described = describe(audio, rate)
            if score is None:
                score = self._score(wanted, audio, described)
            return jnp.concatenate([score[:, None], behaviour_of(described, self.axes)], -1)

        def of_prompt(inputs: tuple[Array, Target]) -> Array:
            theta, wanted = inputs
            return both(
                jax.tree.map(lambda leaf: leaf[None], wanted), self.synth.render(theta), None
            )

        sounds = 2 * self.population * self.iterations
        options = compiler_options(sounds * self.synth.n_samples)
        if getattr(self.scorer, "traceable", True):
            traced = jax.jit(
                lambda theta, target: lax.map(of_prompt, (theta, target)), compiler_options=options
            )
            return traced
        render = jax.jit(self.synth.render, compiler_options=options)
        together = jax.jit(both, compiler_options=options)

        def in_calls(theta: Array, target: Target) -> Array:
            rows = []
            for place in range(theta.shape[0]):
                audio = render(theta[place])
                wanted = jax.tree.map(lambda leaf, place=place: leaf[place : place + 1], target)
                score = jnp.asarray(self.scorer.score(wanted, audio[None], rate))[0]
                rows.append(together(None, audio, score))
            return jnp.stack(rows)

        return in_calls

    def _score(self, wanted: Target, audio: Array, described: Array) -> Array:
        """Scores of one prompt's sounds; what is described already is not described anew."""
        if isinstance(self.scorer, AcousticScorer):
            return score_values(wanted, described[None])[0]
        return self.scorer.score(wanted, audio[None], float(self.synth.config.sample_rate))[0]
