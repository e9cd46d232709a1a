"""A synth of ten lines and scorers whose best answer is known, to test the search around them."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np

N_PARAMS = 6


@dataclass(frozen=True)
class TwoTones:
    """Two decaying sine waves: pitch, level and decay of each are the parameters."""

    n_samples: int = 400
    sample_rate: float = 4000.0
    n_params: int = N_PARAMS

    @property
    def config(self):
        return SimpleNamespace(sample_rate=self.sample_rate)

    def render(self, theta):
        time = jnp.arange(self.n_samples) / self.sample_rate
        pitch, level, decay = theta[:, 0::3], theta[:, 1::3], theta[:, 2::3]
        frequency = 100 * 2 ** (3 * pitch)
        tone = jnp.sin(2 * jnp.pi * frequency[..., None] * time)
        return jnp.mean(level[..., None] * jnp.exp(-30 * decay[..., None] * time) * tone, axis=1)


def parameters_of(prompt: str) -> np.ndarray:
    """The parameters that a prompt of the stand-in scorer means."""
    return np.random.default_rng(zlib.crc32(prompt.encode())).uniform(0.1, 0.9, N_PARAMS)


@dataclass(frozen=True, eq=False)
class Resemblance:
    """Minus the distance of a sound's magnitude spectrum from that of the prompt's own sound."""

    synth: TwoTones = field(default_factory=TwoTones)
    sample_rate: float | None = None
    fails_above: float = np.inf

    def target(self, prompts: Sequence[str]):
        theta = jnp.asarray(np.stack([parameters_of(p) for p in prompts]), jnp.float32)
        return {"spectrum": self.spectrum(self.synth.render(theta))}

    @staticmethod
    def spectrum(audio):
        return jnp.log(1e-2 + jnp.abs(jnp.fft.rfft(audio, axis=-1)))

    def score(self, target, audio, sample_rate):
        difference = self.spectrum(audio) - target["spectrum"][:, None, :]
        score = -jnp.mean(jnp.abs(difference), axis=-1)
        level = jnp.sqrt(jnp.mean(audio**2, axis=-1))
        return jnp.where(level > self.fails_above, jnp.nan, score)


@dataclass(frozen=True, eq=False)
class Untraceable(Resemblance):
    """The same judge in numpy, as one in another framework would be."""

    traceable: bool = False

    def score(self, target, audio, sample_rate):
        spectrum = np.log(1e-2 + np.abs(np.fft.rfft(np.asarray(audio), axis=-1)))
        wanted = np.asarray(target["spectrum"])[:, None, :]
        score = -np.mean(np.abs(spectrum - wanted), axis=-1)
        return jax.device_put(score.astype(np.float32))
