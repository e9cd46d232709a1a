"""Rendering: a few sounds at a time, so that the work stays in cache and memory stays flat.

On a CPU control signals are made for `CONTROL_CHUNK` sounds, and audio for `AUDIO_CHUNK` of those,
fewer where sounds are long; a finished chunk is written to the output once. Other devices take the
whole batch: their compilers fuse the audio-rate pass, and they want all the parallelism there is.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from synth.audio import Audio
from synth.fence import fence
from synth.grid import Grid

CONTROL_CHUNK = 128
AUDIO_CHUNK = 16
AUDIO_SAMPLES = 16 * 45_000
"""Samples of an audio chunk, at most: with four times as many it leaves the cache, and rendering
takes three times as long."""

SIDE_BY_SIDE = 2
"""Audio chunks in flight: writing one to the output is the work of a single thread, and another
has the next one to compute meanwhile."""

CPU_COMPILER_OPTIONS = {"xla_cpu_prefer_vector_width": 512}
"""For `jax.jit(compiler_options=...)` of a program that renders on a CPU: twice the samples an
instruction where the processor has 512-bit vectors, no difference where it has not."""


BRIEF_SAMPLES = 2**22
"""A program that makes fewer samples of audio before it is thrown away ends sooner on a CPU where
it is not optimised: that is compiled in half the time, and runs at a quarter of the speed."""


def compiler_options(n_samples: int | None = None) -> dict[str, Any]:
    """Options for compiling a program that renders, for the default device.

    Args:
        n_samples: audio samples that it will make in all; None: many.
    """
    if jax.default_backend() != "cpu":
        return {}
    brief = n_samples is not None and n_samples < BRIEF_SAMPLES
    return CPU_COMPILER_OPTIONS | ({"xla_backend_optimization_level": 0} if brief else {})


def render_batch(
    wire: Callable[[Any], Audio],
    inputs: Any,
    grid: Grid,
    out: Float[Array, "batch n_samples"] | None = None,
) -> Float[Array, "batch n_samples"]:
    """Render a batch in chunks.

    Args:
        wire: from part of the inputs to the (settled) audio of those sounds.
        inputs: arrays with a leading batch axis.
        grid: where the samples of a sound lie.
        out: a buffer to write into (donate it); a new one where None.
    """
    batch = jax.tree.leaves(inputs)[0].shape[0]
    whole = jax.default_backend() != "cpu"
    control_size = _chunk_size(batch, batch if whole else CONTROL_CHUNK)
    fitting = max(2, min(AUDIO_CHUNK, AUDIO_SAMPLES // grid.n_samples))
    audio_size = _chunk_size(control_size, batch if whole else fitting)
    if audio_size == batch:
        audio = wire(inputs)
        return audio.samples(fence(audio.frames)).reshape(batch, grid.n_samples)
    dtype = jnp.result_type(*jax.tree.leaves(inputs)[:1])
    shape = (batch, *grid.row_shape)
    buffer = lax.empty(shape, dtype) if out is None else out.reshape(shape)

    def render_controls(buffer: Array, start: Any) -> tuple[Array, None]:
        audio = wire(_rows(inputs, start, control_size))
        frames = fence(audio.frames)

        def render_audio(buffer: Array, first: Array) -> tuple[Array, None]:
            part = audio.samples(_rows(frames, first, audio_size))
            return lax.dynamic_update_slice_in_dim(buffer, part, start + first, axis=0), None

        starts = _starts(control_size, audio_size)
        return lax.scan(render_audio, buffer, starts, unroll=SIDE_BY_SIDE)

    if control_size == batch:
        buffer, _ = render_controls(buffer, 0)
    else:
        buffer, _ = lax.scan(render_controls, buffer, _starts(batch, control_size))
    return buffer.reshape(batch, grid.n_samples)


def _rows(tree: Any, start: Any, size: int) -> Any:
    if isinstance(start, int) and start == 0:
        return jax.tree.map(lambda x: x[:size], tree)
    return jax.tree.map(lambda x: lax.dynamic_slice_in_dim(x, start, size), tree)


def _chunk_size(total: int, largest: int) -> int:
    """Chunks of equal size, as few as fit."""
    return -(-total // -(-total // largest))


def _starts(total: int, size: int) -> Array:
    """First rows of the chunks; the last ends with the batch and may overlap the one before."""
    starts = np.arange(0, total, size, dtype=np.int32)
    return jnp.asarray(np.minimum(starts, total - size))
