"""How many sounds go through a network at once, in which precision, compiled or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch.utils.checkpoint import checkpoint

from eval.embedders.hearing import in_chunks
from eval.harness.devices import Device, torch_device

__all__ = ["Passes", "Precision"]

Precision = Literal["float32", "bfloat16", "float16"]
"""Of the network's large products; sums, normalisations and what comes out are float32."""

Function = Callable[[torch.Tensor], torch.Tensor]

CPU_CHUNK = 8
SOUND_BYTES = 160 * 2**20
"""What a sound of 10 s takes in HTSAT-base, without gradients, at most; measured 90 MB."""

GRADIENT_TIMES = 8  # as much with gradients


@dataclass(frozen=True)
class Passes:
    """Applies a function of a batch in parts; float32 results do not depend on how many.

    Attributes:
        precision: bfloat16 and float16 by autocast; float16 on a GPU only.
        compile: by torch.compile, which takes a minute at the first batch.
        chunk: items of a part, at most; None: 8 on a CPU, on a GPU what half of its free memory
            holds.
        device: where to compute.
    """

    precision: Precision = "float32"
    compile: bool = False
    chunk: int | None = None
    device: Device = "auto"

    def run(self, function: Function, items: torch.Tensor) -> torch.Tensor:
        """Apply a function to the items, part by part, without gradients."""
        size = self._size(len(items), 1)
        return in_chunks(self._cast(function), self._whole(items, size), size)[: len(items)]

    def run_with_gradient(self, function: Function, items: torch.Tensor) -> torch.Tensor:
        """Apply a function to the items; of each part only what went in and came out is kept."""
        size = self._size(len(items), GRADIENT_TIMES)
        cast = self._cast(function)
        if not (torch.is_grad_enabled() and items.requires_grad):
            return self.run(function, items)
        parts = self._whole(items, size).split(size)
        results = [checkpoint(cast, part, use_reentrant=False) for part in parts]
        return torch.cat(results)[: len(items)]

    def compiled(self, function: Function) -> Function:
        """Return the function, compiled where that is wanted."""
        return torch.compile(function, dynamic=False) if self.compile else function

    def _cast(self, function: Function) -> Function:
        if self.precision == "float32":
            return function
        device, dtype = torch_device(self.device), getattr(torch, self.precision)

        def cast(part: torch.Tensor) -> torch.Tensor:
            with torch.autocast(device.type, dtype=dtype):
                return function(part)

        return cast

    def _size(self, n_items: int, times: int) -> int:
        """Items of a part: parts of nearly equal size, as few as fit."""
        device = torch_device(self.device)
        if self.precision == "float16" and device.type == "cpu":
            raise ValueError("precision=float16 needs a GPU; on a CPU take float32 or bfloat16")
        if self.chunk is not None:
            if self.chunk < 1:
                raise ValueError(f"chunk={self.chunk}: it must be at least 1")
            most = self.chunk
        elif device.type == "cpu":
            most = CPU_CHUNK
        else:
            free, _ = torch.cuda.mem_get_info(device)
            most = max(1, free // 2 // (SOUND_BYTES * times))
        n_parts = -(-n_items // most)
        return -(-n_items // n_parts)

    def _whole(self, items: torch.Tensor, size: int) -> torch.Tensor:
        """The items, the last part filled up where another size would be compiled anew."""
        lacking = -len(items) % size
        if not (self.compile and lacking):
            return items
        return torch.cat([items, items[:1].expand(lacking, *items.shape[1:])])
