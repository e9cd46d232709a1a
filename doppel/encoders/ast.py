"""The Audio Spectrogram Transformer (Gong et al., 2021) for pictures of 0.96 s.

transformers' architecture, sized by config; no published weights are involved.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from jaxtyping import Float

__all__ = ["AstEncoder"]

N_FRAMES, N_MELS = 96, 64


@dataclass(frozen=True)
class AstEncoder:
    """A transformer over overlapping patches of a picture.

    The defaults are the published size, but for shorter and lower pictures (86 M parameters).

    Attributes:
        hidden: numbers of a token, and of the encoder's vector.
        layers: of attention.
        heads: of attention in a layer.
        intermediate: numbers inside a layer's perceptron.
        patch: height and width of a patch in bands and frames.
        stride: bands and frames from one patch to the next.
        dropout: in layers and attention, while training.
    """

    hidden: int = 768
    layers: int = 12
    heads: int = 12
    intermediate: int = 3072
    patch: int = 16
    stride: int = 10
    dropout: float = 0.0

    kind = "ast"

    def __post_init__(self) -> None:
        """Refuse settings that no network has.

        Raises:
            ValueError: a size below 1, numbers that heads cannot share, a patch larger than a
                picture, or a dropout that is no probability.
        """
        sizes = (self.hidden, self.layers, self.heads, self.intermediate, self.patch, self.stride)
        if min(sizes) < 1 or self.hidden % self.heads or self.patch > N_MELS:
            raise ValueError(
                "an AST needs sizes of at least 1, hidden divisible by heads and patches of at "
                f"most {N_MELS} bands, got {asdict(self)}"
            )
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout must be in [0, 1), got {self.dropout}")

    @property
    def dimension(self) -> int:
        """The numbers of a token."""
        return self.hidden

    def build(self) -> torch.nn.Module:
        """Return the network with transformers' first weights, from PyTorch's global generator."""
        return _PictureTransformer(self)

    def settings(self) -> dict[str, Any]:
        """Return kind and sizes."""
        return {"kind": self.kind, **asdict(self)}


class _PictureTransformer(torch.nn.Module):
    """transformers' AST, of which the mean of class and distillation token is given."""

    def __init__(self, encoder: AstEncoder) -> None:
        super().__init__()
        from transformers import ASTConfig, ASTModel

        config = ASTConfig(
            hidden_size=encoder.hidden,
            num_hidden_layers=encoder.layers,
            num_attention_heads=encoder.heads,
            intermediate_size=encoder.intermediate,
            hidden_dropout_prob=encoder.dropout,
            attention_probs_dropout_prob=encoder.dropout,
            patch_size=encoder.patch,
            frequency_stride=encoder.stride,
            time_stride=encoder.stride,
            max_length=N_FRAMES,
            num_mel_bins=N_MELS,
        )
        self.ast = ASTModel(config)

    def forward(
        self, pictures: Float[torch.Tensor, "batch 96 64"]
    ) -> Float[torch.Tensor, "batch dimension"]:
        return self.ast(pictures).pooler_output
