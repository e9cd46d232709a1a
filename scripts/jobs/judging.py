"""The sounds of a search before judges that it did not use: what suits one judge alone shows."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from ctag.history import SearchResult
from ctag.prompts import PromptSet
from ctag.scorers.protocol import Scorer
from scripts.runtime.errors import UserError
from scripts.runtime.judges import LEFT_OUT

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["OWN", "Judgement", "judged", "labels_of", "metrics_of", "texts_for"]

log = logging.getLogger(__name__)

OWN = ""
"""Stands for the scorer of the search, which is judged for the ranks that it may give."""

FIRST = 10


@dataclass(frozen=True)
class Judgement:
    """What one judge says of the sounds; NaN where it does not know the prompt.

    Attributes:
        judge: its name in the configuration; `OWN` for the search's scorer.
        score: of each sound, higher is better.
        rank: place of the prompt's class among all of a classifier's; None of a judge without.
    """

    judge: str
    score: Float32[np.ndarray, " prompts"]
    rank: Float32[np.ndarray, " prompts"] | None


def labels_of(prompts: PromptSet) -> list[str]:
    """Return the labels; raises UserError for what cannot be searched for."""
    try:
        return prompts.labels()
    except ValueError as error:
        raise UserError(f"prompts: {error}") from error


def texts_for(scorer: Any, prompts: PromptSet) -> list[str]:
    """Return the prompts as a scorer is given them: worded, or labels of a closed vocabulary."""
    if getattr(scorer, "hears_labels", False):
        return labels_of(prompts)
    try:
        return prompts.worded()
    except ValueError as error:
        raise UserError(f"prompts: {error}") from error


def judged(
    run: "Run",
    scorer: Scorer,
    judges: Mapping[str, Scorer],
    prompts: PromptSet,
    result: SearchResult,
) -> list[Judgement]:
    """Let every judge hear the saved sounds; the scorer itself where it gives ranks.

    Each sound by itself, so that a judgement depends on nothing beside it.
    """
    for name, reason in (run.config.get(LEFT_OUT) or {}).items():
        log.info("judge %s is left out: %s", name, reason)
    panel = {OWN: scorer} if hasattr(scorer, "rank") else {}
    found = []
    for name, judge in {**panel, **judges}.items():
        texts = texts_for(judge, prompts)
        score = np.full(len(texts), np.nan, np.float32)
        rank = np.full(len(texts), np.nan, np.float32)
        ranking = getattr(judge, "rank", None)
        for place, text in enumerate(texts):
            try:
                target = judge.target([text])
            except ValueError as error:
                log.info("judge %s does not judge %s: %s", name, text, error)
                continue
            wave = jnp.asarray(result.audio[place])[None, None]
            score[place] = np.asarray(judge.score(target, wave, result.sample_rate))[0, 0]
            if ranking is not None:
                rank[place] = np.asarray(ranking(target, wave, result.sample_rate))[0, 0]
        found.append(Judgement(name, score, rank if ranking is not None else None))
    return found


def metrics_of(judgements: Sequence[Judgement], prompts: Sequence[str]) -> dict[str, float]:
    """Return the judgements as metrics.

    `judge/NAME` is the mean over the prompts that it knows, `judge/NAME/PROMPT` one of them;
    `rank/...` the ranks, `rank` their median; `first_ten` the share with a rank of at most ten.
    The scorer of the search has no NAME.
    """
    metrics: dict[str, float] = {}
    for judgement in judgements:
        own = judgement.judge == OWN
        of = "" if own else f"/{judgement.judge}"
        if not own:
            metrics |= _each(f"judge{of}", judgement.score, prompts, np.mean)
        if judgement.rank is not None:
            ranks = judgement.rank
            metrics |= _each(f"rank{of}", ranks, prompts, np.median)
            if not np.isnan(ranks).all():
                metrics[f"first_ten{of}"] = float(np.mean(ranks[~np.isnan(ranks)] <= FIRST))
    return metrics


def _each(name: str, values: np.ndarray, prompts: Sequence[str], summary: Any) -> dict[str, float]:
    known = ~np.isnan(values)
    if not known.any():
        return {}
    single = {
        f"{name}/{prompt}": float(value)
        for prompt, value, there in zip(prompts, values, known, strict=True)
        if there
    }
    return {name: float(summary(values[known])), **single}
