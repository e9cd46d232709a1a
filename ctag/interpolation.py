"""From one sound to another on the straight line between their parameters (CTAG, Figure 8)."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Float32

from ctag.generation import Renderer
from ctag.scorers.protocol import Scorer

__all__ = ["Line", "line_between"]


@dataclass(frozen=True)
class Line:
    """Sounds at equal steps from one to another, both ends included.

    Attributes:
        shares: how far each is on the way, 0 to 1.
        theta: parameters in [0, 1], shares times those of the end and the rest times the start's.
        audio: their sounds.
        scores: of every sound against the prompt of the start (row 0) and of the end (row 1).
    """

    shares: Float[np.ndarray, " n_sounds"]
    theta: Float32[np.ndarray, "n_sounds n_params"]
    audio: Float32[np.ndarray, "n_sounds n_samples"]
    scores: Float32[np.ndarray, "2 n_sounds"]


def line_between(
    synth: Renderer,
    scorer: Scorer,
    prompts: Sequence[str],
    theta: Float[np.ndarray, "2 n_params"],
    steps: int = 3,
) -> Line:
    """Return the sounds from one set of parameters to another.

    Args:
        synth: plays them.
        scorer: judges each against both prompts.
        prompts: of the start and of the end.
        theta: of the start and of the end, in [0, 1].
        steps: sounds between the two; Figure 8 has three.

    Raises:
        ValueError: there are not two prompts and two rows, or steps is negative.
    """
    if len(prompts) != 2 or theta.shape[0] != 2 or steps < 0:
        raise ValueError(
            f"a line needs two prompts, two sets of parameters and no negative number of steps; "
            f"given {len(prompts)}, {theta.shape[0]} and {steps}"
        )
    shares = np.linspace(0.0, 1.0, steps + 2)
    start, end = np.asarray(theta, np.float64)
    rows = ((1 - shares)[:, None] * start + shares[:, None] * end).astype(np.float32)
    target = jax.device_put(scorer.target(list(prompts)))
    wanted = [jax.tree.map(lambda leaf, one=slice(k, k + 1): leaf[one], target) for k in (0, 1)]
    audio, scores = [], []
    for row in rows:
        # Each by itself, as anybody renders its patch: the ends are the bits that were searched.
        sound = synth.render(jnp.asarray(row[None]))
        rate = float(synth.config.sample_rate)
        audio.append(np.asarray(sound)[0])
        scores.append([float(np.asarray(scorer.score(w, sound[None], rate))[0, 0]) for w in wanted])
    return Line(shares, rows, np.stack(audio), np.array(scores, np.float32).T)
