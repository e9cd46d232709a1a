"""Sounds of a synthesizer by their numbers: the same whatever else is asked for with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

import synth as package
from eval.harness import audio
from eval.sounds.base import Clip, check_numbers
from synth.base import Synth

__all__ = ["Draw", "identity_of", "rate_of", "render", "rendered"]

Draw = Callable[
    [Int[Array, " batch"]], tuple[Float[Array, "batch n_params"], Key[Array, " batch"] | None]
]
"""From numbers of sounds to their parameters and the keys of their noise (None: fixed), by row."""

_MOST_TOGETHER = 64
_SAMPLES_TOGETHER = 2**20


def rendered(
    synth: Synth, draw: Draw, indices: Sequence[int], n: int, sample_rate: float | None, name: str
) -> list[Clip]:
    """The sounds of those numbers, named by them.

    Args:
        synth: what renders.
        draw: gives sound i's parameters and noise key from i alone.
        indices: numbers of sounds.
        n: how many there are.
        sample_rate: in Hz; None is the synth's own, another one is resampled to.
        name: of the set, for messages.

    Raises:
        IndexError: a number is not in [0, n).
    """
    check_numbers(indices, n, name)
    rate = rate_of(synth, sample_rate)
    waves = render(synth, draw, indices)
    return [
        Clip(str(index), audio.resample(wave, synth.config.sample_rate, rate), rate)
        for index, wave in zip(indices, waves, strict=True)
    ]


def render(synth: Synth, draw: Draw, indices: Sequence[int]) -> Iterator[np.ndarray]:
    """Yield the waves, each (n_samples,), at the synth's own rate.

    Every piece has the same number of rows, filled up where there are fewer: two compiled programs
    may differ in the last bit, and one program renders a row the same wherever it stands.

    Raises:
        ValueError: the synth is one whose sounds depend on each other.
    """
    if synth.config.compat is not None:
        raise ValueError(
            f"with compat={synth.config.compat!r} the first sound of a batch sets the level of all "
            "others, so that a set has no sounds of their own: leave compat out"
        )
    size = _MOST_TOGETHER
    while size > 1 and size * synth.n_samples > _SAMPLES_TOGETHER:
        size //= 2
    for first in range(0, len(indices), size):
        piece = np.asarray(indices[first : first + size], np.int32)
        theta, noise_keys = draw(jnp.asarray(np.resize(piece, size)))
        yield from np.array(synth.render(theta, noise_keys)[: piece.size])


def rate_of(synth: Synth, sample_rate: float | None) -> float:
    """The rate that is asked for, in Hz, or the synth's own."""
    return float(synth.config.sample_rate if sample_rate is None else sample_rate)


def identity_of(synth: Synth) -> str:
    """What decides a synth's sounds: its class, settings, rates, and the renderer's code."""
    counts = {
        name: value
        for name, value in vars(synth).items()
        if isinstance(value, int | float | str) and name != "name"
    }
    settings = {name: repr(value) for name, value in sorted(synth.settings.items())}
    return f"{type(synth).__name__} {counts} {synth.config} {settings} code {_code()}"


@cache
def _code() -> str:
    """A checksum of the synthesizer's source, so that a cache never outlives the code it is of."""
    folder = Path(package.__path__[0])
    digest = hashlib.sha256(jax.__version__.encode())
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
