"""RoBERTa as CLAP reads texts with it: 77 tokens to 768 numbers (Liu et al., 2019)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int64

from eval.embedders.published import find

__all__ = ["WIDTH", "Tokens", "local_tokens", "pooled", "roberta", "stand_in_tokens"]

Tokens = Callable[[Sequence[str]], torch.Tensor]
"""Texts to numbers of tokens, int64 (n_texts, n_tokens)."""

N_TOKENS, VOCABULARY, WIDTH = 77, 50265, 768
BEGIN, PAD, END = 0, 1, 2


def local_tokens(folder: Path | None, longest: int | None = None) -> Tokens:
    """Return roberta-base's tokenizer from a folder with its vocab.json and merges.txt.

    Args:
        folder: where they are.
        longest: tokens of a text, at most, and the longest of the texts sets the width of a batch;
            None: all are as wide as 77 tokens, as LAION's CLAP has them.

    Raises:
        FileNotFoundError: they are not there; the message says which command fetches them.
    """
    if longest is None or folder is None:
        for file in ("vocab.json", "merges.txt"):
            find(f"roberta-base/{file}", None if folder is None else folder / file)
    from transformers import RobertaTokenizerFast

    tokenizer = RobertaTokenizerFast.from_pretrained(str(folder))

    def tokens(texts: Sequence[str]) -> torch.Tensor:
        encoded = tokenizer(
            list(texts),
            padding="max_length" if longest is None else "longest",
            truncation=True,
            max_length=longest or N_TOKENS,
            return_tensors="pt",
        )
        return encoded["input_ids"]

    return tokens


def stand_in_tokens(texts: Sequence[str]) -> Int64[torch.Tensor, "n_texts 77"]:
    """Return a text's bytes as tokens, where no vocabulary is there.

    Example:
        >>> stand_in_tokens(["a"])[0, :4]
        tensor([  0, 101,   2,   1])
    """
    rows = []
    for text in texts:
        inner = [4 + byte for byte in text.encode()][: N_TOKENS - 2]
        row = [BEGIN, *inner, END]
        rows.append(row + [PAD] * (N_TOKENS - len(row)))
    return torch.tensor(rows, dtype=torch.int64)


def roberta() -> Any:
    """Return transformers' RobertaModel of the size of roberta-base, with random weights."""
    from transformers import RobertaConfig, RobertaModel

    config = RobertaConfig(
        vocab_size=VOCABULARY,
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        bos_token_id=BEGIN,
        pad_token_id=PAD,
        eos_token_id=END,
    )
    return RobertaModel(config)


def pooled(network: Any, tokens: Int64[torch.Tensor, "n_texts length"]) -> torch.Tensor:
    """Return the network's pooled output for tokens, float32 (n_texts, 768)."""
    return network(input_ids=tokens, attention_mask=tokens.ne(PAD).long()).pooler_output
