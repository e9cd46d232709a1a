"""Match a recording: how far a sound is from a target in spectrum, envelope and descriptors.

Levels do not count: every sound is first brought to the same root mean square. Spectra are compared
in dB down to 60 dB below the target's loudest, so that silence is matched by anything as quiet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ctag.scorers.acoustic.descriptors import describe
from ctag.scorers.acoustic.table import DESCRIPTORS, INDEX, positions
from ctag.scorers.batching import over_sounds, soon_compiled
from ctag.scorers.spectra import decibels, log_mel_spectrogram
from eval.harness import audio as audio_files

RANGE_DB = 60.0
SILENCE = 1e-12
LEAST_HEARD = 0.05
RESOLUTIONS = ((0.016, 32), (0.032, 48), (0.064, 64))
"""Windows in seconds with their numbers of mel bands: good for onsets, for both, for pitch."""

ENVELOPE_RATE = 100.0
PLAIN_WINDOW_S, PLAIN_HOP_S, PLAIN_MELS = 0.064, 0.016, 64
COMPARED = (
    "activity", "attack", "decay", "temporal_centroid", "dynamics", "onset_rate", "pulse_rate",
    "pulse_depth", "regularity", "roughness", "brightness", "bandwidth", "noisiness", "tonality",
    "flux", "motion", "brightness_slope", "brightness_range", "pitch", "pitchedness", "pitch_slope",
    "pitch_range", "vibrato_depth", "peak",
)  # fmt: skip
"""Descriptors that are compared with the target's; the level is not among them."""

OF_THE_PITCH = ("pitch", "pitch_slope", "pitch_range", "vibrato_depth")
"""Descriptors that count as far as the target has a pitch."""


class RecordingTarget(NamedTuple):
    """What is known of the targets; the leading axis runs over them.

    Attributes:
        spectra: one log-mel spectrogram a resolution, (prompts, n_frames, n_mels), in dB.
        envelope: (prompts, n_envelope) level in dB, 100 a second.
        position: (prompts, n_descriptors) descriptors in steps on their curves.
        weight: (prompts, n_descriptors) how much each descriptor counts; adds up to 1.
        heard: (prompts,) the share of the time in which the target is above the floor, at least
            LEAST_HEARD.
    """

    spectra: tuple[Float[Array, "prompts n_frames n_mels"], ...]
    envelope: Float[Array, "prompts n_envelope"]
    position: Float[Array, "prompts n_descriptors"]
    weight: Float[Array, "prompts n_descriptors"]
    heard: Float[Array, " prompts"]


class Parts(NamedTuple):
    """A score's parts, (prompts, population) each; zero is a perfect match.

    Attributes:
        spectrum_db: mean difference of the log-mel spectrograms over all resolutions, divided by
            the share of the time in which the target is heard: silence around a short sound must
            not make its differences count less than those of the descriptors.
        envelope_db: mean difference of the level envelopes, divided by the same share.
        descriptors: mean of log2(1 + d) over the descriptors, which lie d steps apart: 1 for a
            plainly heard difference, 2 for three times that.
    """

    spectrum_db: Float[Array, "prompts population"]
    envelope_db: Float[Array, "prompts population"]
    descriptors: Float[Array, "prompts population"]


@dataclass(frozen=True)
class RecordingScorer:
    """Scores sounds by their distance from recordings; a prompt is the path of an audio file.

    The score is `-(spectrum_db + envelope_weight * envelope_db + descriptor_weight *
    descriptors)`, see `Parts`: 0 for the recording itself at any level, about
    -20 for an unrelated sound.

    Attributes:
        sample_rate: Hz, that of the synthesizer; recordings are resampled to it.
        duration_s: seconds, that of the synthesizer; recordings are cut, or padded with silence, to
            it. None takes them as long as they are, and all must be equally long.
        start_s: where in the recordings to begin.
        envelope_weight: what 1 dB of the envelope counts beside 1 dB of the spectrum.
        descriptor_weight: what one plainly heard difference of the descriptors counts beside 1 dB
            of the spectrum.
    """

    sample_rate: float
    duration_s: float | None = None
    start_s: float = 0.0
    envelope_weight: float = 0.5
    descriptor_weight: float = 2.0

    def waves(self, prompts: Sequence[str]) -> Float[np.ndarray, "prompts n_samples"]:
        """Read the recordings, at the synthesizer's rate and length.

        Raises FileNotFoundError or ValueError for what cannot be read, and ValueError for a
        recording that is silent or ends before `start_s`, and for different lengths where
        `duration_s` is None.
        """
        if isinstance(prompts, str) or not prompts:
            raise TypeError(f"prompts should be a list of paths of audio files, got {prompts!r}")
        waves = [self._wave(path) for path in prompts]
        lengths = {len(wave) for wave in waves}
        if len(lengths) > 1:
            seconds = ", ".join(f"{length / self.sample_rate:.3f}" for length in sorted(lengths))
            raise ValueError(
                f"the recordings last {seconds} s: set duration_s, to which they are cut or padded"
            )
        return np.stack(waves)

    def target(self, prompts: Sequence[str]) -> RecordingTarget:
        """Analyse the recordings; errors as `waves` raises them."""
        return self.target_of(jnp.asarray(self.waves(prompts)))

    def target_of(self, waves: Float[Array, "prompts n_samples"]) -> RecordingTarget:
        """Analyse waves that are at hand."""
        spectra, envelope, descriptors = analyse(waves, self.sample_rate)
        pitchedness = descriptors[:, INDEX["pitchedness"]]
        weight = np.array([descriptor.name in COMPARED for descriptor in DESCRIPTORS], np.float32)
        of_pitch = np.array([descriptor.name in OF_THE_PITCH for descriptor in DESCRIPTORS])
        weight = weight * jnp.where(of_pitch, 2.0 * pitchedness[:, None] ** 2, 1.0)
        weight = weight / weight.sum(-1, keepdims=True)
        floor = envelope.max(-1, keepdims=True) - RANGE_DB
        heard = jnp.maximum((envelope > floor).mean(-1), LEAST_HEARD)
        return RecordingTarget(spectra, envelope, positions(descriptors), weight, heard)

    def parts(
        self,
        target: RecordingTarget,
        audio: Float[Array, "prompts population n_samples"],
        sample_rate: float,
    ) -> Parts:
        """Return the distances that a score is made of."""
        n_prompts, population, n_samples = audio.shape
        expected, given = target.envelope.shape[-1], _envelope_length(n_samples, self.sample_rate)
        if sample_rate != self.sample_rate or expected != given:
            raise ValueError(
                f"the targets were prepared for {expected / ENVELOPE_RATE:g} s at "
                f"{self.sample_rate:g} Hz, the sounds last {given / ENVELOPE_RATE:g} s at "
                f"{sample_rate:g} Hz: give the scorer the synthesizer's sample_rate and duration_s"
            )
        rows = analyse(audio.reshape(-1, n_samples), self.sample_rate)
        spectra, envelope, descriptors = jax.tree.map(
            lambda leaf: leaf.reshape(n_prompts, population, *leaf.shape[1:]), rows
        )
        return _distances(target, spectra, envelope, descriptors)

    def score(
        self,
        target: RecordingTarget,
        audio: Float[Array, "prompts population n_samples"],
        sample_rate: float,
    ) -> Float[Array, "prompts population"]:
        """Score every sound against the recording of its row; -inf for NaN or infinity."""
        finite = jnp.isfinite(audio).all(-1)
        parts = self.parts(target, jnp.where(finite[..., None], audio, 0.0), sample_rate)
        distance = (
            parts.spectrum_db
            + self.envelope_weight * parts.envelope_db
            + self.descriptor_weight * parts.descriptors
        )
        return jnp.where(finite, -distance, -jnp.inf)

    def _wave(self, path: str) -> np.ndarray:
        wave, _ = audio_files.read(path, self.sample_rate)
        wave = wave[round(self.start_s * self.sample_rate) :]
        if self.duration_s is not None:
            length = max(1, round(self.sample_rate * self.duration_s))
            wave = np.pad(wave[:length], (0, max(0, length - len(wave))))
        if not np.any(wave):
            raise ValueError(
                f"{path} is silent from {self.start_s:g} s on, there is nothing to match"
            )
        return wave


@soon_compiled
def analyse(
    audio: Float[Array, "n_sounds n_samples"], sample_rate: float
) -> tuple[tuple[Array, ...], Array, Array]:
    """Return what sounds are compared by.

    Returns:
        Spectra in dB, (n_sounds, n_frames, n_mels) a resolution; levels in dB, (n_sounds,
        n_envelope); descriptors in their units, (n_sounds, n_descriptors).
    """

    def one(wave: Array) -> tuple[tuple[Array, ...], Array]:
        wave = same_level(wave)
        spectra = tuple(
            log_mel_spectrogram(wave, sample_rate, size, size // 2, n_mels, SILENCE)
            for size, n_mels in ((_window(s, sample_rate), n) for s, n in RESOLUTIONS)
        )
        return spectra, _envelope_db(wave, sample_rate)

    return *over_sounds(one, audio), describe(audio, sample_rate)


@partial(jax.jit, inline=True)
def _distances(
    target: RecordingTarget, spectra: tuple[Array, ...], envelope: Array, descriptors: Array
) -> Parts:
    """How far sounds, (prompts, population, ...), are from the recordings of their rows."""
    distances = [
        clamped_difference(goal[:, None], sound, axes=(-2, -1))
        for goal, sound in zip(target.spectra, spectra, strict=True)
    ]
    steps = jnp.abs(positions(descriptors) - target.position[:, None])
    return Parts(
        jnp.stack(distances).mean(0) / target.heard[:, None],
        clamped_difference(target.envelope[:, None], envelope, axes=(-1,)) / target.heard[:, None],
        (target.weight[:, None] * jnp.log2(1.0 + steps)).sum(-1),
    )


def log_mel_distance(
    target: Float[Array, "*#batch n_samples"],
    audio: Float[Array, "*#batch n_samples"],
    sample_rate: float,
) -> Float[Array, "*#batch"]:
    """Return the plain distance by which matches are judged, in dB: of log-mel spectra.

    Both sounds at the same root mean square; windows of 64 ms every 16 ms, 64 mel bands up to half
    the sample rate; values more than 60 dB below the target's loudest count as that floor. The
    leading axes broadcast.
    """
    return clamped_difference(
        plain_log_mel(target, sample_rate), plain_log_mel(audio, sample_rate), axes=(-2, -1)
    )


def plain_log_mel(
    audio: Float[Array, "*batch n_samples"], sample_rate: float
) -> Float[Array, "*batch n_frames 64"]:
    """Return the spectrogram in dB that `log_mel_distance` compares."""
    size, hop = _window(PLAIN_WINDOW_S, sample_rate), round(PLAIN_HOP_S * sample_rate)
    return over_sounds(
        lambda wave: log_mel_spectrogram(
            same_level(wave), sample_rate, size, hop, PLAIN_MELS, SILENCE
        ),
        audio,
    )


def clamped_difference(
    target_db: Array, audio_db: Array, axes: tuple[int, ...], range_db: float = RANGE_DB
) -> Array:
    """Return the mean absolute difference in dB over `axes`; what is more than `range_db` below the
    target's loudest counts as that floor."""
    floor = target_db.max(axes, keepdims=True) - range_db
    return jnp.abs(jnp.maximum(audio_db, floor) - jnp.maximum(target_db, floor)).mean(axes)


def same_level(audio: Float[Array, " n_samples"]) -> Float[Array, " n_samples"]:
    """Return the sound at a root mean square of 1; silence stays silent."""
    return audio / jnp.sqrt((audio**2).mean() + SILENCE)


def _window(seconds: float, sample_rate: float) -> int:
    """Return a window length near `seconds` that is quick to transform."""
    return max(32, 32 * round(seconds * sample_rate / 32))


def _envelope_block(sample_rate: float) -> int:
    """Samples of one value of the envelope."""
    return max(1, round(sample_rate / ENVELOPE_RATE))


def _envelope_length(n_samples: int, sample_rate: float) -> int:
    return -(-n_samples // _envelope_block(sample_rate))


def _envelope_db(wave: Array, sample_rate: float) -> Array:
    block = _envelope_block(sample_rate)
    n_blocks = _envelope_length(wave.shape[0], sample_rate)
    padded = jnp.pad(wave**2, (0, n_blocks * block - wave.shape[0]))
    return decibels(padded.reshape(n_blocks, block).mean(-1), SILENCE)
