"""From what is wanted of a sound to parameters that may make it, learned from random patches.

Two kinds of candidates: patches of the training set whose sounds are liked most, and the means of a
mixture density network (Bishop, 1994), since different patches make alike sounds and one prediction
would be their average, which sounds like neither.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn
from jax import lax
from jaxtyping import Array, Float, Float32


class Scale(NamedTuple):
    """Mean and deviation of every dimension of the training sounds' vectors."""

    mean: Float32[np.ndarray, " dimension"]
    deviation: Float32[np.ndarray, " dimension"]


class _Mixture(nn.Module):
    """Weights, means and deviations of Gaussians over parameters."""

    components: int
    n_params: int
    width: int

    @nn.compact
    def __call__(self, x: Array) -> tuple[Array, Array, Array]:
        for _ in range(2):
            x = nn.gelu(nn.Dense(self.width)(x))
        shape = (*x.shape[:-1], self.components, self.n_params)
        logits = nn.Dense(self.components)(x)
        means = nn.sigmoid(nn.Dense(self.components * self.n_params)(x).reshape(shape))
        widths = nn.softplus(nn.Dense(self.components * self.n_params)(x).reshape(shape)) + 0.03
        return logits, means, widths


@dataclass(frozen=True)
class Predictor:
    """Settings.

    Attributes:
        components: Gaussians of the mixture.
        width: of the network's two hidden layers.
        steps: of Adam.
        batch: patches a step.
        learning_rate: at the beginning; falls to zero along a cosine.
        dropped: the share of dimensions that are hidden in training, so that a prompt may leave
            some open.
    """

    components: int = 4
    width: int = 256
    steps: int = 1000
    batch: int = 128
    learning_rate: float = 1e-3
    dropped: float = 0.5

    def fit(
        self,
        vectors: Float32[np.ndarray, "sounds dimension"],
        theta: Float32[np.ndarray, "sounds n_params"],
        key: Array,
    ) -> "Fitted":
        """Learn from random patches and what their sounds are like; those with NaN are left out.

        Raises:
            ValueError: no vector is finite.
        """
        usable = np.isfinite(vectors).all(1)
        if not usable.any():
            raise ValueError(f"none of the {len(vectors)} sounds has a vector that is finite")
        vectors, theta = vectors[usable], theta[usable]
        scale = Scale(vectors.mean(0), np.maximum(vectors.std(0), 1e-6))
        network = _Mixture(self.components, theta.shape[1], self.width)
        x, y = jnp.asarray((vectors - scale.mean) / scale.deviation), jnp.asarray(theta)
        variables = _train(self, network, x, y, key)
        return Fitted(scale, vectors, theta, jax.jit(lambda x: network.apply(variables, x)))


@dataclass(frozen=True)
class Fitted:
    """A predictor that has learned.

    Attributes:
        scale: of the vectors.
        vectors, theta: what it learned from.
        network: from scaled vectors and a mask to a mixture.
    """

    scale: Scale
    vectors: Float32[np.ndarray, "sounds dimension"]
    theta: Float32[np.ndarray, "sounds n_params"]
    network: Callable[[Array], Any]

    def best(
        self, liking: Float32[np.ndarray, "queries sounds"], count: int
    ) -> Float32[np.ndarray, "queries count n_params"]:
        """The patches of the training set that are liked most; `liking` is of its sounds."""
        order = np.argsort(-liking, axis=1, kind="stable")[:, :count]
        return self.theta[order]

    def predicted(
        self,
        wanted: Float32[np.ndarray, "queries dimension"],
        weight: Float32[np.ndarray, "queries dimension"],
    ) -> Float32[np.ndarray, "queries components n_params"]:
        """The means of the mixture, the most probable first; what has no weight is left open."""
        scaled = (wanted - self.scale.mean) / self.scale.deviation
        given = (weight > 0).astype(np.float32)
        x = jnp.asarray(np.concatenate([scaled * given, given], axis=1), jnp.float32)
        logits, means, _ = self.network(x)
        order = np.argsort(-np.asarray(logits), axis=1, kind="stable")
        return np.take_along_axis(np.asarray(means), order[..., None], axis=1)


def _train(settings: Predictor, network: nn.Module, x: Array, y: Array, key: Array) -> Any:
    schedule = optax.cosine_decay_schedule(settings.learning_rate, settings.steps)
    optimizer = optax.adam(schedule)
    key_init, key_steps = jax.random.split(key)

    def loss(variables: Any, x: Array, y: Array) -> Float[Array, ""]:
        mixture: Any = network.apply(variables, x)
        logits, means, widths = mixture
        distance = (y[:, None] - means) / widths
        density = -(0.5 * distance**2 + jnp.log(widths)).sum(-1)
        return -jax.nn.logsumexp(jax.nn.log_softmax(logits) + density, axis=-1).mean()

    def step(index: Array, carry: tuple[Any, Any]) -> tuple[Any, Any]:
        variables, memory = carry
        key_rows, key_hidden = jax.random.split(jax.random.fold_in(key_steps, index))
        rows = jax.random.randint(key_rows, (settings.batch,), 0, x.shape[0])
        hidden = jax.random.bernoulli(key_hidden, settings.dropped, (settings.batch, x.shape[1]))
        given = 1.0 - hidden.astype(x.dtype)
        inputs = jnp.concatenate([x[rows] * given, given], axis=1)
        updates, memory = optimizer.update(jax.grad(loss)(variables, inputs, y[rows]), memory)
        return optax.apply_updates(variables, updates), memory

    @jax.jit  # as one program, the network's beginning too: its own many compile for seconds
    def train() -> Any:
        variables = network.init(key_init, jnp.zeros((1, 2 * x.shape[1])))
        return lax.fori_loop(0, settings.steps, step, (variables, optimizer.init(variables)))[0]

    return train()
