"""When control frames and samples happen.

Control point k stands at k / control_rate seconds. Between two points control signals run in a
straight line, so everything that changes at audio rate is described by a few numbers a frame, and
samples are made in tiles of (frame, block, lane). On a CPU a block is as many samples as a vector
register holds, so that no loop has a remainder. Where the two rates do not divide, frames are one
sample longer or shorter than each other: the tile has room for the longest, and `rows` drops what
is beyond a frame's end.
"""

import math
from dataclasses import dataclass
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from synth.config import SynthConfig

_SLACK = 1e-6  # of a sample: a frame that starts this close before a sample contains it
_LONGEST_PATTERN = 16
_VECTOR = 16  # float32 in a 512-bit register


@dataclass(frozen=True)
class Grid:
    """Where the samples of a sound lie between its control points.

    Args:
        n_samples: samples of the sound.
        samples_per_frame: distance of two control points in samples; need not be whole.
        control_rate: control points a second, in Hz.
        sample_rate: in Hz.
        vector: samples in a block, at most; None: all of a frame.
    """

    n_samples: int
    samples_per_frame: float
    control_rate: float
    sample_rate: float
    vector: int | None = None

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
    def period(self) -> int | None:
        """After how many frames their lengths repeat, a divisor of `n_frames`; None where that is
        too many for `rows` to lay them one by one."""
        return _layout(self)[2]

    @property
    def longest(self) -> int:
        """Samples in the longest frame."""
        return int(self.lengths.max())

    @property
    def lanes(self) -> int:
        """Samples in a block of a tile."""
        return self.longest if self.vector is None else min(self.longest, self.vector)

    @property
    def blocks(self) -> int:
        """Blocks that hold a frame; the last may reach beyond its end."""
        return -(-self.longest // self.lanes)

    @property
    def width(self) -> int:
        """Samples that a frame has room for."""
        return self.blocks * self.lanes

    @property
    def tile(self) -> tuple[int, int, int]:
        """The shape of a sound's tiles: frames, blocks in a frame, lanes in a block."""
        return self.n_frames, self.blocks, self.lanes

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of a sound's samples while it is made: (rows, samples in a row), or
        (n_samples,) where whole frames do not fill the sound."""
        if self.period is None:
            return (self.n_samples,)
        length = int(self.lengths[: self.period].sum())
        n_rows = self.n_frames // self.period
        return (n_rows, length) if n_rows * length == self.n_samples else (self.n_samples,)

    def points(self, dtype: np.dtype) -> np.ndarray:
        """(n_points,) indices of the control points; over `control_rate` they are seconds."""
        return np.arange(self.n_points, dtype=dtype)

    def counts(self, dtype: np.dtype) -> np.ndarray:
        """(blocks, lanes) how many samples of a frame there are up to each: 1, 2, ..."""
        return np.arange(1, self.width + 1, dtype=dtype).reshape(self.blocks, self.lanes)

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

    def rows(self, tiles: Float[Array, "batch n_frames blocks lanes"]) -> Float[Array, "batch ..."]:
        """Lay tiles end to end, (batch, *row_shape), without what lies beyond a frame's or the
        sound's end."""
        batch = tiles.shape[0]
        frames = tiles.reshape(batch, self.n_frames, self.width)
        if self.period is not None:
            patterns = frames.reshape(batch, -1, self.period, self.width)
            made = jnp.concatenate(
                [patterns[:, :, i, : self.lengths[i]] for i in range(self.period)], axis=-1
            )
            if len(self.row_shape) == 2:
                return made
        else:
            width = self.width
            index = [k * width + np.arange(n) for k, n in enumerate(self.lengths)]
            made = jnp.take(frames.reshape(batch, -1), np.concatenate(index), axis=1)
        return made.reshape(batch, -1)[:, : self.n_samples]


@cache
def make_grid(config: SynthConfig) -> Grid:
    """The grid of a synth's settings."""
    samples, rate = config.n_samples, config.control_rate_hz
    ratio = config.sample_rate / rate
    if config.compat == "synthax":
        # There the first control frame lies on the first sample and the last one on the last.
        points = math.ceil(config.buffer_size_seconds * rate)
        ratio = (samples - 1) / (points - 1) if points > 1 and samples > 1 else float(samples)
    vector = _VECTOR if jax.default_backend() == "cpu" else None
    return Grid(samples, ratio, rate, config.sample_rate, vector)


@cache
def _layout(grid: Grid) -> tuple[np.ndarray, np.ndarray, int | None]:
    """Lengths and offsets of the frames and their period (see the properties of `Grid`)."""
    ratio = grid.samples_per_frame
    count = math.floor((grid.n_samples - 1 + _SLACK) / ratio) + 1
    starts = _first_samples(np.arange(count + _LONGEST_PATTERN + 1), ratio)
    lengths = np.minimum(np.diff(starts), grid.n_samples)
    # Of more frames than the sound has: few may seem to repeat and not fill whole patterns.
    period = _period(lengths)
    if period is not None:
        count = -(-count // period) * period
    offsets = np.clip(starts[:count] - np.arange(count) * ratio, 0.0, None)
    offsets[offsets < _SLACK] = 0.0
    return lengths[:count], offsets, period


def _first_samples(frames: np.ndarray, ratio: float) -> np.ndarray:
    """The first sample at or after the start of each frame."""
    return np.ceil(frames * ratio - _SLACK).astype(np.int64)


def _period(lengths: np.ndarray) -> int | None:
    """After how many frames the lengths repeat, if after few."""
    for period in range(1, min(len(lengths), _LONGEST_PATTERN + 1)):
        if (lengths[period:] == lengths[:-period]).all():
            return period
    return None
