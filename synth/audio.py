"""Audio that is not rendered yet: numbers a frame, and how samples come from them.

Modules pass `Audio` to each other instead of arrays. Control-rate work is done at once; the
audio-rate part of a whole synth stays one function, which the engine applies to a few sounds at a
time, so that the compiler fuses it into a single pass that stays in cache.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Num

from synth.fence import fence
from synth.grid import Grid


@dataclass(frozen=True)
class Audio:
    """A batch of sounds described by numbers a frame.

    Args:
        grid: where the samples lie.
        frames: arrays with a leading batch axis; (batch, n_frames) for what changes from frame to
            frame, (batch,) for what does not.
        tiles: makes the samples of any part of the batch from that part of `frames`:
            -> (part, *grid.tile). It may work along time, since a part holds whole sounds.
        gain: still to be applied: level one sample before each frame's first, slope a sample.
        limited: a sound whose peak exceeds 1 is still to be divided by it.
    """

    grid: Grid
    frames: Any
    tiles: Callable[[Any], Array]
    gain: tuple[Float[Array, "batch n_frames"], Float[Array, "batch n_frames"]] | None = None
    limited: bool = False

    def scaled(self, level: Float[Array, " batch"]) -> "Audio":
        """Each sound multiplied by a number; at control rate where there is a gain already."""
        if self.gain is not None and not self.limited:
            before, slope = self.gain
            return replace(self, gain=(before * level[:, None], slope * level[:, None]))
        audio = self.settled()
        return Audio(
            self.grid,
            (audio.frames, level),
            lambda frames: audio.tiles(frames[0]) * per_sound(frames[1]),
        )

    def settled(self) -> "Audio":
        """The same audio with gain and limit inside its tiles, for a module to work on."""
        if self.gain is None and not self.limited:
            return self

        def tiles(inputs: tuple[Any, Any]) -> Array:
            frames, gain = inputs
            made = self.tiles(frames)
            if gain is not None:
                before, slope = (per_frame(g) for g in gain)
                made = made * (before + slope * self.grid.counts(before.dtype))
            if self.limited:
                made = fence(made)
                made = made * per_sound(limiting_gain(self.grid.rows(made)))
            return made

        return Audio(self.grid, (self.frames, self.gain), tiles)

    def samples(self, frames: Any) -> Float[Array, "part ..."]:
        """The samples of part of the batch, from that part of a settled audio's `frames`.

        Returns:
            (part, *grid.row_shape): merged into one long axis, every sample would divide its index.
        """
        made = self.grid.rows(fence(self.tiles(frames)))
        if not self.limited:
            return made
        gain = limiting_gain(made)
        return made * gain.reshape(-1, *[1] * (made.ndim - 1))

    def render(self) -> Float[Array, "batch n_samples"]:
        """All samples at once; a synth renders in chunks instead."""
        audio = self if self.gain is None else self.settled()
        samples = audio.samples(audio.frames)
        return samples.reshape(samples.shape[0], -1)


def limiting_gain(samples: Float[Array, "part ..."]) -> Float[Array, " part"]:
    """What brings each sound's peak down to 1; 1 where it is not above."""
    peak = peaks(samples)
    # A step below the reciprocal, so that the peak itself cannot round to above 1. Fenced, or the
    # compiler finds the last maxima of the peak again for every sample.
    return fence(jnp.where(peak > 1, (1 - 2.0**-23) / jnp.where(peak > 1, peak, 1), 1))


def peaks(samples: Float[Array, "part ..."], ways: int = 8) -> Float[Array, " part"]:
    """The largest absolute sample of each sound.

    By element-wise maxima of slices, since a float reduction does not vectorise; the slices overlap
    where the length does not divide.
    """
    largest = jnp.abs(samples)
    for axis in range(1, samples.ndim):
        while (length := largest.shape[axis]) > 1:
            size = -(-length // ways)
            starts = sorted({min(i * size, length - size) for i in range(ways)})
            slices = [lax.slice_in_dim(largest, s, s + size, axis=axis) for s in starts]
            largest = reduce(lambda a, b: jnp.where(b > a, b, a), slices)
    return largest.reshape(-1)


def per_sound(values: Num[Array, " part"]) -> Num[Array, "part 1 1 1"]:
    """One number a sound, shaped to go with tiles."""
    return values[:, None, None, None]


def per_frame(values: Float[Array, "part n_frames"]) -> Float[Array, "part n_frames 1 1"]:
    """One number a frame, shaped to go with tiles."""
    return values[:, :, None, None]
