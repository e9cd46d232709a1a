"""How far apart two sounds are to a listener: the log-mel distance of these tests."""

import librosa
import numpy as np

N_FFT, HOP, N_MELS = 2048, 512, 64
FLOOR_DB = 60.0


def log_mel_distance(sound, reference, sample_rate, floor_db=FLOOR_DB):
    """Mean absolute difference in dB of two sounds' 64-band log-mel power spectra.

    Slaney's mel bands, windows of 2,048 samples every 512. Bands more than 60 dB below the
    reference's loudest one count as that low: torchsynth's own float32 phases leave sidebands at
    -44 to -76 dB (DESIGN.md), and what lies below them is its rounding and no sound of the patch.
    """
    ours, theirs = (
        librosa.feature.melspectrogram(
            y=np.asarray(x, np.float64), sr=sample_rate, n_fft=N_FFT, hop_length=HOP, n_mels=N_MELS
        )
        for x in (sound, reference)
    )
    floor = max(theirs.max(), 1e-12) * 10 ** (-floor_db / 10)
    difference = np.log10(np.maximum(ours, floor)) - np.log10(np.maximum(theirs, floor))
    return float(10 * np.abs(difference).mean())
