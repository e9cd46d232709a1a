"""Search for the synthesizer parameters whose sound a scorer likes best (CTAG, Algorithm 1)."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from ctag.generation import Generations, Renderer, SearchState
from ctag.history import History, SearchResult
from ctag.locks import Box, Lock, Locked, locked
from ctag.prompts import prompt_keys
from ctag.scorers.protocol import Scorer
from ctag.strategies.base import Key, Strategy


class WarmStart(NamedTuple):
    """Where to begin a search.

    Attributes:
        theta: points of the synth, several a prompt; they are tried, and the search begins at the
            best of them. A lock moves them to the nearest points that it allows.
        std: the standard deviation to begin with; None: the strategy's own.
    """

    theta: Float32[np.ndarray, "prompts points n_params"]
    std: float | None = 0.1


class SearchProgress(NamedTuple):
    """What a progress callback is told after every chunk of generations.

    Attributes:
        generation: generations done in all.
        new: of these, since the last call (0 when a search is taken up again).
        best: the best score so far, a prompt.
    """

    generation: int
    new: int
    best: Float32[np.ndarray, " prompts"]


@dataclass(frozen=True, eq=False)
class Search:
    """Searches for several prompts at once, each on its own: a batch axis, nothing shared.

    A prompt's result depends on the key, the prompt's text and the settings; not on interruptions
    (the same bits), nor on the prompts beside it and the chunks, but for rounding: another number
    of prompts is another compilation, its scores differ in the last digits, and learned strategies
    amplify that over many generations to another sound that is as good. The noise generator of the
    synth runs with its fixed noise, so that the parameters alone reproduce the sound.

    Attributes:
        synth: what is played; `synth.base.Synth` or anything like it.
        strategy: the optimizer, see `ctag.strategies`.
        scorer: the judge, see `ctag.scorers`.
        iterations: generations.
        population: sounds a generation and prompt.
        chunk_generations: generations in one call of the device; progress and checkpoints come
            between calls.
        chunk_samples: audio samples rendered and scored at a time, at most, which bounds the
            memory. None: 4 million on a CPU, where larger blocks leave the cache, else 64 million.
        lock: parameters that are fixed, or kept in a range, see `ctag.locks`. The strategy sees the
            others alone, as points of [0, 1]^n.
    """

    synth: Renderer
    strategy: Strategy
    scorer: Scorer
    iterations: int = 300
    population: int = 50
    chunk_generations: int = 10
    chunk_samples: int | None = None
    lock: Lock = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("iterations", "population", "chunk_generations", "chunk_samples"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name}={value}: it must be at least 1")

    def run(
        self,
        prompts: Sequence[str],
        key: Key,
        progress: Callable[[SearchProgress], None] | None = None,
        save: Callable[[dict[str, Any]], None] | None = None,
        saved: Mapping[str, Any] | None = None,
        names: Sequence[str] | None = None,
        warm: WarmStart | None = None,
    ) -> SearchResult:
        """Search, and render the best sound of every prompt once more.

        Args:
            prompts: what the scorer is to judge against: words, or paths for a scorer of
                recordings.
            key: of all randomness.
            progress: called after every chunk of generations.
            save: called after every chunk with the state as plain arrays and JSON values, to be
                stored; what it got last is what `saved` takes.
            saved: a stored state to go on from.
            names: what the prompts are called in the result, and what their random keys are made
                from, where the prompts are paths that differ between machines. None: the prompts.
            warm: where to begin; None: anywhere.

        Raises:
            ValueError: there are no prompts, not as many names, `saved` is of another search,
                `lock` does not suit the synth, or no sound of the first chunk got a finite score
                from the scorer.
        """
        prompts = list(prompts)
        names = prompts if names is None else list(names)
        if not prompts or len(names) != len(prompts):
            raise ValueError(
                f"{len(prompts)} prompts and {len(names)} names: a search needs at least one "
                "prompt, and a name for each"
            )
        loop = self._generations
        keys = prompt_keys(key, names)
        target = jax.device_put(self.scorer.target(prompts))
        state, history = self._start(keys, target, warm), History.empty(len(prompts))
        identity = self._identity(names, keys, warm)
        if saved is not None:
            state, history = _restore(saved, identity, state)
            if progress is not None:
                progress(SearchProgress(len(history), 0, history.best[-1]))
        if len(history) < self.iterations:
            advance = loop.prepare(keys, state, target)
        while len(history) < self.iterations:
            count = min(self.chunk_generations, self.iterations - len(history))
            state, figures = advance(state, jnp.int32(count))
            history = history.extended(figures, count)
            if not np.isfinite(history.best[-1]).any():
                raise ValueError(
                    f"{type(self.scorer).__name__} gave no finite score to any of the "
                    f"{len(history) * self.population} sounds of {len(prompts)} prompts so far"
                )
            if save is not None:
                save(_packed(identity, state, history))
            if progress is not None:
                progress(SearchProgress(len(history), count, history.best[-1]))
        audio, score = loop.evaluate(state.best_theta, target)
        return SearchResult(
            prompts=names,
            theta=np.asarray(self._whole(state.best_theta)),
            audio=audio,
            score=score,
            history=history,
            sample_rate=loop.sample_rate,
        )

    def best_of(self, saved: Mapping[str, Any]) -> Float32[np.ndarray, "prompts n_params"]:
        """The best parameters so far of a state that `run` gave to its `save`."""
        theta = jnp.asarray(saved["state"][-2])  # of SearchState, the field before the last
        return np.asarray(self._whole(theta))

    @cached_property
    def _generations(self) -> Generations:
        played = Locked(self.synth, self._box) if self._box else self.synth
        return Generations(
            self.strategy.start(played.n_params, self.population),
            played,
            self.scorer,
            self.chunk_generations,
            self.chunk_samples or (2**22 if jax.default_backend() == "cpu" else 2**26),
            self.iterations,
        )

    @cached_property
    def _box(self) -> Box | None:
        return locked(self.synth.parameters, self.lock) if self.lock else None  # pyright: ignore[reportAttributeAccessIssue]: any synth has them

    def _start(self, keys: jax.Array, target: Any, warm: WarmStart | None) -> SearchState:
        if warm is None:
            return self._generations.start(keys)
        if warm.theta.ndim != 3 or warm.theta.shape[0] != keys.shape[0] or not warm.theta.size:
            raise ValueError(
                f"points to begin at have the shape {warm.theta.shape}; give ({keys.shape[0]}, "
                f"points, {self.synth.n_params}), one point a prompt at least"
            )
        theta = jnp.asarray(warm.theta)
        near = self._box.free(theta) if self._box else theta
        return self._generations.start(keys, target, near, warm.std)

    def _whole(self, theta: jax.Array) -> jax.Array:
        return self._box.whole(theta) if self._box else theta

    def _identity(
        self, names: list[str], keys: jax.Array, warm: WarmStart | None
    ) -> dict[str, Any]:
        """What a stored state must agree with to be taken up."""
        return {
            "prompts": names,
            "keys": np.asarray(keys).tolist(),
            "strategy": repr(self.strategy),
            "population": self.population,
            "n_params": self.synth.n_params,
            "n_samples": self.synth.n_samples,
            "warm": None if warm is None else [zlib.crc32(warm.theta.tobytes()), warm.std],
            "lock": [list(self._box.low), list(self._box.high)] if self._box else None,
        }


def _packed(identity: dict[str, Any], state: SearchState, history: History) -> dict[str, Any]:
    """A search as a nest of arrays and JSON values."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(state)]
    return {"identity": identity, "state": leaves, "history": history.as_arrays()}


def _restore(
    saved: Mapping[str, Any], identity: dict[str, Any], example: SearchState
) -> tuple[SearchState, History]:
    """The inverse of `_packed`.

    Raises:
        ValueError: the stored search is another one.
    """
    for name, wanted in identity.items():
        if saved["identity"].get(name) != wanted:
            raise ValueError(
                f"the stored search has {name}={saved['identity'].get(name)!r:.200}, this one has "
                f"{wanted!r:.200}: go on with the same settings, or start anew"
            )
    leaves = [jnp.asarray(leaf) for leaf in saved["state"]]
    examples, structure = jax.tree.flatten(example)
    if [(a.shape, a.dtype) for a in leaves] != [(a.shape, a.dtype) for a in examples]:
        raise ValueError("the stored search is of another version of its strategy: start anew")
    return jax.tree.unflatten(structure, leaves), History(**saved["history"])
