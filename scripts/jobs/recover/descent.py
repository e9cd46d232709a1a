"""Gradient descent through the renderer: all patches at once, each on its own.

The loss of a sound over its pitch is a valley full of ripples, from partials that beat and from the
lobes of the analysis windows, and a gradient sees only the ripple that it stands on. So it is taken
at points strewn around the present one, a new one every step and nearer with time, and Adam's
memory averages over them: it descends a smoothed loss that becomes the true one (randomised
smoothing; graduated, as in Hazan, Levy and Shalev-Shwartz, "On graduated optimization for
stochastic non-convex problems", ICML 2016).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from scripts.jobs.recover.loss import Analysis, analyse, compare
from synth.base import Synth
from synth.engine import AUDIO_CHUNK, compiler_options

STEEPEST = 1.0
"""Norm to which a patch's gradient, by scaled parameters, is cut, so that one cliff does not rule
Adam's memory."""


class State(NamedTuple):
    """A descent after some steps.

    Attributes:
        free: (patches, n_free) the parameters that move, in [0, 1].
        optimizer: optax's state.
        best: (patches, n_free) where the loss was lowest of all points that were visited.
        best_loss: (patches,) how low.
        losses: (steps, patches) at the point of each step; zero for steps to come.
        undefined: gradients with a value that was not finite, which were replaced by 0.
    """

    free: Float[Array, "patches n_free"]
    optimizer: Any
    best: Float[Array, "patches n_free"]
    best_loss: Float[Array, " patches"]
    losses: Float[Array, "steps patches"]
    undefined: Int[Array, ""]


@dataclass(frozen=True, eq=False)
class Descent:
    """Adam with a cosine schedule inside the unit box, whose walls reflect.

    Attributes:
        synth: what is played.
        columns: columns of theta that move; the others are the target's.
        scales: for each of these a distance in [0, 1] that counts as one, so that a pitch and an
            attack move by steps of comparable effect.
        steps: in all.
        learning_rate: largest step of a parameter, in its scale.
        smoothing: standard deviation of the noise at the beginning, in the scales.
    """

    synth: Synth
    columns: tuple[int, ...]
    scales: tuple[float, ...]
    steps: int
    learning_rate: float
    smoothing: float

    def start(self, free: Float[Array, "patches n_free"]) -> State:
        """The state before the first step."""
        n = len(free)
        losses = jnp.zeros((self.steps, n))
        optimizer = jax.vmap(self._optimizer.init)(free)
        return State(free, optimizer, free, jnp.full(n, jnp.inf, free.dtype), losses, jnp.int32(0))

    def advance(
        self,
        state: State,
        theta: Float[Array, "patches n_params"],
        target: Analysis,
        key: Array,
        start: int,
        stop: int,
    ) -> State:
        """Do the steps from `start` to before `stop`.

        theta gives the parameters that are held; the noise of a step depends on `key` and its
        number alone.
        """
        sounds = self.steps * theta.shape[0]
        advance = _compiled(self, sounds * self.synth.config.n_samples)
        return advance(state, theta, target, key, jnp.int32(start), jnp.int32(stop))

    def whole(
        self, free: Float[Array, "patches n_free"], theta: Float[Array, "patches n_params"]
    ) -> Float[Array, "patches n_params"]:
        """Whole parameter vectors: `free` in its columns, theta elsewhere."""
        return theta.at[:, jnp.array(self.columns)].set(free)

    @cached_property
    def _optimizer(self) -> optax.GradientTransformation:
        schedule = optax.cosine_decay_schedule(self.learning_rate, self.steps)
        return optax.chain(optax.clip_by_global_norm(STEEPEST), optax.adam(schedule))

    def _slope(self, inputs: tuple[Array, Array, Analysis]) -> tuple[Array, Array]:
        """Loss and gradient of a group of patches, whose rows do not touch each other."""
        start, theta, target = inputs

        def loss(free: Array) -> tuple[Array, Array]:
            sounds = self.synth.render(self.whole(free, theta))
            losses = compare(target, analyse(sounds, self.synth.config.sample_rate)).total
            return losses.sum(), losses

        slopes, losses = jax.grad(loss, has_aux=True)(start)
        return losses, slopes

    def _step(
        self, index: Array, state: State, theta: Array, target: Analysis, key: Array
    ) -> State:
        scales = jnp.array(self.scales)
        fade = 0.5 * (1.0 + jnp.cos(jnp.pi * index / self.steps))
        noise = jax.random.normal(jax.random.fold_in(key, index), state.free.shape)
        free = reflected(state.free + self.smoothing * fade * scales * noise)
        losses, slopes = in_groups(self._slope, (free, theta, target))
        defined = jnp.isfinite(slopes) & jnp.isfinite(losses)[:, None]
        better = losses < state.best_loss
        updates, optimizer = jax.vmap(self._optimizer.update)(
            jnp.where(defined, slopes * scales, 0.0), state.optimizer
        )
        return State(
            reflected(state.free + scales * jnp.asarray(updates)),
            optimizer,
            jnp.where(better[:, None], free, state.best),
            jnp.where(better, losses, state.best_loss),
            state.losses.at[index].set(losses),
            state.undefined + _count(~defined),
        )


@cache
def _compiled(descent: Descent, n_samples: int) -> Callable[..., State]:
    """The steps of a descent that renders so many samples in all, as one program."""

    def advance(
        state: State, theta: Array, target: Analysis, key: Array, start: Array, stop: Array
    ) -> State:
        def step(index: Array, state: State) -> State:
            return descent._step(index, state, theta, target, key)

        return lax.fori_loop(start, stop, step, state)

    return jax.jit(advance, compiler_options=compiler_options(n_samples))


def reflected(values: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Values beyond 0 or 1 thrown back, since a parameter that stopped there may have no slope.

    >>> reflected(jnp.array([-0.25, 0.5, 1.25])).tolist()
    [0.25, 0.5, 0.75]
    """
    return 1.0 - jnp.abs(1.0 - jnp.abs(values))


def in_groups(function: Callable[[Any], Any], inputs: Any) -> Any:
    """Apply a function of a batch to a few rows at a time on a CPU, to all at once elsewhere.

    The last group is filled up with copies of the first row.
    """
    n = jax.tree.leaves(inputs)[0].shape[0]
    size = min(n, AUDIO_CHUNK) if jax.default_backend() == "cpu" else n
    if size == n:
        return function(inputs)

    def grouped(rows: Array) -> Array:
        filled = jnp.concatenate([rows, jnp.repeat(rows[:1], -n % size, axis=0)])
        return filled.reshape(-1, size, *rows.shape[1:])

    results = lax.map(function, jax.tree.map(grouped, inputs))
    return jax.tree.map(lambda rows: rows.reshape(-1, *rows.shape[2:])[:n], results)


def _count(rows: Bool[Array, "patches n_free"]) -> Int[Array, ""]:
    return rows.any(-1).sum(dtype=jnp.int32)
