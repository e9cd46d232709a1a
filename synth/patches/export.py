"""Sounds of patches as audio files: WAV or FLAC."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Array, Float

from synth.patch import Patch, render_patches
from synth.patches.reading import PatchError
from synth.patches.writing import replace_file

Encoding = Literal["16", "24", "float"]
_SUBTYPES = {"16": "PCM_16", "24": "PCM_24", "float": "FLOAT"}
_FORMATS = {".wav": ("WAV", ("16", "24", "float")), ".flac": ("FLAC", ("16", "24"))}


def export_patch(patch: Patch, path: Path | str, encoding: Encoding = "24") -> Path:
    """Render a patch to an audio file; see `write_audio`."""
    return write_audio(path, patch.render(), patch.instrument.config.sample_rate, encoding)


def export_patches(
    patches: Sequence[Patch],
    folder: Path | str,
    suffix: Literal[".wav", ".flac"] = ".wav",
    encoding: Encoding = "24",
) -> list[Path]:
    """Render patches, those of one instrument in one batch, to files named by number and name.

    The folder is made where it is missing. Raises PatchError as `write_audio` does.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    width = len(str(max(len(patches) - 1, 0)))
    paths = []
    for i, (patch, audio) in enumerate(zip(patches, render_patches(patches), strict=True)):
        label = re.sub(r"[^\w-]+", "_", patch.name)[:60].strip("_")
        path = folder / f"{i:0{width}}{'_' + label if label else ''}{suffix}"
        paths.append(write_audio(path, audio, patch.instrument.config.sample_rate, encoding))
    return paths


def write_audio(
    path: Path | str,
    audio: Float[Array | np.ndarray, " n_samples"],
    sample_rate: float,
    encoding: Encoding = "24",
) -> Path:
    """Write a sound, atomically, as WAV or FLAC by the suffix.

    Args:
        path: ends in .wav or .flac.
        audio: samples in [-1, 1].
        sample_rate: Hz, a whole number, since files hold no others.
        encoding: bits a sample, "16" or "24", or "float" (32 bits, WAV only, exact).

    Raises:
        PatchError: what no such file can hold, and what it can.
    """
    import soundfile

    path = Path(path)
    if path.suffix.lower() not in _FORMATS:
        raise PatchError(f"{path}: audio is written as {', '.join(_FORMATS)}, not {path.suffix!r}")
    format_name, encodings = _FORMATS[path.suffix.lower()]
    if encoding not in encodings:
        raise PatchError(
            f"{path}: {format_name} holds the encodings {', '.join(encodings)}, not {encoding!r}"
        )
    if not float(sample_rate).is_integer():
        raise PatchError(f"{path}: a file needs a whole sample rate, got {sample_rate} Hz")
    samples = np.asarray(audio, np.float32)
    if samples.ndim != 1 or not np.isfinite(samples).all() or (np.abs(samples) > 1).any():
        raise PatchError(f"{path}: audio must be (n_samples,) finite numbers from -1 to 1")
    buffer = io.BytesIO()
    try:
        settings: dict[str, Any] = {"format": format_name, "subtype": _SUBTYPES[encoding]}
        soundfile.write(buffer, samples, int(sample_rate), **settings)
    except (soundfile.LibsndfileError, ValueError) as error:
        raise PatchError(f"{path}: {format_name} at {sample_rate} Hz: {error}") from None
    replace_file(path, buffer.getvalue())
    return path
