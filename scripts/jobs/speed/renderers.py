"""The interface of the benchmark: a `Renderer` makes one batch of sounds per call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

KEYS_AHEAD = 1024


@dataclass(frozen=True)
class Sounds:
    """What a cell renders: `batch` sounds of `duration_s` seconds at `sample_rate` Hz."""

    batch: int
    duration_s: float
    sample_rate: int = 44100

    @property
    def n_samples(self) -> int:
        """Samples of one sound."""
        return round(self.duration_s * self.sample_rate)

    @property
    def shape(self) -> tuple[int, int]:
        """(batch, n_samples)."""
        return self.batch, self.n_samples


class Renderer(Protocol):
    """One library, set up for one batch size."""

    def render(self, index: int) -> None:
        """Start batch number `index` with parameters drawn anew; its audio replaces the last."""
        ...

    def wait(self) -> None:
        """Return when every batch that was started is in memory."""
        ...

    def audio(self) -> Any:
        """The last batch as a numpy array (batch, n_samples), for checks outside the clock."""
        ...

    def device_peak_bytes(self) -> int | None:
        """Peak memory on the accelerator, in bytes; None on a CPU."""
        ...


class JaxRenderer:
    """A JAX program key -> audio, with keys that were made before the clock started."""

    def __init__(self, program: Callable[[Any], Any]) -> None:
        import jax

        self._program = program
        keys = jax.random.split(jax.random.PRNGKey(0), KEYS_AHEAD)
        self._keys = list(jax.block_until_ready(keys))
        self._audio: Any = None

    def render(self, index: int) -> None:
        """Start the program with the key of this batch."""
        self._audio = self._program(self._keys[index % KEYS_AHEAD])

    def wait(self) -> None:
        """Return when the last batch is in memory."""
        if self._audio is not None:
            self._audio.block_until_ready()

    @property
    def latest(self) -> Any:
        """The last batch where it was rendered."""
        return self._audio

    def audio(self) -> Any:
        """The last batch as a numpy array."""
        import numpy

        return numpy.asarray(self._audio)

    def device_peak_bytes(self) -> int | None:
        """What JAX' allocator counted; it keeps no statistics on a CPU."""
        import jax

        statistics = jax.devices()[0].memory_stats()
        return statistics["peak_bytes_in_use"] if statistics else None


class ReusedRenderer(JaxRenderer):
    """A JAX program (buffer, key) -> audio that consumes the buffer which it got back last."""

    def __init__(self, program: Callable[[Any, Any], Any], sounds: Sounds) -> None:
        import jax.numpy as jnp

        super().__init__(lambda key: program(self._audio, key))
        self._audio = jnp.zeros(sounds.shape, jnp.float32).block_until_ready()
