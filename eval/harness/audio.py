"""Audio files in and out, and changes of sample rate.

Files go through libsndfile (soundfile), rates through libsoxr (soxr). A wave is float32, mono
`(n_samples,)` or `(n_channels, n_samples)`, with full scale at 1.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from numpy.typing import ArrayLike

from eval.harness.files import replacing

__all__ = ["duration_s", "read", "resample", "write"]

Wave = Float32[np.ndarray, " n_samples"] | Float32[np.ndarray, "n_channels n_samples"]

_FORMATS = {".wav": "WAV", ".flac": "FLAC"}
_SUBTYPES = {
    ".wav": {"float": "FLOAT", "24": "PCM_24", "16": "PCM_16"},
    ".flac": {"24": "PCM_24", "16": "PCM_16"},
}
_DEFAULT_SUBTYPE = {".wav": "float", ".flac": "24"}


def read(
    path: str | os.PathLike[str], sample_rate: float | None = None, mono: bool = True
) -> tuple[Wave, float]:
    """Reads an audio file (WAV, FLAC, OGG, MP3 and what else libsndfile knows).

    Args:
        path: the file.
        sample_rate: the rate in Hz to resample to; None keeps the file's own.
        mono: average the channels.

    Returns:
        The wave, float32 `(n_samples,)`, or `(n_channels, n_samples)` where `mono` is false, and
        its sample rate in Hz.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not audio, is cut short, or holds no samples.
    """
    import soundfile

    path = Path(path)
    if not path.is_file():
        what = "is a folder, not an audio file" if path.is_dir() else "does not exist"
        raise FileNotFoundError(f"audio file {path} {what} (looked from {Path.cwd()})")
    try:
        with soundfile.SoundFile(path) as handle:
            announced, rate = handle.frames, float(handle.samplerate)
            channels_last = handle.read(dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
        raise ValueError(
            f"{path} cannot be read as audio ({path.stat().st_size} bytes): {reason}. "
            "Allowed: WAV, FLAC, OGG, MP3, AIFF"
        ) from error
    if channels_last.shape[0] == 0:
        raise ValueError(f"{path} holds no samples: give a file with sound in it")
    if channels_last.shape[0] < announced or _is_cut(path):
        raise ValueError(
            f"{path} is cut short: its header announces more than the {channels_last.shape[0]} "
            "samples that are there. Copy or record it again"
        )
    if not np.isfinite(channels_last).all():
        raise ValueError(f"{path} holds samples that are not finite numbers")
    wave = channels_last.mean(axis=1) if mono else np.ascontiguousarray(channels_last.T)
    if sample_rate is not None and float(sample_rate) != rate:
        wave, rate = resample(wave, rate, sample_rate), float(sample_rate)
    return wave, rate


def _is_cut(path: Path) -> bool:
    """Whether a WAV file is shorter than its header says, which libsndfile passes over.

    A size of zero or all ones is what a program writes that cannot know it: not a cut.
    """
    with open(path, "rb") as handle:
        head = handle.read(8)
    announced = int.from_bytes(head[4:8], "little")
    known = head[:4] == b"RIFF" and announced not in (0, 0xFFFFFFFF)
    return known and path.stat().st_size < announced + 8


def write(
    path: str | os.PathLike[str],
    wave: ArrayLike,
    sample_rate: float,
    encoding: str | None = None,
) -> None:
    """Writes a wave to a WAV or FLAC file, atomically; the suffix decides which.

    Args:
        path: ends in `.wav` or `.flac`.
        wave: `(n_samples,)` or `(n_channels, n_samples)`, full scale at 1; numpy, JAX or a tensor
            on the CPU.
        sample_rate: in Hz, a whole number (audio files hold no others).
        encoding: "float" (32 bit, WAV only), "24" or "16". None: float for WAV, 24 bit for FLAC.

    Raises:
        ValueError: unknown suffix or encoding, a fractional rate, an empty wave, samples that are
            not finite, or samples beyond full scale in an integer encoding (nothing is clipped).
    """
    import soundfile

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise ValueError(f"cannot write {path}: the name must end in one of {sorted(_FORMATS)}")
    encoding = encoding or _DEFAULT_SUBTYPE[suffix]
    if encoding not in _SUBTYPES[suffix]:
        raise ValueError(
            f"encoding {encoding!r} does not exist for {suffix}: "
            f"choose one of {sorted(_SUBTYPES[suffix])}"
        )
    if not float(sample_rate).is_integer() or sample_rate <= 0:
        raise ValueError(
            f"sample_rate {sample_rate} Hz cannot be stored in {path}: audio files hold whole, "
            "positive rates only; resample first"
        )
    samples = np.asarray(wave, dtype=np.float32)
    if samples.ndim not in (1, 2) or samples.size == 0:
        raise ValueError(
            f"cannot write {path}: the wave has shape {samples.shape}; "
            "give (n_samples,) or (n_channels, n_samples), not empty"
        )
    if not np.isfinite(samples).all():
        raise ValueError(f"cannot write {path}: the wave holds samples that are not finite")
    peak = float(np.abs(samples).max())
    if encoding != "float" and peak > 1.0:
        raise ValueError(
            f"cannot write {path}: its peak is {peak:.4g} and {encoding} bit holds at most 1; "
            "scale the wave, or write a float WAV"
        )
    with replacing(path) as temporary:
        soundfile.write(
            temporary,
            samples.T,
            int(sample_rate),
            format=_FORMATS[suffix],
            subtype=_SUBTYPES[suffix][encoding],
        )


def resample(wave: ArrayLike, from_rate: float, to_rate: float) -> Wave:
    """Resamples a wave with libsoxr at very high quality (linear phase).

    Args:
        wave: `(n_samples,)` or `(n_channels, n_samples)`.
        from_rate: its rate in Hz, any positive number.
        to_rate: the rate wanted in Hz.

    Returns:
        float32, `round(n_samples * to_rate / from_rate)` samples, at least one.

    Raises:
        ValueError: a rate is not positive.
    """
    import soxr

    if from_rate <= 0 or to_rate <= 0:
        raise ValueError(f"sample rates must be positive, got {from_rate} and {to_rate} Hz")
    samples = np.asarray(wave, dtype=np.float32)
    if from_rate == to_rate:
        return samples
    n_samples = max(1, round(samples.shape[-1] * to_rate / from_rate))
    channels_last = np.ascontiguousarray(samples.T)
    resampled = soxr.resample(channels_last, from_rate, to_rate, quality="VHQ").T
    if resampled.shape[-1] < n_samples:
        pad = [(0, 0)] * (samples.ndim - 1) + [(0, n_samples - resampled.shape[-1])]
        resampled = np.pad(resampled, pad)
    return np.ascontiguousarray(resampled[..., :n_samples], dtype=np.float32)


def duration_s(path: str | os.PathLike[str]) -> float:
    """The length of an audio file in seconds, from its header alone.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not audio.
    """
    import soundfile

    if not Path(path).is_file():
        raise FileNotFoundError(f"audio file {path} does not exist (looked from {Path.cwd()})")
    try:
        return float(soundfile.info(os.fspath(path)).duration)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise ValueError(f"{path} cannot be read as audio: {error}") from error
