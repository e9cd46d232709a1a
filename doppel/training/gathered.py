"""Vectors of all ranks, with gradients, so that every rank's loss sees all negatives."""

from __future__ import annotations

import torch
import torch.distributed as dist
from jaxtyping import Float

__all__ = ["gathered", "ranks"]


def ranks() -> int:
    """Return how many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def gathered(
    vectors: Float[torch.Tensor, "batch dimension"],
) -> Float[torch.Tensor, "all_batches dimension"]:
    """Return the vectors of all ranks in the order of ranks; its gradient reaches all of them.

    Each rank computes the same loss of all vectors. A rank's own vectors then get the sum of all
    ranks' gradients, as many times the loss's as there are ranks, and the mean that distributed
    training takes over ranks makes that the gradient of one loss again.
    """
    return vectors if ranks() == 1 else _AllGather.apply(vectors)  # type: ignore[no-any-return]


class _AllGather(torch.autograd.Function):
    """`all_gather` whose way back is the sum over ranks of what each says of its own copy."""

    @staticmethod
    def forward(
        context: torch.autograd.function.FunctionCtx, vectors: torch.Tensor
    ) -> torch.Tensor:
        parts = [torch.empty_like(vectors) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, vectors.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(
        context: torch.autograd.function.FunctionCtx, *gradients: torch.Tensor
    ) -> torch.Tensor:
        whole = gradients[0].clone()
        dist.all_reduce(whole)
        return whole.chunk(dist.get_world_size())[dist.get_rank()]
