"""How far MP3 of variable bit rate shrinks a sound (Table 1 of the CTAG paper)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from eval.harness.audio import resample

__all__ = ["SAMPLE_RATE", "compression_ratio"]

SAMPLE_RATE = 44100.0
QUALITY = 4
MTRH = 4  # LAME's number of its current method of variable bit rates, the default of `lame -V`


def compression_ratio(wave: Float32[np.ndarray, " n_samples"], sample_rate: float) -> float:
    """Return the bytes of a sound as 16-bit PCM over its bytes as MP3, VBR quality 4, mono.

    Encoded by LAME, as `lame -V4 -t` does. Audio frames are counted, and headers of neither side:
    there is no ID3 tag, no Xing frame and no WAV header. MP3 pads a sound by about 50 ms, so that
    the ratio of a second is a little lower than that of a minute. The sound is resampled to
    44.1 kHz first, since LAME takes other rates for other qualities; samples beyond full scale are
    clipped, as 16 bits do.

    Args:
        wave: at least one sample, finite.
        sample_rate: in Hz, any positive number.
    """
    import lameenc

    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_channels(1)
    encoder.set_in_sample_rate(int(SAMPLE_RATE))
    encoder.set_vbr(MTRH)
    encoder.set_vbr_quality(QUALITY)
    samples = np.clip(resample(wave, sample_rate, SAMPLE_RATE), -1.0, 1.0)
    pcm = np.round(32767 * samples).astype("<i2").tobytes()
    encoded = len(encoder.encode(pcm)) + len(encoder.flush())
    return len(pcm) / encoded
