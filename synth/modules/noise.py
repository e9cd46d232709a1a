"""White noise that depends on a sound's key and the sample's index alone."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, UInt32

from synth.audio import Audio, per_sound
from synth.grid import Grid
from synth.modules.base import SynthModule

NOISE_KEY = "noise_key"
"""Variable collection in which a synth hands its noise generators one key a sound."""


class Noise(SynthModule):
    """White noise, uniform in [-1, 1].

    Without keys every sound gets the same fixed noise, so that a parameter vector is one sound.
    With them, sample n of a sound is a hash of the sound's key and n: independent from sound to
    sound, the same in any batch, and made where it is used.

    Args:
        seed: of the noise; give each generator of a synth its own.
    """

    seed: int = 0

    @nn.compact
    def __call__(self) -> Audio:
        """-> (batch, n_samples) of noise."""
        grid = self.grid
        index = _sample_index(grid)
        if self.has_variable(NOISE_KEY, "words") and self.config.compat != "synthax":
            words = self.get_variable(NOISE_KEY, "words") ^ np.uint32(_scramble_number(self.seed))
            words = _spread(words)
            return Audio(grid, (words,), lambda frames: _uniform(frames[0], index))
        samples = self._fixed(index, grid.n_samples)
        return Audio(grid, (), lambda frames: samples)

    def _fixed(self, index: np.ndarray, n_samples: int) -> Array:
        if self.config.compat == "synthax":
            line = jax.random.uniform(
                jax.random.PRNGKey(self.seed), (1, n_samples), minval=-1.0, maxval=1.0
            )
            return jnp.take(line, np.minimum(index, n_samples - 1), axis=1)
        words = np.array([[_scramble_number(self.seed), self.seed]], np.uint32)
        with jax.ensure_compile_time_eval():
            return _uniform(jnp.asarray(words), index)


def _sample_index(grid: Grid) -> np.ndarray:
    """(n_frames, blocks, lanes): each tile entry's sample number."""
    starts = np.concatenate([[0], np.cumsum(grid.lengths)[:-1]])
    return (starts[:, None] + np.arange(grid.width)).astype(np.uint32).reshape(grid.tile)


def _uniform(words: UInt32[Array, "part 2"], index: np.ndarray) -> Array:
    """(part, n_frames, blocks, lanes) uniform in [-1, 1), by a counter-based generator.

    Two rounds of multiply and xor-shift (constants by C. Wellons's search for low-bias 32-bit
    hashes) over the sample's index, keyed before and between the rounds.
    """
    bits = _mix(jnp.asarray(index)[None] ^ per_sound(words[:, 0]))
    bits = _mix(bits + per_sound(words[:, 1]))
    signed = jax.lax.bitcast_convert_type(bits, jnp.int32)
    return signed.astype(jnp.float32) * np.float32(2.0**-31)


def _spread(words: UInt32[Array, "part 2"]) -> UInt32[Array, "part 2"]:
    """Spread each word over both, one to one: keys that differ in a bit give unrelated streams.

    Alone, the first word would only reorder a stream, since it meets the index in an xor.
    """
    first = _mix(words[:, 0] ^ _mix(words[:, 1]))
    return jnp.stack([first, _mix(words[:, 1] + first)], axis=1)


def _mix(bits: Array) -> Array:
    bits = (bits ^ (bits >> 16)) * np.uint32(0x7FEB352D)
    bits = (bits ^ (bits >> 15)) * np.uint32(0x846CA68B)
    return bits ^ (bits >> 16)


def _scramble_number(seed: int) -> int:
    """Spread small seeds over 32 bits."""
    return (seed * 0x9E3779B9 + 0x85EBCA6B) & 0xFFFFFFFF
