"""Generations of a search on the device: ask, render, score, tell, for all prompts at once.

This is Algorithm 1 of "Creative Text-to-Audio Generation via Synthesizer Programming" with a batch
axis over prompts. Nothing here touches the host: a chunk of generations is one compiled program.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Float32, Int, UInt

from ctag.history import Figures, summarize
from ctag.scorers.protocol import Scorer, Target
from ctag.strategies.base import AskTell, StrategyState
from synth.engine import compiler_options


@runtime_checkable
class Renderer(Protocol):
    """What a search needs of a synth; every `synth.base.Synth` has it."""

    @property
    def n_params(self) -> int:
        """Parameters of a sound."""
        ...

    @property
    def n_samples(self) -> int:
        """Samples of a sound."""
        ...

    @property
    def config(self) -> Any:
        """Has `sample_rate` in Hz."""
        ...

    def render(self, theta: Float[Array, "batch n_params"]) -> Float[Array, "batch n_samples"]:
        """Sounds from parameters in [0, 1]; traceable."""
        ...


class SearchState(NamedTuple):
    """Where a search stands: arrays with a leading axis over the prompts.

    Attributes:
        strategy: the strategy's state, one search a prompt.
        best_theta: the parameters with the highest score so far.
        best_score: that score; -inf before any finite one.
    """

    strategy: StrategyState
    best_theta: Float[Array, "prompts n_params"]
    best_score: Float[Array, " prompts"]


@dataclass(frozen=True, eq=False)
class Generations:
    """The compiled loop of a search.

    Args:
        strategy: ask and tell for one prompt; it is vmapped over prompts.
        synth: renders the candidates.
        scorer: scores them. One that jax.jit cannot trace (a PyTorch network behind DLPack) has an
            attribute `traceable = False`; then ask and render, score, and tell are three calls.
        chunk_generations: room for that many generations in one call.
        chunk_samples: audio samples rendered and scored at a time, at most, but for one sound that
            is longer; it bounds the memory and changes no result.
        iterations: generations that will be made in all, which decide how to compile.
    """

    strategy: AskTell
    synth: Renderer
    scorer: Scorer
    chunk_generations: int
    chunk_samples: int
    iterations: int

    @property
    def sample_rate(self) -> float:
        """Of the audio, in Hz."""
        return float(self.synth.config.sample_rate)

    def start(
        self,
        keys: UInt[Array, "prompts 2"],
        target: Target = None,
        near: Float[Array, "prompts points n_params"] | None = None,
        std: float | None = None,
    ) -> SearchState:
        """The state before the first generation.

        Args:
            keys: of all randomness, a prompt.
            target: what the scorer prepared; needed for `near`.
            near: points to begin at. They are tried first, and the search begins at the best.
            std: see `ctag.strategies.base.AskTell.init`.
        """
        n_prompts = keys.shape[0]
        if near is not None:
            return self._start_near(keys, target, near, std)
        strategy = self._jit_init(keys)
        # Of a plain type, as later states have it: another one would be compiled for anew.
        best_theta = jnp.full((n_prompts, self.strategy.n_params), 0.5, jnp.float32)
        best_score = jnp.full((n_prompts,), -jnp.inf, jnp.float32)
        return SearchState(strategy, best_theta, best_score)

    def _start_near(
        self, keys: Array, target: Target, near: Array, std: float | None
    ) -> SearchState:
        tried = [self.evaluate(near[:, point], target)[1] for point in range(near.shape[1])]
        score = np.where(np.isfinite(tried), tried, -np.inf).T
        order = np.argsort(-score, axis=1, kind="stable")
        near = jnp.take_along_axis(near, jnp.asarray(order)[..., None], axis=1)
        strategy = jax.vmap(lambda key, points: self.strategy.init(key, points, std))(keys, near)
        best = jnp.asarray(np.take_along_axis(score, order, axis=1)[:, 0], jnp.float32)
        return SearchState(strategy, near[:, 0], best)

    def prepare(
        self, keys: UInt[Array, "prompts 2"], state: SearchState, target: Target
    ) -> Callable[[SearchState, Int[Array, ""]], tuple[SearchState, Figures]]:
        """Compile for these prompts.

        Returns:
            A function from the state and a number of generations (a scalar on the device, at most
            `chunk_generations`) to the state after them and their figures, whose leading axis is
            `chunk_generations` long and filled from the front. It copies nothing between host and
            device, and JAX raises should that be attempted.
        """
        if not getattr(self.scorer, "traceable", True):
            return lambda state, count: self._advance_in_calls(keys, state, target, int(count))
        lowered = self._advance.lower(keys, state, target, jnp.int32(1))
        compiled = lowered.compile(compiler_options=self._compiler_options())

        def advance(state: SearchState, count: Array) -> tuple[SearchState, Figures]:
            with jax.transfer_guard("disallow"):
                return compiled(keys, state, target, count)

        return advance

    def evaluate(
        self, theta: Float[Array, "prompts n_params"], target: Target
    ) -> tuple[Float32[np.ndarray, "prompts n_samples"], Float32[np.ndarray, " prompts"]]:
        """See `evaluated`."""
        return evaluated(self.synth, self.scorer, theta, target)

    def _compiler_options(self) -> dict[str, Any]:
        # By one prompt's sounds: how it is compiled moves the last bits, which must not depend on
        # the prompts beside it.
        sounds = self.iterations * self.strategy.population
        return compiler_options(sounds * self.synth.n_samples)

    @cached_property
    def _advance(self) -> Any:
        def advance(keys: Array, state: SearchState, target: Target, count: Array) -> Any:
            n_prompts = keys.shape[0]

            def generation(i: Array, carry: tuple[SearchState, Figures]) -> Any:
                state, kept = carry
                theta, strategy, tell_keys = self._ask(keys, state)
                score = self._render_and_score(theta, target)
                state, figures = self._tell(tell_keys, theta, score, strategy, state)
                kept = jax.tree.map(lambda rows, row: rows.at[i].set(row), kept, figures)
                return state, kept

            rows = (self.chunk_generations, n_prompts)
            zero = jnp.zeros(rows)
            blank = Figures(zero, zero, zero, zero, jnp.zeros(rows, jnp.int32))
            # One program for every count: a chunk cut short is the same computation, bit for bit.
            return lax.fori_loop(0, count, generation, (state, blank))

        return jax.jit(advance)

    def _advance_in_calls(
        self, keys: Array, state: SearchState, target: Target, count: int
    ) -> tuple[SearchState, Figures]:
        """The same loop around a scorer that cannot be traced.

        Whatever is not the scorer is three programs a generation, so that no small operation waits
        for its own dispatch: ask, with the blocks cut; render a block; tell, with the scores put
        together.
        """
        n_prompts = keys.shape[0]
        which, _ = self._blocks(n_prompts)
        whole = which.shape == (1, n_prompts)
        wanted = [
            target if whole else jax.tree.map(lambda leaf, rows=rows: leaf[rows], target)
            for rows in which
        ]
        rows = []
        for _ in range(count):
            theta, blocks, strategy, tell_keys = self._jit_ask(keys, state)
            scores = [
                self.scorer.score(one, self._jit_render(block), self.sample_rate)
                for one, block in zip(wanted, blocks, strict=True)
            ]
            state, figures = self._jit_tell(tell_keys, theta, scores, strategy, state)
            rows.append(figures)
        return state, jax.tree.map(lambda *row: jnp.stack(row), *rows)

    @cached_property
    def _jit_init(self) -> Any:
        return jax.jit(jax.vmap(self.strategy.init))

    @cached_property
    def _jit_ask(self) -> Any:
        def ask(keys: Array, state: SearchState) -> Any:
            theta, strategy, tell_keys = self._ask(keys, state)
            return theta, list(self._cut(theta)), strategy, tell_keys

        return jax.jit(ask)

    @cached_property
    def _jit_render(self) -> Any:
        def render(block: Array) -> Array:
            audio = self.synth.render(block.reshape(-1, block.shape[-1]))
            return audio.reshape(*block.shape[:2], -1)

        return jax.jit(render, compiler_options=self._compiler_options())

    @cached_property
    def _jit_tell(self) -> Any:
        def tell(
            keys: Array, theta: Array, scores: list[Array], strategy: Any, state: SearchState
        ) -> Any:
            every = jnp.stack([score.astype(jnp.float32) for score in scores])
            return self._tell(keys, theta, self._joined(every, theta.shape[0]), strategy, state)

        return jax.jit(tell)

    def _ask(self, keys: Array, state: SearchState) -> tuple[Array, StrategyState, Array]:
        def ask(key: Array, state: StrategyState) -> tuple[Array, StrategyState, Array]:
            key_ask, key_tell = jax.random.split(jax.random.fold_in(key, state.generation))
            theta, state = self.strategy.ask(key_ask, state)
            return theta, state, key_tell

        return jax.vmap(ask)(keys, state.strategy)

    def _tell(
        self,
        keys: Array,
        theta: Array,
        score: Array,
        strategy: StrategyState,
        state: SearchState,
    ) -> tuple[SearchState, Figures]:
        figures = summarize(score, state.best_score)
        first = jnp.argmax(jnp.where(jnp.isfinite(score), score, -jnp.inf), axis=-1)
        best_here = jnp.take_along_axis(theta, first[:, None, None], axis=1)[:, 0]
        better = figures.generation_best > state.best_score
        best_theta = jnp.where(better[:, None], best_here, state.best_theta)
        strategy = jax.vmap(self.strategy.tell)(keys, theta, score, strategy)
        return SearchState(strategy, best_theta, figures.best), figures

    def _render_and_score(self, theta: Array, target: Target) -> Array:
        """Scores (prompts, population), block by block of at most `chunk_samples` samples."""
        n_prompts, _, n_params = theta.shape
        which, _ = self._blocks(n_prompts)

        def one(block: tuple[Array, Array]) -> Array:
            theta, which = block
            audio = self.synth.render(theta.reshape(-1, n_params))
            audio = audio.reshape(*theta.shape[:2], -1)
            wanted = jax.tree.map(lambda leaf: leaf[which], target)
            return self.scorer.score(wanted, audio, self.sample_rate).astype(jnp.float32)

        score = lax.map(one, (self._cut(theta), jnp.asarray(which)))
        return self._joined(score, n_prompts)

    def _blocks(
        self, n_prompts: int
    ) -> tuple[Int[np.ndarray, "blocks prompts_each"], Int[np.ndarray, "columns sounds_each"]]:
        """The prompts of each block, and the sounds of each column of blocks."""
        population = self.strategy.population
        prompts_each, sounds_each = block_shape(
            n_prompts, population, self.synth.n_samples, self.chunk_samples
        )
        columns = -(-n_prompts // prompts_each), -(-population // sounds_each)
        rows = np.arange(columns[0] * prompts_each) % n_prompts
        sounds = np.arange(columns[1] * sounds_each) % population
        which = np.repeat(rows.reshape(columns[0], prompts_each), columns[1], axis=0)
        return which, sounds.reshape(columns[1], sounds_each)

    def _cut(
        self, theta: Float[Array, "prompts population n_params"]
    ) -> Float[Array, "blocks prompts_each sounds_each n_params"]:
        """The parameters, block by block."""
        which, sounds = self._blocks(theta.shape[0])
        columns = np.tile(sounds, (len(which) // len(sounds), 1))
        return theta[which[:, :, None], columns[:, None, :]]

    def _joined(
        self, score: Float[Array, "blocks prompts_each sounds_each"], n_prompts: int
    ) -> Float[Array, "prompts population"]:
        """The scores of blocks as one array; the inverse of `_cut`."""
        _, sounds = self._blocks(n_prompts)
        n_columns, sounds_each = sounds.shape
        score = score.reshape(-1, n_columns, *score.shape[1:])
        score = jnp.moveaxis(score, 1, 2)
        score = score.reshape(-1, n_columns * sounds_each)
        return score[:n_prompts, : self.strategy.population]


def evaluated(
    synth: Renderer, scorer: Scorer, theta: Float[Array, "prompts n_params"], target: Target
) -> tuple[Float32[np.ndarray, "prompts n_samples"], Float32[np.ndarray, " prompts"]]:
    """Render and score one sound a prompt.

    Each by itself, as anybody renders its patch: the bits do not depend on the prompts beside it,
    and one program serves any number of them.
    """
    audio, score, rate = [], [], float(synth.config.sample_rate)
    for row in range(theta.shape[0]):
        one = slice(row, row + 1)
        sound = synth.render(theta[one])
        wanted = jax.tree.map(lambda leaf, one=one: leaf[one], target)
        audio.append(np.asarray(sound))
        score.append(np.asarray(scorer.score(wanted, sound[None], rate))[0])
    return np.concatenate(audio), np.concatenate(score).astype(np.float32)


def block_shape(
    n_prompts: int, population: int, n_samples: int, most_samples: int
) -> tuple[int, int]:
    """How many prompts, and how many sounds of each, are rendered at a time.

    Blocks of equal size, as few as keep a block within `most_samples`; the last ones are filled up.
    """
    most_sounds = max(1, most_samples // n_samples)
    if most_sounds < population:
        return 1, -(-population // -(-population // most_sounds))
    most_prompts = min(n_prompts, most_sounds // population)
    return -(-n_prompts // -(-n_prompts // most_prompts)), population
