"""When control frames and samples happen.

Control point k stands at k / control_rate seconds. Between two points control signals run in a
straight line, so everything that changes at audio rate is described by a few numbers a frame, and
samples are made in tiles of (frame, sample in frame). Where the two rates do not divide, frames
are one sample longer or shorter than each other: the tile is as wide as the longest, and `compact`
drops what is beyond a frame's end.
"""

import math
from dataclasses import dataclass
from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from synth.config import SynthConfig

_SLACK = 1e-6  # of a sample: a frame that starts this close before a sample contains it
_LONGEST_PATTERN = 16


@dataclass(frozen=True)
class Grid:
    """Where the samples of a sound lie between its control points.

    Args:
        n_samples: samples of the sound.
        samples_per_frame: distance of two control points in samples; need not be whole.
        control_rate: control points a second, in Hz.
        sample_rate: in Hz.
    """

    n_samples: int
    samples_per_frame: float
    control_rate: float
    sample_rate: float

    @property
    def n_frames(self) -> int:
        """Frames that hold the samples, filled up to whole patterns of frame lengths."""
        return len(self.lengths)

    @property
    def n_points(self) -> int:
        """Control points: one at the start of each frame, one at the end of the last."""
        return self.n_frames + 1

    @property
    def lengths(self) -> np.ndarray:
        """(n_frames,) samples in each frame."""
        return _layout(self)[0]

    @property
    def offsets(self) -> np.ndarray:
        """(n_frames,) samples between a frame's start and its first sample, in [0, 1)."""
        return _layout(self)[1]

    @property
    def width(self) -> int:
        """Samples in the longest frame: the width of a tile."""
        return int(self.lengths.max())

    @property
    def is_even(self) -> bool:
        """Every frame has the same number of samples, the first on the control point."""
        return bool((self.lengths == self.width).all() and not self.offsets.any())

    def points(self, dtype: np.dtype) -> np.ndarray:
        """(n_points,) indices of the control points; over `control_rate` they are seconds."""
        return np.arange(self.n_points, dtype=dtype)

    def counts(self, dtype: np.dtype) -> np.ndarray:
        """(width,) how many samples of a frame there are up to each: 1, 2, ..."""
        return np.arange(1, self.width + 1, dtype=dtype)

    def lines(
        self, control: Float[Array, "*batch n_points"]
    ) -> tuple[Float[Array, "*batch n_frames"], Float[Array, "*batch n_frames"]]:
        """A control signal's value at each frame's first sample, and its slope a sample."""
        slope = (control[..., 1:] - control[..., :-1]) * np.asarray(
            1.0 / self.samples_per_frame, control.dtype
        )
        start = control[..., :-1]
        if self.offsets.any():
            start = start + slope * self.offsets.astype(control.dtype)
        return start, slope

    def compact(
        self, tiles: Float[Array, "batch n_frames width"]
    ) -> Float[Array, "batch n_samples"]:
        """Lay tiles end to end, without what lies beyond a frame's or the sound's end."""
        batch = tiles.shape[0]
        lengths = self.lengths
        if (lengths == self.width).all():
            flat = tiles.reshape(batch, -1)
        elif (period := _pattern(lengths)) <= _LONGEST_PATTERN:
            rows = tiles.reshape(batch, -1, period, self.width)
            flat = jnp.concatenate(
                [rows[:, :, i, : lengths[i]] for i in range(period)], axis=-1
            ).reshape(batch, -1)
        else:
            index = np.concatenate([k * self.width + np.arange(n) for k, n in enumerate(lengths)])
            flat = jnp.take(tiles.reshape(batch, -1), index[: self.n_samples], axis=1)
        return flat if flat.shape[1] == self.n_samples else flat[:, : self.n_samples]

    def mask(self) -> np.ndarray | None:
        """(n_frames, width) which tile entries are samples of the sound; None where all are."""
        inside = np.arange(self.width) < self.lengths[:, None]
        order = np.cumsum(inside.ravel()).reshape(inside.shape)
        inside &= order <= self.n_samples
        return None if inside.all() else inside


@cache
def make_grid(config: SynthConfig) -> Grid:
    """The grid of a synth's settings."""
    samples, rate = config.n_samples, config.control_rate_hz
    ratio = config.sample_rate / rate
    if config.compat == "synthax":
        # There the first control frame lies on the first sample and the last one on the last.
        points = math.ceil(config.buffer_size_seconds * rate)
        ratio = (samples - 1) / (points - 1) if points > 1 and samples > 1 else float(samples)
    return Grid(samples, ratio, rate, config.sample_rate)


@cache
def _layout(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Lengths and offsets of the frames (see the properties of `Grid`)."""
    ratio = grid.samples_per_frame
    count = math.floor((grid.n_samples - 1 + _SLACK) / ratio) + 1
    starts = _first_samples(np.arange(count + _LONGEST_PATTERN + 1), ratio)
    lengths = np.minimum(np.diff(starts), grid.n_samples)
    period = _pattern(lengths)
    if period <= _LONGEST_PATTERN:
        count = -(-count // period) * period
    offsets = np.clip(starts[:count] - np.arange(count) * ratio, 0.0, None)
    offsets[offsets < _SLACK] = 0.0
    return lengths[:count], offsets


def _first_samples(frames: np.ndarray, ratio: float) -> np.ndarray:
    """The first sample at or after the start of each frame."""
    return np.ceil(frames * ratio - _SLACK).astype(np.int64)


def _pattern(lengths: np.ndarray) -> int:
    """After how many frames the lengths repeat; their number where they do not."""
    for period in range(1, min(len(lengths), _LONGEST_PATTERN + 1)):
        if (lengths[period:] == lengths[:-period]).all():
            return period
    return len(lengths)
