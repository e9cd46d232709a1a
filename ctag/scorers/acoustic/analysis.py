"""The one pass over the samples that all descriptors share: spectra and envelopes of a sound.

Sounds are judged by what lies below 8 kHz, whatever their sample rate: most of what tells one sound
from another is there (wideband telephony ends there, and so do most classifiers), and a search
would else meet its goals with energy that hardly anybody hears. Higher rates are first divided by a
whole number, to 16-32 kHz.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ctag.scorers.spectra import bin_frequencies, decibels, mel_filterbank, power_spectrum

LOWEST_HZ, HIGHEST_HZ = 20.0, 8000.0
FRAME_RATE = 50.0
FINE_RATE = 500.0
WINDOW_S = 0.064
N_MELS = 40
RANGE_DB = 60.0
SILENCE = 1e-10
ZERO_CROSSINGS_OF_FILTER = 8


class Layout(NamedTuple):
    """Sizes of the analysis at one sample rate; plain numbers, known when the code is traced.

    Attributes:
        sample_rate: of the analysis in Hz, that of the sound divided by `factor`.
        factor: whole number by which the sound's rate is divided first.
        n_fft, hop: samples of a spectrum's window and from one window to the next.
        first_bin, last_bin: bins of a spectrum that are kept, from 20 Hz to 8 kHz.
        block: samples of one value of the fine envelope.
    """

    sample_rate: float
    factor: int
    n_fft: int
    hop: int
    first_bin: int
    last_bin: int
    block: int

    @property
    def frame_rate(self) -> float:
        """Spectra per second."""
        return self.sample_rate / self.hop

    @property
    def fine_rate(self) -> float:
        """Values of the fine envelope per second."""
        return self.sample_rate / self.block

    @property
    def frequencies(self) -> np.ndarray:
        """Frequencies of the kept bins in Hz, (n_bins,)."""
        return bin_frequencies(self.sample_rate, self.n_fft)[self.first_bin : self.last_bin + 1]


class Analysis(NamedTuple):
    """What the descriptors read.

    Attributes:
        power: (n_frames, n_bins) power spectrum, divided by the sound's mean square.
        energy: (n_frames,) sum of `power` over the bins.
        mel_db: (n_frames, n_mels) log-mel spectrum in dB, at most 60 dB below its maximum.
        fine: (n_fine,) root mean square of blocks of 2 ms, relative to the sound's.
        peak: largest absolute sample, relative to the root mean square.
        mean_square: mean of the squared samples, before anything was divided by it.
        crossings: number of changes of sign between neighbouring samples.
    """

    power: Float[Array, "n_frames n_bins"]
    energy: Float[Array, " n_frames"]
    mel_db: Float[Array, "n_frames n_mels"]
    fine: Float[Array, " n_fine"]
    peak: Float[Array, ""]
    mean_square: Float[Array, ""]
    crossings: Float[Array, ""]


def layout(sample_rate: float) -> Layout:
    """Return the sizes for a sample rate: windows of 64 ms, a hop of 20 ms, blocks of 2 ms."""
    if not sample_rate >= 2000:
        raise ValueError(f"the acoustic scorer needs at least 2000 Hz, got {sample_rate} Hz")
    factor = max(1, int(sample_rate // (2 * HIGHEST_HZ)))
    rate = sample_rate / factor
    n_fft = 32 * round(WINDOW_S * rate / 32)
    first_bin = int(np.ceil(LOWEST_HZ * n_fft / rate))
    last_bin = min(n_fft // 2, int(HIGHEST_HZ * n_fft / rate))
    hop, block = round(rate / FRAME_RATE), round(rate / FINE_RATE)
    return Layout(rate, factor, n_fft, hop, first_bin, last_bin, block)


def divide_rate(audio: Float[Array, " n_samples"], factor: int) -> Float[Array, " n_divided"]:
    """Keep every `factor`-th sample of the low-passed sound.

    The low-pass is a Kaiser-windowed sinc, -6 dB at 0.92 of half the new rate. Sample k of the
    result stands at sample k * factor of the sound.
    """
    if factor == 1:
        return audio
    reach = ZERO_CROSSINGS_OF_FILTER * factor
    index = np.arange(-reach, reach + 1)
    kernel = np.sinc(0.92 * index / factor) * np.kaiser(len(index), 6.0)
    kernel = jnp.asarray(kernel / kernel.sum(), jnp.float32)[None, None]
    return jax.lax.conv_general_dilated(audio[None, None], kernel, (factor,), [(reach, reach)])[
        0, 0
    ]


def analyse(audio: Float[Array, " n_samples"], sizes: Layout) -> Analysis:
    """Analyse one sound; its mean is taken off, and its level divided out of all but `mean_square`.

    Frames lie within the sound (none hangs over its end, where the cut would look like a click).
    """
    audio = divide_rate(audio - audio.mean(), sizes.factor)
    square = audio * audio
    mean_square = square.mean()
    inverse = 1.0 / (mean_square + SILENCE)
    power = power_spectrum(audio, sizes.n_fft, sizes.hop, center=False)
    kept = slice(sizes.first_bin, sizes.last_bin + 1)
    power = power[:, kept] * inverse
    top = min(sizes.sample_rate / 2, HIGHEST_HZ)
    filters = mel_filterbank(sizes.sample_rate, sizes.n_fft, N_MELS, 40.0, top)
    mel = power @ filters[kept]
    mel_db = decibels(mel, 1e-12)
    n_blocks = -(-audio.shape[-1] // sizes.block)
    blocks = jnp.pad(square, (0, n_blocks * sizes.block - audio.shape[-1])).reshape(n_blocks, -1)
    positive = audio > 0
    return Analysis(
        power=power,
        energy=power.sum(-1),
        mel_db=jnp.maximum(mel_db, mel_db.max() - RANGE_DB),
        fine=jnp.sqrt(blocks.mean(-1) * inverse + SILENCE),
        peak=jnp.sqrt(square.max() * inverse + SILENCE),
        mean_square=mean_square,
        crossings=(positive[1:] != positive[:-1]).sum().astype(jnp.float32),
    )
