"""HTSAT from a log-mel spectrogram to its embedding, without what CLAP does not read.

The package's forward pass also gives class probabilities, frame by frame, and maps of attention
averaged over layers: a third of its time. Here its own layers are called one by one, attention is
one fused operation, and what it adds to the attention is computed once.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float

__all__ = ["HtsatEmbedding"]


class HtsatEmbedding:
    """The embedding of the package's HTSAT; float32 results agree with the package's to rounding.

    Args:
        network: of `laion_package.audio_network`, with its final weights, on its device, in eval
            mode.
    """

    def __init__(self, network: Any) -> None:
        self._network = network
        self._biases = [[_bias(block) for block in layer.blocks] for layer in network.layers]

    def __call__(
        self, mel: Float[torch.Tensor, "batch channels n_frames n_mels"], longer: bool = False
    ) -> Float[torch.Tensor, "batch width"]:
        """Return the mean of the last layer's tokens.

        Args:
            mel: in dB; of a network with fusion the first channel is the whole sound, and three
                more are its pieces.
            longer: whether those are used; they are for sounds that are longer than the network's
                10 s.
        """
        network = self._network
        normalised = network.bn0(mel.transpose(1, 3)).transpose(1, 3)
        picture = network.reshape_wav2img(normalised)
        every = torch.arange(len(mel), device=mel.device) if longer else []
        x = network.patch_embed(picture, longer_idx=every)
        for layer, biases in zip(network.layers, self._biases, strict=True):
            for block, bias in zip(layer.blocks, biases, strict=True):
                x = _transformed(block, x, bias)
            if layer.downsample is not None:
                x = layer.downsample(x)
        return network.norm(x).mean(dim=1)


def _transformed(block: Any, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """One block of the shifted-window transformer, tokens (batch, height * width, width)."""
    height, width = block.input_resolution
    size, shift = block.window_size, block.shift_size
    n_batch, _, n_channels = x.shape
    plane = block.norm1(x).view(n_batch, height, width, n_channels)
    if shift:
        plane = plane.roll((-shift, -shift), (1, 2))
    tiles = (n_batch, height // size, size, width // size, size, n_channels)
    windows = plane.view(tiles).transpose(2, 3).reshape(-1, size * size, n_channels)
    windows = _attended(block.attn, windows, bias)
    tiles = (n_batch, height // size, width // size, size, size, n_channels)
    plane = windows.view(tiles).transpose(2, 3).reshape(n_batch, height, width, n_channels)
    if shift:
        plane = plane.roll((shift, shift), (1, 2))
    x = x + plane.reshape(n_batch, height * width, n_channels)
    return x + block.mlp(block.norm2(x))


def _attended(attention: Any, windows: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Attention within windows (n_windows, n_tokens, width), `bias` being added to its logits."""
    n_windows, n_tokens, width = windows.shape
    heads = attention.num_heads
    groups = bias.shape[1] // heads  # windows with a mask of their own, counted as heads
    parts = attention.qkv(windows).view(-1, groups, n_tokens, 3, heads, width // heads)
    parts = parts.permute(3, 0, 1, 4, 2, 5).reshape(3, -1, groups * heads, n_tokens, width // heads)
    mixed = torch.nn.functional.scaled_dot_product_attention(
        *parts.unbind(0), attn_mask=bias.to(parts.dtype), scale=attention.scale
    )
    mixed = mixed.view(-1, groups, heads, n_tokens, width // heads).transpose(2, 3)
    return attention.proj(mixed.reshape(n_windows, n_tokens, width))


def _bias(block: Any) -> torch.Tensor:
    """What a block adds to its attention: (1, heads or windows * heads, n_tokens, n_tokens)."""
    attention = block.attn
    index = attention.relative_position_index
    table = attention.relative_position_bias_table.detach()
    position = table[index.flatten()].view(*index.shape, -1).permute(2, 0, 1)
    if block.attn_mask is None:
        return position[None].contiguous()
    return (block.attn_mask[:, None] + position[None]).flatten(0, 1)[None].contiguous()
