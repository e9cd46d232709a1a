"""An encoder as an ONNX file that hears audio, for programs without PyTorch.

    python -m doppel.export encoder.safetensors encoder.onnx

What the file computes is `doppel.hear.get_scene_embeddings`: audio at 16 kHz, any number of sounds
of any one length from 0.975 s, to one vector a sound. The front end is inside; its transform is a
convolution, so that every runtime has it. What is known of the encoder is the file's metadata.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float

from doppel.checkpoint import load_encoder
from doppel.front_end import N_FRAMES, N_MELS, N_SAMPLES, SAMPLE_RATE, FrontEnd
from eval.harness.files import replacing

__all__ = ["export_onnx", "main"]

AUDIO, VECTORS = "audio", "vectors"
"""Names of the file's input and output."""


def export_onnx(checkpoint: str | os.PathLike[str], path: str | os.PathLike[str]) -> None:
    """Writes the ONNX file of an encoder's file, atomically.

    Raises:
        FileNotFoundError, ValueError: as `doppel.checkpoint.load_encoder`.
        ModuleNotFoundError: onnxscript, with which PyTorch exports, is not installed.
    """
    loaded = load_encoder(checkpoint)
    if importlib.util.find_spec("onnxscript") is None:
        raise ModuleNotFoundError(
            "PyTorch exports to ONNX with onnxscript, which is not here: pip install onnxscript"
        )
    hearing = _Hearing(loaded.module, loaded.encoder.dimension).eval()
    # Two windows and a rest, so that no size of the example is a special one.
    example = torch.zeros(2, 2 * N_FRAMES * 160 + N_SAMPLES + 100)
    shapes = {
        "audio": {0: torch.export.Dim("batch"), 1: torch.export.Dim("n_samples", min=N_SAMPLES)}
    }
    with _quietly():
        program = torch.onnx.export(
            hearing,
            (example,),
            dynamo=True,
            input_names=[AUDIO],
            output_names=[VECTORS],
            dynamic_shapes=shapes,
            verbose=False,
        )
    assert program is not None
    program.model.metadata_props.update(
        sample_rate=str(int(SAMPLE_RATE)), about=json.dumps(loaded.about, sort_keys=True)
    )
    with replacing(path) as temporary:
        program.save(temporary, external_data=False)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without what the exporter says of torchvision, and of its own future."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


class _Hearing(torch.nn.Module):
    """Front end, encoder, and the mean over windows, of operations that ONNX has."""

    def __init__(self, encoder: torch.nn.Module, dimension: int) -> None:
        super().__init__()
        log_mel = FrontEnd().log_mel
        window, n_fft = log_mel.window, log_mel.n_fft
        turns = np.outer(np.arange(n_fft // 2 + 1), np.arange(window)) / n_fft
        waves = np.concatenate([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)])
        waves = waves * log_mel.hann.double().numpy()
        self.transform = torch.nn.Conv1d(1, len(waves), window, stride=log_mel.hop, bias=False)
        self.transform.weight = torch.nn.Parameter(torch.from_numpy(waves[:, None]).float())
        self.mel, self.offset = torch.nn.Parameter(log_mel.mel), log_mel.offset
        self.encoder, self.dimension = encoder, dimension
        self.requires_grad_(False)

    def forward(
        self, audio: Float[torch.Tensor, "batch n_samples"]
    ) -> Float[torch.Tensor, "batch dimension"]:
        parts = self.transform(audio.unsqueeze(1)).unflatten(1, (2, -1))
        magnitude = parts.square().sum(1).sqrt().transpose(1, 2)
        frames = torch.log(magnitude @ self.mel + self.offset)
        n_windows = frames.shape[1] // N_FRAMES
        pictures = frames[:, : n_windows * N_FRAMES].reshape(-1, N_FRAMES, N_MELS)
        vectors = self.encoder(pictures)
        return vectors.reshape(audio.shape[0], n_windows, self.dimension).mean(1)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m doppel.export", description="Write an encoder as an ONNX file."
    )
    parser.add_argument("checkpoint", help="an encoder's file, .safetensors")
    parser.add_argument("output", help="the ONNX file to write")
    given = parser.parse_args(arguments)
    try:
        export_onnx(given.checkpoint, given.output)
    except (OSError, ValueError, ModuleNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{given.output}: {AUDIO} (batch, n_samples at 16 kHz) to {VECTORS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
