"""Short-time spectra in JAX: frames, power spectra, mel filter banks and log-mel spectrograms.

Everything takes any leading axes, traces under jit and grad, and agrees with librosa 0.11 (Hann
window, Slaney mel scale and area normalisation) to the rounding of float32. Filter banks and
windows are NumPy constants, computed once per setting in float64.
"""

from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

DECIBEL_FLOOR = 1e-10


@cache
def hann(length: int) -> np.ndarray:
    """Return the periodic Hann window of `length` samples, float32 (length,)."""
    if length < 1:
        raise ValueError(f"a window needs at least 1 sample, got length={length}")
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def bin_frequencies(sample_rate: float, n_fft: int) -> np.ndarray:
    """Return the frequencies of the bins of a real FFT in Hz, float32 (n_fft // 2 + 1,)."""
    return (np.arange(n_fft // 2 + 1) * (sample_rate / n_fft)).astype(np.float32)


def frame(
    audio: Float[Array, "*batch n_samples"], length: int, hop: int, center: bool = True
) -> Float[Array, "*batch n_frames length"]:
    """Cut audio into overlapping frames.

    With `center`, frame k is centred on sample k * hop of the audio padded with zeros
    (1 + n_samples // hop frames); without, frame k begins at sample k * hop, and audio shorter than
    one frame is padded with zeros at its end.
    """
    if center:
        half = length // 2
        audio = _pad(audio, half, half)
    if audio.shape[-1] < length:
        audio = _pad(audio, 0, length - audio.shape[-1])
    n_frames = 1 + (audio.shape[-1] - length) // hop
    index = np.arange(n_frames)[:, None] * hop + np.arange(length)
    return audio[..., index]


def power_spectrum(
    audio: Float[Array, "*batch n_samples"], n_fft: int, hop: int, center: bool = True
) -> Float[Array, "*batch n_frames n_bins"]:
    """Return the squared magnitude of the short-time Fourier transform (periodic Hann window).

    Equals `abs(librosa.stft(audio, n_fft=n_fft, hop_length=hop, center=center)) ** 2`, transposed.
    """
    spectrum = jnp.fft.rfft(frame(audio, n_fft, hop, center) * hann(n_fft), axis=-1)
    return spectrum.real**2 + spectrum.imag**2


@cache
def mel_filterbank(
    sample_rate: float,
    n_fft: int,
    n_mels: int,
    minimum_hz: float = 0.0,
    maximum_hz: float | None = None,
) -> np.ndarray:
    """Return triangular mel filters, float32 (n_fft // 2 + 1, n_mels).

    Slaney's scale (Auditory Toolbox, 1998: linear below 1 kHz, logarithmic above), each filter of
    area one in Hz; `maximum_hz` defaults to half the sample rate. Raises ValueError where the
    frequency range is empty or leaves the spectrum.
    """
    top = sample_rate / 2 if maximum_hz is None else maximum_hz
    if not 0 <= minimum_hz < top <= sample_rate / 2:
        raise ValueError(
            f"mel filters need 0 <= minimum_hz < maximum_hz <= {sample_rate / 2:g} Hz (half the "
            f"sample rate), got {minimum_hz:g} and {top:g} Hz"
        )
    edges = mel_to_hz(np.linspace(hz_to_mel(minimum_hz), hz_to_mel(top), n_mels + 2))
    bins = np.arange(n_fft // 2 + 1) * (sample_rate / n_fft)
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * (2.0 / (edges[2:] - edges[:-2]))).astype(np.float32)


def hz_to_mel(frequency: float | np.ndarray) -> np.ndarray:
    """Convert Hz to Slaney's mel scale."""
    frequency = np.asarray(frequency, np.float64)
    logarithmic = 15 + np.log(np.maximum(frequency, 1000.0) / 1000.0) * (27 / np.log(6.4))
    return np.where(frequency < 1000.0, frequency * (3 / 200), logarithmic)


def mel_to_hz(mel: float | np.ndarray) -> np.ndarray:
    """Convert Slaney's mel scale to Hz."""
    mel = np.asarray(mel, np.float64)
    return np.where(mel < 15, mel * (200 / 3), 1000.0 * np.exp((mel - 15) * (np.log(6.4) / 27)))


def decibels(power: Float[Array, "*shape"], floor: float = DECIBEL_FLOOR) -> Float[Array, "*shape"]:
    """Return 10 log10(max(power, floor)); the gradient below the floor is zero."""
    return 10.0 / np.log(10.0) * jnp.log(jnp.maximum(power, floor))


def mel_spectrogram(
    audio: Float[Array, "*batch n_samples"],
    sample_rate: float,
    n_fft: int,
    hop: int,
    n_mels: int,
    minimum_hz: float = 0.0,
    maximum_hz: float | None = None,
) -> Float[Array, "*batch n_frames n_mels"]:
    """Return the mel spectrogram in power: `librosa.feature.melspectrogram`, transposed."""
    filters = mel_filterbank(sample_rate, n_fft, n_mels, minimum_hz, maximum_hz)
    return power_spectrum(audio, n_fft, hop) @ filters


def log_mel_spectrogram(
    audio: Float[Array, "*batch n_samples"],
    sample_rate: float,
    n_fft: int,
    hop: int,
    n_mels: int,
    floor: float = DECIBEL_FLOOR,
) -> Float[Array, "*batch n_frames n_mels"]:
    """Return the mel spectrogram in dB (reference 1, values below `floor` raised to it)."""
    return decibels(mel_spectrogram(audio, sample_rate, n_fft, hop, n_mels), floor)


def _pad(audio: Array, before: int, after: int) -> Array:
    return jnp.pad(audio, [(0, 0)] * (audio.ndim - 1) + [(before, after)])
