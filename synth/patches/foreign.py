"""Values that other programs wrote: what they must be to become theta."""

from typing import Any

import numpy as np

from synth.base import Synth
from synth.patches.reading import Opaque, PatchError

ROUNDING = 1e-6
"""How far beyond [0, 1] a value may lie: what powers and divisions in float32 leave."""


def numbers(value: Any, where: str) -> np.ndarray:
    """Foreign values as float64, of any shape; text, None and truth values are refused."""
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        array = np.array(None)
    if array.dtype.kind not in "fiu":
        shown = value if isinstance(value, Opaque) else f"a {type(value).__name__} of other things"
        raise PatchError(f"{where} must be numbers, got {shown}")
    return array.astype(np.float64)


def clean(theta: np.ndarray, synth: Synth) -> np.ndarray:
    """Foreign values as float32 in [0, 1]: rounding errors are brought back, others refused."""
    for p, column in zip(synth.parameters, theta.T, strict=True):
        outside = ~((column >= -ROUNDING) & (column <= 1 + ROUNDING))
        if outside.any():
            given = column[outside][0]
            raise PatchError(f"{p.name} must be normalised, from 0 to 1, got {given}")
    return np.clip(theta, 0.0, 1.0).astype(np.float32)
