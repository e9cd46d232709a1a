"""Refinement: from the best patch of a search uphill by the gradient of its score.

The score of a sound over its parameters is rough at a small scale: partials beat, and where pitch
moves by a hundredth of a semitone their phases have turned by the end of the sound. Measured with
the acoustic scorer at random Voices, a step of 1e-4 along the gradient raised the score in 62 % of
cases, one of 1e-2 in 56 %. So several points start around the best one with steps of different
sizes; every other one leaves the pitches alone, whose slopes are noise; and in every round all
begin anew from the best point that any of them has visited.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from ctag.generation import Renderer
from ctag.gradient import Slopes, value_and_gradient
from ctag.scorers.protocol import Scorer, Target
from ctag.strategies.base import Key
from ctag.strategies.bounds import reflect
from synth.parameter import Parameter

ROUGH_UNITS = ("MIDI", "semitones", "Hz")


class State(NamedTuple):
    """A refinement after some steps.

    Attributes:
        points: where the starts are.
        optimizer: Adam's memory.
        best: where the score was highest of all points visited, the start among them.
        best_score: how high; -inf before the first step.
        undefined: gradients that were not finite, and taken as zero.
    """

    points: Float[Array, "prompts starts n_params"]
    optimizer: Any
    best: Float[Array, "prompts n_params"]
    best_score: Float[Array, " prompts"]
    undefined: Int[Array, ""]


class Refined(NamedTuple):
    """What a refinement hands back.

    Attributes:
        theta: the best parameters.
        history: the best score after every step, as the refinement saw it.
        undefined: gradients that were not finite.
    """

    theta: Float[np.ndarray, "prompts n_params"]
    history: Float[np.ndarray, "steps prompts"]
    undefined: int


@dataclass(frozen=True, eq=False)
class Refinement:
    """Adam from several starts, in the unit box whose walls reflect; never worse than the start.

    Attributes:
        synth: what is played; a `ctag.locks.Locked` keeps to its lock.
        scorer: traceable, or a `ctag.gradient.DifferentiableScorer`.
        steps: gradients a start, in all.
        starts: points a prompt; the first one is the patch itself at the beginning of each round.
        round_steps: steps from one new beginning to the next; within a round, step sizes fall
            linearly to zero.
        smallest, largest: step sizes of the first and the last start, in [0, 1]; between them
            geometric.
        spread: standard deviation of the starts around the best point.
        rough: columns of theta that every other start leaves alone.
    """

    synth: Renderer
    scorer: Scorer
    steps: int = 100
    starts: int = 8
    round_steps: int = 50
    smallest: float = 1e-3
    largest: float = 3e-2
    spread: float = 0.01
    rough: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("steps", "starts", "round_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: it must be at least 1")
        if not 0 < self.smallest <= self.largest or self.spread < 0:
            raise ValueError(
                f"smallest={self.smallest}, largest={self.largest}, spread={self.spread}: step "
                "sizes must be above 0 and rise, and the spread 0 or more"
            )

    def run(
        self,
        target: Target,
        theta: Float[np.ndarray, "prompts n_params"],
        key: Key,
        progress: Callable[[int, np.ndarray], None] | None = None,
        save: Callable[[dict[str, Any]], None] | None = None,
        saved: Mapping[str, Any] | None = None,
    ) -> Refined:
        """Refine one patch a prompt.

        Args:
            target: what the scorer prepared of the prompts.
            theta: the patches.
            key: of the starts around them.
            progress: called after every round with the steps done and the best scores.
            save: called after every round with the state as plain arrays, to be stored.
            saved: a stored state to go on from; it ends with the same numbers.

        Raises:
            TypeError: the scorer gives no gradient.
        """
        start = jnp.asarray(theta)
        n_sounds = start.shape[0] * self.starts * self.steps
        slopes = value_and_gradient(self.scorer, target, self.synth, n_sounds)
        state, history = self._start(start), np.zeros((0, len(theta)), np.float32)
        if saved is not None:
            leaves = [jnp.asarray(leaf) for leaf in saved["state"]]
            state = jax.tree.unflatten(jax.tree.structure(state), leaves)
            history = np.asarray(saved["history"])
        while len(history) < self.steps:
            length = min(self.round_steps, self.steps - len(history))
            state = self._begin(state, jax.random.fold_in(key, len(history)))
            rows = []
            for step in range(length):
                state = self._step(state, slopes(state.points), 1.0 - step / self.round_steps)
                rows.append(np.asarray(state.best_score))
            history = np.concatenate([history, np.stack(rows)])
            if save is not None:
                save({"state": [np.asarray(a) for a in jax.tree.leaves(state)], "history": history})
            if progress is not None:
                progress(len(history), history[-1])
        return Refined(np.asarray(state.best), history, int(state.undefined))

    def _start(self, theta: Array) -> State:
        points = jnp.repeat(theta[:, None], self.starts, axis=1)
        nothing = jnp.full(theta.shape[0], -jnp.inf)
        return State(points, self._adam.init(points), theta, nothing, jnp.int32(0))

    @property
    def _adam(self) -> optax.GradientTransformation:
        return optax.scale_by_adam(b1=0.9, b2=0.99)

    @cached_property
    def _moves(self) -> np.ndarray:
        """Which columns each start moves, (starts, n_params)."""
        moves = np.ones((self.starts, self.synth.n_params), np.float32)
        moves[1::2, list(self.rough)] = 0.0
        return moves

    @cached_property
    def _begin(self) -> Any:
        def begin(state: State, key: Array) -> State:
            noise = self.spread * jax.random.normal(key, state.points.shape)
            noise = (noise * self._moves).at[:, 0].set(0.0)
            points = reflect(state.best[:, None] + noise)
            return state._replace(points=points, optimizer=self._adam.init(points))

        return jax.jit(begin)

    @cached_property
    def _step(self) -> Any:
        sizes = np.geomspace(self.smallest, self.largest, self.starts, dtype=np.float32)

        def step(state: State, slopes: Slopes, fade: Array) -> State:
            first = jnp.argmax(slopes.score, axis=1)[:, None]
            score = jnp.take_along_axis(slopes.score, first, axis=1)[:, 0]
            here = jnp.take_along_axis(state.points, first[..., None], axis=1)[:, 0]
            better = score > state.best_score
            uphill, optimizer = self._adam.update(slopes.gradient, state.optimizer)
            moved = state.points + fade * sizes[:, None] * self._moves * jnp.asarray(uphill)
            return State(
                reflect(moved),
                optimizer,
                jnp.where(better[:, None], here, state.best),
                jnp.maximum(score, state.best_score),
                state.undefined + (~slopes.defined).sum(dtype=jnp.int32),
            )

        return jax.jit(step)


def rough_columns(parameters: Sequence[Parameter]) -> tuple[int, ...]:
    """Columns of pitches and rates, and of what modulates pitch: where slopes are mostly noise."""
    return tuple(
        column
        for column, p in enumerate(parameters)
        if p.unit in ROUGH_UNITS or p.name.endswith("_pitch")
    )
