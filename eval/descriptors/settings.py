"""Which descriptors there are, and how sounds are cut into frames for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["COMPRESSION", "DESCRIPTORS", "SPECTRAL", "DescriptorSettings", "Window"]

SPECTRAL = (
    "inharmonicity",
    "odd_to_even_db",
    "pitch_salience",
    "flatness",
    "flux",
    "complexity",
    "hfc",
    "rolloff",
    "centroid",
)
"""What is computed from spectra, in the order of the columns; `extract.py` defines each."""

COMPRESSION = "compression_ratio"
DESCRIPTORS = (*SPECTRAL, COMPRESSION)

Window = Literal["hann", "hamming", "blackmanharris62", "blackmanharris92"]


@dataclass(frozen=True)
class DescriptorSettings:
    """How a sound is looked at. The defaults are essentia's own, for 44.1 kHz.

    Every sound is resampled to one rate first. A sound that was recorded at a lower rate has
    nothing above half of that, which its flatness and centroid tell: sets of different rates
    compare fairly at the lowest rate among them only.

    Attributes:
        sample_rate: in Hz, at least 11,000 (pitch salience looks up to 5 kHz).
        frame_size: samples of a frame, even. 2048 are 46 ms at 44.1 kHz.
        hop_size: samples between the starts of two frames.
        window: essentia's name of it, scaled so that a sine of amplitude 1 has a peak of 1. Hann
            keeps a sine's centroid at the sine; essentia's own extractor takes blackmanharris62.
        level_db: the root mean square in dB of full scale to which every sound is brought first;
            None leaves sounds as loud as they are. Flux, complexity and high-frequency content grow
            with the level, the others hardly depend on it.
    """

    sample_rate: float = 44100.0
    frame_size: int = 2048
    hop_size: int = 1024
    window: Window = "hann"
    level_db: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be computed.

        Raises:
            ValueError: a setting is out of its range.
        """
        if not self.sample_rate >= 11_000:
            raise ValueError(f"sample_rate is {self.sample_rate} Hz: at least 11000 are needed")
        if self.frame_size < 64 or self.frame_size % 2:
            raise ValueError(f"frame_size is {self.frame_size}: give an even number from 64")
        if not 1 <= self.hop_size <= self.frame_size:
            raise ValueError(f"hop_size is {self.hop_size}: give 1 to frame_size")
