"""The two views of a recording before any augmentation.

The paper and the thesis say of dense mixtures that 5 arbitrary, or all 10, seconds of a clip are
layered into one. They do not say what the two views of such a pair are. All of the 10 seconds
leave nothing to choose, so that there both views are one mixture that augmentation tells apart, and
the published scores of mixtures lie beside those of augmentation and not of jitter (pitch 40.8 and
40.2 %, augmentation 39.6 %, jitter 14.2 %). So one mixture for both views is the default here.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float32

__all__ = ["Short", "stretch"]

Short = Literal["pad", "repeat"]
"""What becomes of a recording that is shorter than a segment: silence around it, or its repeats."""


def stretch(
    wave: Float32[np.ndarray, " n_samples"],
    length: int,
    rng: np.random.Generator,
    short: Short = "pad",
) -> Float32[np.ndarray, " length"]:
    """A stretch of `length` samples at a random place.

    Of a shorter wave all is taken, at a random place in silence ("pad"), or repeated without a gap
    from a random sample on ("repeat"): so two stretches of it differ too.

    Args:
        wave: at least one sample.
        length: of the stretch, at least one sample.
        rng: draws the place.
        short: what becomes of a shorter wave.
    """
    if wave.size >= length:
        start = int(rng.integers(wave.size - length + 1))
        return wave[start : start + length]
    if short == "repeat":
        return np.resize(np.roll(wave, -int(rng.integers(wave.size))), length)
    start = int(rng.integers(length - wave.size + 1))
    return np.pad(wave, (start, length - wave.size - start))
