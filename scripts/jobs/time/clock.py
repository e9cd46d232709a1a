"""Seconds of searches and of the scorer's network alone, on the same number of sounds."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ctag.generation import Generations, Renderer
from ctag.prompts import prompt_keys
from ctag.scorers.protocol import Scorer
from ctag.strategies.base import Strategy
from eval.harness.arrays import to_torch

__all__ = ["Clock", "Seconds"]

CHUNK_GENERATIONS = 10


@dataclass(frozen=True)
class Seconds:
    """What was measured of searches of one size; a repeat has one of each, one after the other.

    Attributes:
        search: of whole searches, compilation apart.
        network: of the scorer's network alone, for as many sounds.
    """

    search: tuple[float, ...]
    network: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Of the searches."""
        return float(np.mean(self.search))

    @property
    def deviation(self) -> float:
        """Standard deviation of the searches over the repeats; NaN for one."""
        return float(np.std(self.search, ddof=1)) if len(self.search) > 1 else float("nan")

    @property
    def beyond(self) -> float:
        """What a search takes more than the network alone, as a part of the network's time.

        The median over the repeats, each against its own: machines drift.
        """
        pairs = zip(self.search, self.network, strict=True)
        return float(np.median([search / network - 1 for search, network in pairs]))


@dataclass
class Clock:
    """Measures searches for some prompts with one population.

    Attributes:
        synth, strategy, scorer: of the search.
        prompts: the search is for all of them at once.
        population: sounds a generation and prompt.
        iterations: generations of the longest search, which decide how to compile.
        chunk_samples: audio samples rendered and scored at a time, at most.
        key: of all randomness.
    """

    synth: Renderer
    strategy: Strategy
    scorer: Scorer
    prompts: Sequence[str]
    population: int
    iterations: int
    chunk_samples: int
    key: Array
    _loop: Generations = field(init=False)
    _target: Any = field(init=False)
    _keys: Array = field(init=False)
    _advance: Callable[..., Any] = field(init=False)
    _audio: Float[Array, "sounds n_samples"] = field(init=False)

    def __post_init__(self) -> None:
        strategy = self.strategy.start(self.synth.n_params, self.population)
        self._loop = Generations(
            strategy,
            self.synth,
            self.scorer,
            CHUNK_GENERATIONS,
            self.chunk_samples,
            self.iterations,
        )
        self._target = jax.device_put(self.scorer.target(self.prompts))
        self._keys = prompt_keys(self.key, self.prompts)
        state = self._loop.start(self._keys)
        self._advance = self._loop.prepare(self._keys, state, self._target)
        # What a network hears does not change how long it takes.
        self._audio = 0.1 * jax.random.normal(self.key, (self.population, self.synth.n_samples))

    def warm_up(self) -> float:
        """Compile, load the network and make one generation; returns the seconds."""
        return _seconds(lambda: self._search(1))

    def measure(self, iterations: int, repeats: int) -> Seconds:
        """Measure whole searches of so many generations, and the network alone for as many sounds.

        Call `warm_up` first.
        """
        search, network = [], []
        self._search(min(iterations, CHUNK_GENERATIONS))  # compiles for that many figures
        for _ in range(repeats):
            search.append(_seconds(lambda: self._search(iterations)))
            network.append(_seconds(lambda: self._passes(iterations)))
        return Seconds(tuple(search), tuple(network))

    def _search(self, iterations: int) -> None:
        """A search as `ctag.search` makes it: figures come to the host after every chunk."""
        state, done = self._loop.start(self._keys), 0
        while done < iterations:
            count = min(CHUNK_GENERATIONS, iterations - done)
            state, figures = self._advance(state, jnp.int32(count))
            np.asarray(figures.best)
            done += count
        np.asarray(state.best_theta)

    def _passes(self, iterations: int) -> None:
        for _ in range(iterations * len(self.prompts)):
            self._pass()

    def _pass(self) -> None:
        """The network on one population, or the whole scorer where it has no network in it."""
        rate = self._loop.sample_rate
        embedder = getattr(self.scorer, "embedder", None)
        if embedder is not None:
            embedder.embed(to_torch(self._audio), rate).cpu()
        else:
            one = jax.tree.map(lambda leaf: leaf[:1], self._target)
            np.asarray(self.scorer.score(one, self._audio[None], rate))


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
