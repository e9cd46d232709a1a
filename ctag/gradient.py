"""The gradient of a score with respect to a synthesizer's parameters, through the sound.

A scorer in JAX is differentiated with the synth as one program. One of another framework gives the
gradient of its scores with respect to audio (`DifferentiableScorer`), which is chained with the
synth's own.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ctag.generation import Renderer
from ctag.scorers.protocol import Scorer, Target
from synth.engine import compiler_options


@runtime_checkable
class DifferentiableScorer(Protocol):
    """A scorer that JAX cannot trace and that knows its gradient."""

    def score_and_gradient(
        self,
        target: Target,
        audio: Float[Array, "prompts population n_samples"],
        sample_rate: float,
    ) -> tuple[Float[Array, "prompts population"], Float[Array, "prompts population n_samples"]]:
        """Scores, and of each the gradient with respect to its own sound."""
        ...


class Slopes(NamedTuple):
    """Scores and their gradients.

    Attributes:
        score: higher is better; -inf where there is none.
        gradient: of each score with respect to its own row of theta; zero where any of it was not
            finite, or the score was not.
        defined: whether the gradient was finite.
    """

    score: Float[Array, "prompts population"]
    gradient: Float[Array, "prompts population n_params"]
    defined: Float[Array, "prompts population"]


def value_and_gradient(
    scorer: Scorer, target: Target, synth: Renderer, n_sounds: int = 2**20
) -> Callable[[Float[Array, "prompts population n_params"]], Slopes]:
    """A function from parameters to scores and gradients; one prompt's sounds are held at a time.

    Args:
        scorer: traceable, or a `DifferentiableScorer`.
        target: what the scorer prepared of the prompts.
        synth: plays the parameters.
        n_sounds: gradients that will be asked for in all, which decide how to compile.

    Raises:
        TypeError: the scorer is neither.
    """
    rate = float(synth.config.sample_rate)
    # The way back costs about two more renderings.
    options = compiler_options(3 * n_sounds * synth.n_samples)
    if "xla_backend_optimization_level" in options:  # a short run: compiled in half the time
        options |= {"xla_cpu_use_fusion_emitters": False}
    if getattr(scorer, "traceable", True):

        def of_prompt(inputs: tuple[Array, Target]) -> tuple[Array, Array]:
            theta, wanted = inputs
            wanted = jax.tree.map(lambda leaf: leaf[None], wanted)

            def total(theta: Array) -> tuple[Array, Array]:
                score = scorer.score(wanted, synth.render(theta)[None], rate)[0]
                # A score of -inf must not make the sum infinite.
                return jnp.where(jnp.isfinite(score), score, 0.0).sum(), score

            gradient, score = jax.grad(total, has_aux=True)(theta)
            return score, gradient

        traced = jax.jit(
            lambda theta, target: _usable(*lax.map(of_prompt, (theta, target))),
            compiler_options=options,
        )
        return lambda theta: traced(theta, target)
    if not isinstance(scorer, DifferentiableScorer):
        raise _no_gradient(scorer)
    render = jax.jit(synth.render, compiler_options=options)
    back = jax.jit(lambda theta, slope: jax.vjp(synth.render, theta)[1](slope)[0])

    def in_calls(theta: Array) -> Slopes:
        rows = []
        for place in range(theta.shape[0]):
            wanted = jax.tree.map(lambda leaf, place=place: leaf[place : place + 1], target)
            score, slope = scorer.score_and_gradient(wanted, render(theta[place])[None], rate)
            rows.append((jnp.asarray(score)[0], back(theta[place], jnp.asarray(slope)[0])))
        return _usable(*(jnp.stack(column) for column in zip(*rows, strict=True)))

    return in_calls


def check_gradient(scorer: Scorer, target: Target, synth: Renderer) -> None:
    """Find out in one small call whether gradients will be had, before hours of search.

    Raises:
        TypeError, ValueError: they will not; says why.
    """
    if getattr(scorer, "traceable", True):
        return
    if not isinstance(scorer, DifferentiableScorer):
        raise _no_gradient(scorer)
    one = jax.tree.map(lambda leaf: leaf[:1], target)
    # A click, since silence has no direction in some spaces.
    click = jnp.zeros((1, 1, synth.n_samples)).at[..., 0].set(0.5)
    scorer.score_and_gradient(one, click, float(synth.config.sample_rate))


def _no_gradient(scorer: Scorer) -> TypeError:
    return TypeError(
        f"{type(scorer).__name__} gives no gradient: it is not traceable by JAX and has no "
        "score_and_gradient(target, audio, sample_rate); choose scorer=acoustic, for example"
    )


def _usable(score: Any, gradient: Any) -> Slopes:
    defined = jnp.isfinite(gradient).all(-1) & jnp.isfinite(score)
    gradient = jnp.where(defined[..., None], gradient, 0.0)
    score = jnp.where(jnp.isfinite(score), score, -jnp.inf)
    return Slopes(score, gradient, defined)
