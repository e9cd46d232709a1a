"""YAMNet: 521 AudioSet classes and a 1024-dimensional embedding, on a CPU (Plakal and Ellis, 2020).

Reads the TensorFlow Lite file that takes log-mel patches (int8 weights); the front end is here and
follows the released one: 16 kHz, 25 ms Hann windows every 10 ms, 512-point magnitudes, 64 HTK mel
bands from 125 to 7500 Hz, log(x + 0.001), patches of 96 frames every 48.
"""

import csv
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from eval.harness.audio import resample

WINDOW, HOP, N_FFT = 400, 160, 512
PATCH_FRAMES, PATCH_HOP = 96, 48
N_MELS, LOWEST_HZ, HIGHEST_HZ = 64, 125.0, 7500.0
LOG_OFFSET = 0.001
EMBEDDING_SIZE, N_CLASSES = 1024, 521


@dataclass(frozen=True)
class YamNet:
    """Scores and embeds sounds; nothing is loaded before the first call.

    Attributes:
        model: path of yamnet_spectra_in.tflite.
        class_map: path of yamnet_class_map.csv; None looks beside the model.
        threads: threads of the interpreter; one keeps results the same everywhere.
    """

    model: str | Path
    class_map: str | Path | None = None
    threads: int = 1

    sample_rate = 16000.0
    dimension = EMBEDDING_SIZE
    licence = "Apache-2.0 (class names CC-BY 4.0)"

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 1024"]:
        """Return the mean over a sound's patches of the embedding before the classifier."""
        return torch.stack([embedding.mean(0) for embedding, _ in self._run(audio, sample_rate)])

    def log_scores(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 521"]:
        """Return the log of each class's score, its probability averaged over the sound's patches.

        Probabilities are taken from the logits, since the network's own output is rounded to 1/256.
        """
        scores = [
            torch.sigmoid(logits).mean(0).log() for _, logits in self._run(audio, sample_rate)
        ]
        return torch.stack(scores)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Display names of the 521 classes, in the order of the scores."""
        default = Path(self.model).with_name("yamnet_class_map.csv")
        path = _existing(self.class_map or default, "class map", "class_map")
        with path.open(newline="", encoding="utf-8") as file:
            names = tuple(row["display_name"] for row in csv.DictReader(file))
        if len(names) != N_CLASSES:
            raise ValueError(f"{path} names {len(names)} classes, YAMNet has {N_CLASSES}")
        return names

    def class_index(self, name: str) -> int:
        """Return the index of a class by its display name."""
        if name not in self.class_names:
            raise KeyError(
                f"{name!r} is no class of YAMNet; see {len(self.class_names)} names in "
                "class_names, such as 'Dog' or 'Rain'"
            )
        return self.class_names.index(name)

    def _run(
        self, audio: torch.Tensor, sample_rate: float
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return embeddings (n_patches, 1024) and logits (n_patches, 521) of every sound."""
        if audio.ndim != 2 or audio.shape[1] < 1:
            raise ValueError(f"audio should be (batch, n_samples), got {tuple(audio.shape)}")
        network = self._network
        return [network.run(patches(wave, sample_rate)) for wave in audio.detach().cpu()]

    @cached_property
    def _network(self) -> "_Network":
        return _Network(_existing(self.model, "model", "model"), self.threads)


class _Network:
    """The interpreter, and the quantised tensors that are read from it."""

    def __init__(self, path: Path, threads: int) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "YAMNet runs on ai-edge-litert, which is not installed: pip install ai-edge-litert"
            ) from error
        try:
            with warnings.catch_warnings():
                # It is slower and meant for debugging, says the warning; the embedding needs it.
                warnings.filterwarnings("ignore", message=".*experimental_preserve_all_tensors")
                self.interpreter: Any = Interpreter(
                    str(path), num_threads=threads, experimental_preserve_all_tensors=True
                )
        except ValueError as error:
            raise ValueError(f"{path} is no TensorFlow Lite model: {error}") from error
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        details = self.interpreter.get_tensor_details()
        self.embedding = _last(details, path, "reduce_mean", EMBEDDING_SIZE)
        self.logits = _last(details, path, "BiasAdd", N_CLASSES)

    def run(self, mel_patches: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the embedding and the logits of every patch."""
        embeddings, logits = [], []
        for patch in mel_patches:
            self.interpreter.set_tensor(self.input, patch[None])
            self.interpreter.invoke()
            embeddings.append(self._read(self.embedding))
            logits.append(self._read(self.logits))
        return torch.from_numpy(np.stack(embeddings)), torch.from_numpy(np.stack(logits))

    def _read(self, detail: dict) -> np.ndarray:
        scale, zero_point = detail["quantization"]
        raw = self.interpreter.get_tensor(detail["index"]).astype(np.float32).reshape(-1)
        return ((raw - zero_point) * scale).astype(np.float32)


def patches(wave: Float[torch.Tensor, " n_samples"], sample_rate: float) -> np.ndarray:
    """Return the log-mel patches of one sound, float32 (n_patches, 96, 64).

    The sound is padded with zeros to whole patches, so that its end is heard and a short sound has
    one.
    """
    samples = resample(wave.numpy().astype(np.float32), sample_rate, YamNet.sample_rate)
    least = WINDOW + (PATCH_FRAMES - 1) * HOP
    step = PATCH_HOP * HOP
    n_patches = 1 + max(0, -(-(len(samples) - least) // step))
    padded = np.pad(samples, (0, least + (n_patches - 1) * step - len(samples)))
    frames = torch.from_numpy(padded).unfold(0, WINDOW, HOP)
    window = torch.hann_window(WINDOW, periodic=True)
    magnitude = torch.fft.rfft(frames * window, N_FFT).abs()
    mel = torch.log(magnitude @ torch.from_numpy(mel_weights()) + LOG_OFFSET)
    return mel.unfold(0, PATCH_FRAMES, PATCH_HOP).transpose(1, 2).contiguous().numpy()


def mel_weights() -> np.ndarray:
    """Return triangles of height one on the HTK mel scale, float32 (257, 64)."""

    def mel(frequency: np.ndarray) -> np.ndarray:
        return np.asarray(1127.0 * np.log1p(frequency / 700.0))

    edges = np.linspace(mel(np.array(LOWEST_HZ)), mel(np.array(HIGHEST_HZ)), N_MELS + 2)
    bins = mel(np.arange(N_FFT // 2 + 1) * (YamNet.sample_rate / N_FFT))[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rising, falling))
    weights[0] = 0.0
    return weights.astype(np.float32)


def _existing(path: str | Path, what: str, argument: str) -> Path:
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"no YAMNet {what} at {path}: set {argument} to the file; the release is google/yamnet "
            "(spectra-in, int8), with its yamnet_class_map.csv"
        )
    return Path(path)


def _last(details: list[dict], path: Path, name: str, size: int) -> dict:
    """Return the last tensor of that name and size; its number differs between conversions."""
    found = [d for d in details if name in d["name"] and int(np.prod(d["shape"])) == size]
    if not found:
        raise ValueError(f"{path} has no tensor {name!r} of {size} values: is it YAMNet?")
    return found[-1]
