"""Spectral descriptors of one sound through essentia (AGPL): the only file that imports it.

A frame is windowed and transformed; its magnitude spectrum X (frame_size / 2 + 1 bins at f_k Hz) is
what all of them read. The first frame starts at the first sample and the last one ends within the
sound, so that nothing is compared with padding; only a sound that is shorter than a frame stands in
the middle of zeros. A frame at or below -90 dB of full scale (essentia's own limit) is silent and
not counted. A descriptor of a sound is the mean over its frames, NaN where no frame has a value.

inharmonicity   sum m_h^2 |f_h - nearest multiple of f_1| / (f_1 sum m_h^2) over the harmonic peaks,
                0 to 0.5 (Peeters 2004). Interpolating peaks leaves up to about 0.005 for a tone
                that is harmonic.
odd_to_even_db  energy of harmonics 1, 3, 5, ... over that of 2, 4, 6, ... in dB, so that a mean
                treats a ratio and its inverse alike; -30 to 30 (Martin and Kim 1998). essentia
                counts from zero and gives the inverse: an empty peak below the fundamental puts
                that right.
pitch_salience  highest autocorrelation of X at lags of 100 to 5000 Hz over the one at lag 0
                (Ricard 2004). White noise has pi / 4. Of X without its last bin: a power of two,
                which is autocorrelated in half of the time, and moves values by 1e-5.
flatness        geometric over arithmetic mean of X: 1 where all bins are equal, about 0.846 for
                white noise (2 exp(-gamma / 2) / sqrt(pi)), 0 for a sine.
flux            Euclidean norm of X_t - X_(t-1). A change between sound and silence counts.
complexity      how many peaks above 0.005 there are between 100 Hz and 5 kHz (Laurier 2010).
hfc             high-frequency content, sum f_k X_k^2 (Masri 1996).
rolloff         Hz below which 85 % of the energy sum X^2 lies.
centroid        Hz, sum f_k X_k / sum X_k.

Harmonic peaks: up to 20 multiples, within a fifth, of the pitch by YIN on the spectrum (Brossier
2007), among the peaks up to 5 kHz. A frame without a pitch or without a peak at one has no
inharmonicity and no odd-to-even ratio.
"""

from __future__ import annotations

import functools
import importlib
import math
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64
from scipy.fft import rfft

from eval.descriptors.settings import SPECTRAL, DescriptorSettings
from eval.harness.audio import resample

__all__ = ["SILENT_POWER", "Extractor", "extractor"]

SILENT_POWER = 1e-9  # mean square of a frame: 90 dB below full scale
HIGHEST_PEAK_HZ = 5000.0
LOWEST_PEAK_HZ = 1.0  # a peak at 0 Hz is refused by what follows
SALIENCE_HZ = (100.0, 5000.0)
HARMONICS = 20
FLUX = SPECTRAL.index("flux")
LARGEST_RATIO = 1000.0  # of odd to even energy, where essentia stops


@functools.lru_cache(maxsize=4)
def extractor(settings: DescriptorSettings) -> Extractor:
    """Return the extractor of these settings, made once in a process."""
    return Extractor(settings)


class Extractor:
    """Describes sounds, one at a time; holds essentia's algorithms. Not for several threads."""

    def __init__(self, settings: DescriptorSettings) -> None:
        self.settings = settings
        size, rate = settings.frame_size, settings.sample_rate
        shape = _algorithm("Windowing", type=settings.window, size=size, zeroPhase=False)
        self._window = shape.__compute__(np.ones(size, np.float32))
        # Called without essentia's Python wrapper, which looks up and converts arguments anew at
        # every call and takes longer than most of these: here all are contiguous float32.
        self._pitch = _algorithm(
            "PitchYinFFT", frameSize=size, sampleRate=rate, maxFrequency=rate / 2
        ).__compute__
        self._peaks = _algorithm(
            "SpectralPeaks",
            sampleRate=rate,
            orderBy="frequency",
            minFrequency=LOWEST_PEAK_HZ,
            maxFrequency=HIGHEST_PEAK_HZ,
        ).__compute__
        self._harmonics = _algorithm("HarmonicPeaks", maxHarmonics=HARMONICS).__compute__
        self._inharmonicity = _algorithm("Inharmonicity").__compute__
        self._odd_to_even = _algorithm("OddToEvenHarmonicEnergyRatio").__compute__
        self._salience = _algorithm(
            "PitchSalience",
            sampleRate=rate,
            lowBoundary=SALIENCE_HZ[0],
            highBoundary=SALIENCE_HZ[1],
        ).__compute__
        self._flatness = _algorithm("Flatness").__compute__
        self._flux = _algorithm("Flux")
        self._complexity = _algorithm("SpectralComplexity", sampleRate=rate).__compute__
        self._hfc = _algorithm("HFC", sampleRate=rate).__compute__
        self._rolloff = _algorithm("RollOff", sampleRate=rate).__compute__
        self._centroid = _algorithm("Centroid", range=rate / 2).__compute__

    def describe(
        self, wave: Float32[np.ndarray, " n_samples"], sample_rate: float
    ) -> Float64[np.ndarray, " 9"]:
        """Return the descriptors in the order of `SPECTRAL`; all NaN for silence.

        Args:
            wave: at least one sample, finite.
            sample_rate: in Hz, any positive number.
        """
        values = self.frames(wave, sample_rate)
        known = ~np.isnan(values)
        count = known.sum(axis=0)
        total = np.where(known, values, 0.0).sum(axis=0)
        return np.divide(total, count, out=np.full(len(SPECTRAL), np.nan), where=count > 0)

    def frames(
        self, wave: Float32[np.ndarray, " n_samples"], sample_rate: float
    ) -> Float64[np.ndarray, "n_frames 9"]:
        """Return every frame's own values; NaN where a frame has none."""
        settings = self.settings
        wave = resample(wave, sample_rate, settings.sample_rate)
        missing = max(0, settings.frame_size - wave.size)
        frames = np.lib.stride_tricks.sliding_window_view(
            np.pad(wave, (missing // 2, missing - missing // 2)), settings.frame_size
        )[:: settings.hop_size]
        silent = np.square(frames, dtype=np.float64).mean(axis=1) <= SILENT_POWER
        windowed = frames * (self._window * _gain(wave, settings.level_db))
        spectra = np.abs(np.asarray(rfft(windowed))).astype(np.float32, copy=False)
        values = np.full((len(frames), len(SPECTRAL)), np.nan)
        self._flux.reset()
        for index, spectrum in enumerate(spectra):
            change = self._flux.__compute__(spectrum)
            if not silent[index]:
                values[index] = self._frame(spectrum)
            if index and not (silent[index] and silent[index - 1]):
                values[index, FLUX] = change
        return values

    def _frame(self, spectrum: np.ndarray) -> tuple[float, ...]:
        """Return the values of a frame that is not silent; flux stays open."""
        return (
            *self._harmonic(spectrum),
            self._salience(spectrum[:-1]),
            self._flatness(spectrum),
            np.nan,
            self._complexity(spectrum),
            self._hfc(spectrum),
            self._rolloff(spectrum),
            self._centroid(spectrum),
        )

    def _harmonic(self, spectrum: np.ndarray) -> tuple[float, float]:
        """Return inharmonicity and odd-to-even ratio, NaN without harmonic peaks."""
        pitch, confidence = self._pitch(spectrum)
        frequencies, magnitudes = self._peaks(spectrum)
        if confidence <= 0 or pitch <= 0 or frequencies.size == 0:
            return np.nan, np.nan
        # The first place stays empty: below the fundamental, for the odd-to-even ratio.
        lines = np.zeros((2, HARMONICS + 1), np.float32)
        lines[0, 1:], lines[1, 1:] = self._harmonics(frequencies, magnitudes, pitch)
        lines[0, 0] = 0.5 * lines[0, 1]
        if not lines[1].any():
            return np.nan, np.nan
        ratio = min(max(self._odd_to_even(*lines), 1 / LARGEST_RATIO), LARGEST_RATIO)
        return self._inharmonicity(lines[0, 1:], lines[1, 1:]), 10 * math.log10(ratio)


def _algorithm(name: str, **settings: float | str | bool) -> Any:
    """Return one of essentia's algorithms, configured."""
    import essentia

    essentia.log.infoActive = essentia.log.warningActive = False
    return getattr(importlib.import_module("essentia.standard"), name)(**settings)


def _gain(wave: Float32[np.ndarray, " n_samples"], level_db: float | None) -> np.float32:
    """Return the factor that brings a wave to a level; 1 for silence."""
    power = float(np.square(wave, dtype=np.float64).mean())
    if level_db is None or power <= SILENT_POWER:
        return np.float32(1.0)
    return np.float32(10 ** (level_db / 20) / np.sqrt(power))
