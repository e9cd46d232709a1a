"""The acoustic scorer: how well a sound fits the profile of a prompt, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ctag.scorers.acoustic.descriptors import describe
from ctag.scorers.acoustic.explanation import CAVEAT, Explanation, explain_row
from ctag.scorers.acoustic.fit import Fit, distance, fit_of
from ctag.scorers.acoustic.glossary import Glossary, load_glossary
from ctag.scorers.acoustic.resolution import Resolution, resolve
from ctag.scorers.acoustic.similarity import nearest_sounds
from ctag.scorers.acoustic.table import positions


@dataclass(frozen=True)
class AcousticScorer:
    """Scores sounds by the distance of their descriptors from a prompt's profile.

    A descriptor at a distance of d steps from its goal matches by 1 / (1 + d^2); the score is the
    geometric mean of the matches, weighted: 1 for a sound in the core of all ranges, about 0.9 at
    their edges, 0.35 one step beyond all of them, towards 0 far away. Any sample rate.

    Attributes:
        glossary: files or folders that are laid over the default glossary, in order.
        neighbours: sounds that are blended for a prompt whose words are not in the glossary.
    """

    glossary: tuple[str, ...] = ()
    neighbours: int = 3
    sample_rate: float | None = None
    caveat: str = CAVEAT

    @cached_property
    def words(self) -> Glossary:
        """The glossary, read and checked when it is first needed."""
        overlays = (
            (self.glossary,) if isinstance(self.glossary, str) else tuple(self.glossary or ())
        )
        return load_glossary(*overlays)

    def resolve(self, prompts: Sequence[str]) -> list[Resolution]:
        """Return how each prompt is understood: its profile and the words that it was made from."""
        similar = partial(
            nearest_sounds, spellings=self.words.spellings, neighbours=self.neighbours
        )
        return [resolve(prompt, self.words, similar) for prompt in _checked(prompts)]

    def target(self, prompts: Sequence[str]) -> Fit:
        """Return the goals, (prompts, n_descriptors) each; errors as `resolve` raises them."""
        fits = [fit_of(resolution.profile) for resolution in self.resolve(prompts)]
        return Fit(*(jnp.asarray(np.stack(arrays)) for arrays in zip(*fits, strict=True)))

    def score(
        self,
        target: Fit,
        audio: Float[Array, "prompts population n_samples"],
        sample_rate: float,
    ) -> Float[Array, "prompts population"]:
        """Score every sound against the prompt of its row, in (0, 1]; -inf for NaN or infinity."""
        return score_values(target, describe(audio, sample_rate))

    def explain(
        self, prompt: str, audio: Float[np.ndarray, " n_samples"], sample_rate: float
    ) -> Explanation:
        """Return the score of one sound with every descriptor's value, goal and part in it."""
        resolution = self.resolve([prompt])[0]
        values = describe(jnp.asarray(audio), sample_rate)
        score = score_values(self.target([prompt]), values[None, None])[0, 0]
        return explain_row(resolution, np.asarray(values), float(score))


@partial(jax.jit, inline=True)
def score_values(
    target: Fit, values: Float[Array, "prompts population n_descriptors"]
) -> Float[Array, "prompts population"]:
    """Score measured descriptors; the arithmetic of `AcousticScorer.score`."""
    score = score_positions(target, positions(values))
    return jnp.where(jnp.isfinite(values).all(-1), score, -jnp.inf)


@partial(jax.jit, inline=True)
def score_positions(
    target: Fit, position: Float[Array, "prompts population n_descriptors"]
) -> Float[Array, "prompts population"]:
    """The same of places on the descriptors' curves."""
    row = Fit(*(goals[:, None] for goals in target))
    steps = distance(row, position)
    score = jnp.exp(-(row.weight * jnp.log1p(steps**2)).sum(-1))
    return jnp.where(jnp.isfinite(position).all(-1), score, -jnp.inf)


def _checked(prompts: Sequence[str]) -> Sequence[str]:
    if isinstance(prompts, str) or not all(isinstance(prompt, str) for prompt in prompts):
        raise TypeError(f"prompts should be a list of strings, got {prompts!r}")
    if not prompts:
        raise ValueError("at least one prompt is needed, got none")
    return prompts
