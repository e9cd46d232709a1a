"""Random patches that can be heard, and starts near them."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from scripts.jobs.recover.blocks import BLOCK, analysis_of, sounds_of
from scripts.jobs.recover.descent import reflected
from scripts.jobs.recover.signals import controls_of, pitch_weight
from scripts.runtime.errors import UserError
from synth.base import Synth

LOUDEST_DB = -40.0
RANGE_DB = 40.0
SHORTEST_S = 0.25
MOST_ROUNDS = 50
PITCH_UNITS = ("MIDI", "semitones")


def columns_of(synth: Synth, patterns: Sequence[str]) -> tuple[int, ...]:
    """The columns of theta whose parameters match one of the glob patterns, in their order.

    Raises:
        UserError: a pattern that matches nothing, with the parameters that there are.
    """
    names = [parameter.name for parameter in synth.parameters]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise UserError(
                f"job.parameters: {pattern!r} matches no parameter of {type(synth).__name__}; "
                f"it has {', '.join(names)}"
            )
    if not patterns:
        raise UserError("job.parameters is empty: name at least one parameter to recover")
    return tuple(
        i for i, name in enumerate(names) if any(fnmatchcase(name, glob) for glob in patterns)
    )


def scales_of(
    synth: Synth, columns: Sequence[int], offset: float, semitones: float
) -> tuple[float, ...]:
    """How far each of these parameters is displaced at most, in [0, 1].

    A pitch in even semitones (a key, a tuning) by `semitones`, anything else by `offset`.
    """
    chosen = [synth.parameters[column] for column in columns]
    return tuple(
        semitones / (p.maximum - p.minimum) if p.unit in PITCH_UNITS and p.curve == 1 else offset
        for p in chosen
    )


def random_targets(synth: Synth, key: Array, n: int) -> Float[Array, "n n_params"]:
    """The first n of an endless row of random patches that can be heard, see `is_heard`.

    Raises:
        UserError: hardly any can.
    """
    found: list[np.ndarray] = []
    for round_ in range(MOST_ROUNDS + n // 4):
        some = jax.random.fold_in(key, round_)
        drawn = np.asarray(jax.random.uniform(some, (BLOCK, synth.n_params)))
        found.extend(drawn[is_heard(synth, drawn)])
        if len(found) >= n:
            return jnp.asarray(np.stack(found[:n]))
    raise UserError(
        f"only {len(found)} of {(MOST_ROUNDS + n // 4) * BLOCK} random patches of "
        f"{type(synth).__name__} are heard, {n} are needed: give it a longer duration_s"
    )


def is_heard(
    synth: Synth, theta: Float[np.ndarray, "batch n_params"]
) -> Bool[np.ndarray, " batch"]:
    """Which patches can be heard well enough for their pitch and envelope to be asked for.

    Within 40 dB of full scale at their loudest, within 40 dB of that for a quarter of a second, and
    with the pitch of some oscillator between 33 Hz and 4.2 kHz for as long while it is that loud.
    Sounds without any pitch, such as shaped noise, need none.
    """
    analysis = analysis_of(sounds_of(synth, theta), synth.config.sample_rate)
    levels = np.asarray(analysis.level)
    top = levels.max(1)
    lasting = (levels > top[:, None] - RANGE_DB).mean(1) * synth.config.buffer_size_seconds
    heard = (top > LOUDEST_DB) & (lasting > SHORTEST_S)
    controls = controls_of(synth, theta)
    level = np.asarray(controls.level)
    if np.isnan(controls.pitch).all():
        return heard
    loudest = level.max((1, 2), keepdims=True)
    loud = level > loudest * 10 ** (-RANGE_DB / 20)
    pitched = (loud & (pitch_weight(controls) > 0)).any(1)
    return heard & (pitched.mean(1) * synth.config.buffer_size_seconds > SHORTEST_S)


def displaced(
    values: Float[Array, "patches n_free"], scales: Sequence[float], key: Array
) -> Float[Array, "patches n_free"]:
    """Each value moved by a uniformly random distance of at most its scale, and kept in [0, 1].

    What would leave the box is thrown back from its wall, nearer to where it came from.
    """
    distance = jax.random.uniform(key, values.shape, minval=-1.0, maxval=1.0)
    return reflected(values + distance * jnp.asarray(scales))
