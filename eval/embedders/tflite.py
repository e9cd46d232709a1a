"""YAMNet's TensorFlow Lite file, read by one interpreter a thread."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import torch

__all__ = ["Interpreters"]


class Interpreters:
    """Interpreters of one model, which hear patches at the same time.

    Each has one thread of its own: with more the order of additions, and the numbers, would depend
    on the machine.

    Args:
        path: the model.
        workers: how many interpreters.
        embedding_size: length of the embedding before the classifier.
        n_classes: length of the logits.
    """

    def __init__(self, path: Path, workers: int, embedding_size: int, n_classes: int) -> None:
        if workers < 1:
            raise ValueError(f"workers must be at least 1, got {workers}")
        self.workers, self.sizes = workers, (embedding_size, n_classes)
        self.free: SimpleQueue[_Interpreter] = SimpleQueue()
        for _ in range(workers):
            self.free.put(_Interpreter(path, embedding_size, n_classes))

    def __call__(self, patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return embeddings and logits of patches (n, 96, 64), in their order."""
        inputs = patches.numpy()
        outputs = [np.empty((len(inputs), size), np.float32) for size in self.sizes]

        def hear(numbers: range) -> None:
            interpreter = self.free.get()
            try:
                for i in numbers:
                    outputs[0][i], outputs[1][i] = interpreter.run(inputs[i])
            finally:
                self.free.put(interpreter)

        if self.workers == 1 or len(inputs) == 1:
            hear(range(len(inputs)))
        else:
            with ThreadPoolExecutor(self.workers) as pool:
                parts = [range(k, len(inputs), self.workers) for k in range(self.workers)]
                list(pool.map(hear, parts))
        return torch.from_numpy(outputs[0]), torch.from_numpy(outputs[1])


class _Interpreter:
    """One interpreter, and the quantised tensors that are read from it."""

    def __init__(self, path: Path, embedding_size: int, n_classes: int) -> None:
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
                    str(path), num_threads=1, experimental_preserve_all_tensors=True
                )
        except ValueError as error:
            raise ValueError(f"{path} is no TensorFlow Lite model: {error}") from error
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        details = self.interpreter.get_tensor_details()
        self.embedding = _last(details, path, "reduce_mean", embedding_size)
        self.logits = _last(details, path, "BiasAdd", n_classes)

    def run(self, patch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the embedding and the logits of one patch."""
        self.interpreter.set_tensor(self.input, patch[None])
        self.interpreter.invoke()
        return self._read(self.embedding), self._read(self.logits)

    def _read(self, detail: dict) -> np.ndarray:
        scale, zero_point = detail["quantization"]
        raw = self.interpreter.get_tensor(detail["index"]).astype(np.float32).reshape(-1)
        return (raw - zero_point) * scale


def _last(details: list[dict], path: Path, name: str, size: int) -> dict:
    """Return the last tensor of that name and size; its number differs between conversions."""
    found = [d for d in details if name in d["name"] and int(np.prod(d["shape"])) == size]
    if not found:
        raise ValueError(f"{path} has no tensor {name!r} of {size} values: is it YAMNet?")
    return found[-1]
