"""Sound and pictures as data URIs, so that a page needs no file beside it."""

from __future__ import annotations

import base64
import io
import math
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from jaxtyping import Float
from matplotlib import colormaps
from numpy.typing import ArrayLike
from PIL import Image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = "magma"
LOWEST_HZ = 40.0
RANGE_DB = 80.0
ROWS, MOST_COLUMNS = 160, 480
WINDOW_S = 0.064
OVERLAP = 12
FIGURE_DPI = 144  # sharp at twice the density of an ordinary screen


def data_uri(data: bytes, media_type: str) -> str:
    """Bytes as an address that holds them."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def audio_uri(wave: ArrayLike, sample_rate: float) -> str:
    """A sound as FLAC of 16 bits, which every current browser plays, at about half of WAV's size.

    wave is (n_samples,) or, for several channels, (n_channels, n_samples), within [-1, 1];
    sample_rate is in Hz, a whole number. Raises ValueError for anything else: nothing is clipped.
    """
    samples = np.asarray(wave, dtype=np.float32)
    if samples.ndim not in (1, 2) or samples.size == 0:
        raise ValueError(
            f"a sound is (n_samples,) or (n_channels, n_samples) and not empty, not {samples.shape}"
        )
    if not np.isfinite(samples).all():
        raise ValueError("a sound for a page has samples that are not finite")
    peak = float(np.abs(samples).max())
    if peak > 1:
        raise ValueError(f"a sound for a page stays within [-1, 1], its peak is {peak:.4g}")
    if sample_rate <= 0 or not float(sample_rate).is_integer():
        raise ValueError(f"a sound file needs a whole sample rate in Hz, not {sample_rate}")
    file = io.BytesIO()
    soundfile.write(file, samples.T, int(sample_rate), format="FLAC", subtype="PCM_16")
    return data_uri(file.getvalue(), "audio/flac")


def png(figure: Figure) -> bytes:
    """A figure of Matplotlib as the bytes of a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=FIGURE_DPI)
    return file.getvalue()


def spectrogram_uri(levels: Float[np.ndarray, "rows columns"]) -> str:
    """Levels in dB, the lowest row first, as a PNG: the brightest is the loudest, black 80 dB less.

    Everything below, silence included, is black.
    """
    loudest = max(float(levels.max(initial=-math.inf)), -100.0)
    shade = np.clip((levels - loudest) / RANGE_DB + 1, 0, 1)
    image = Image.fromarray(np.round(255 * shade[::-1]).astype(np.uint8))
    palette = np.round(255 * colormaps[COLOURS](np.arange(256))[:, :3]).astype(np.uint8)
    image.putpalette(palette.tobytes())
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    return data_uri(file.getvalue(), "image/png")


def log_spectrogram(
    wave: Float[np.ndarray, " n_samples"], sample_rate: float
) -> tuple[Float[np.ndarray, "rows columns"], tuple[float, float]]:
    """Levels in dB over time at 160 logarithmically spaced frequencies, and the lowest and highest.

    Hann windows of 64 ms centred on their column, the first on the first sample and the last on the
    last, at most 480 of them. A row between two bins of the transform is interpolated, a row that
    spans several takes their strongest. Raises ValueError for an empty wave or one that is not mono
    or not finite, and for a rate that leaves nothing above 40 Hz.
    """
    wave = np.asarray(wave, dtype=np.float64)
    if wave.ndim != 1 or wave.size == 0 or not np.isfinite(wave).all():
        raise ValueError(f"a spectrogram needs finite samples (n_samples,), given {wave.shape}")
    highest = min(sample_rate / 2, 20_000.0)
    if highest <= 2 * LOWEST_HZ:
        raise ValueError(
            f"a spectrogram from {LOWEST_HZ:g} Hz needs a sample rate above {4 * LOWEST_HZ:g} Hz, "
            f"given {sample_rate:g}"
        )
    length = 2 * max(1, round(WINDOW_S * sample_rate / 2))
    columns = min(MOST_COLUMNS, max(2, math.ceil(OVERLAP * wave.size / length)))
    centres = np.linspace(0, wave.size - 1, columns).round().astype(int)
    padded = np.pad(wave, length // 2)
    frames = padded[centres[:, None] + np.arange(length)] * np.hanning(length + 1)[:-1]
    magnitudes = np.abs(np.fft.rfft(frames)).T
    bin_hz = sample_rate / length
    edges = np.geomspace(LOWEST_HZ, highest, ROWS + 1) / bin_hz
    rows = np.stack([strongest(magnitudes, *edges[row : row + 2]) for row in range(ROWS)])
    return 20 * np.log10(np.maximum(rows, 1e-10)), (LOWEST_HZ, highest)


def strongest(
    magnitudes: Float[np.ndarray, "bins columns"], low: float, high: float
) -> Float[np.ndarray, " columns"]:
    """The largest magnitude between two places on the axis of bins, which need not be whole."""
    inside = magnitudes[math.ceil(low) : math.floor(high) + 1]
    middle = (low + high) / 2
    below = min(math.floor(middle), len(magnitudes) - 2)
    between = magnitudes[below] + (middle - below) * (magnitudes[below + 1] - magnitudes[below])
    return np.maximum(between, inside.max(axis=0)) if len(inside) else between
