"""A cache of solved prompts on disk, searched by what their texts are like.

One file a solution, written whole or not at all, and named by what is in it: any number of
processes may write and read at the same time, and nothing is ever changed.
"""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from ctag.warm_start.texts import TextVectors
from eval.harness.files import replacing

_SUFFIX = ".solved.npz"


class Solution(NamedTuple):
    """A solved prompt.

    Attributes:
        prompt: its text.
        theta: the best parameters.
        score: theirs, by the scorer that searched.
    """

    prompt: str
    theta: Float32[np.ndarray, " n_params"]
    score: float


@dataclass(frozen=True)
class Cache:
    """Solutions in a folder, of one synth, one scorer and one kind of text vectors.

    Others that lie in the same folder are not seen.

    Attributes:
        folder: made at the first entry.
        synth: the names of the synth's parameters, and whatever else sounds depend on.
        scorer: who judged: scores are compared within one.
        texts: puts prompts into a space.
    """

    folder: Path
    synth: str
    scorer: str
    texts: TextVectors

    def add(self, solutions: Sequence[Solution]) -> None:
        """Store solutions; one that is there already changes nothing.

        Raises:
            OSError: the folder cannot be written.
        """
        vectors = self.texts.vectors([s.prompt for s in solutions]) if solutions else ()
        for solution, vector in zip(solutions, vectors, strict=True):
            about = {"prompt": solution.prompt, "score": float(solution.score), **self._kind}
            theta = np.asarray(solution.theta, np.float32)
            digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode() + theta.tobytes())
            path = self.folder / f"{digest.hexdigest()[:24]}{_SUFFIX}"
            if path.exists():
                continue
            with replacing(path) as temporary, open(temporary, "wb") as handle:
                np.savez(handle, theta=theta, vector=vector, about=np.array(json.dumps(about)))

    def solutions(self) -> list[tuple[Solution, np.ndarray]]:
        """Those of this synth, scorer and kind of vectors, by prompt and falling score."""
        found = []
        for path in sorted(self.folder.glob(f"*{_SUFFIX}")):
            try:
                with np.load(path, allow_pickle=False) as file:
                    about = json.loads(str(file["about"]))
                    theta, vector = file["theta"], file["vector"]
            except (OSError, ValueError, KeyError, zipfile.BadZipFile):
                continue  # removed meanwhile, or none of ours
            if self._kind.items() <= about.items():
                found.append((Solution(about["prompt"], theta, about["score"]), vector))
        return sorted(found, key=lambda one: (one[0].prompt, -one[0].score))

    def nearest(
        self, prompts: Sequence[str], count: int, without_same: bool = False
    ) -> list[list[Solution]]:
        """For each prompt the solutions of the most similar ones, the nearest first.

        Of a prompt that was solved several times, the one with the highest score.

        Args:
            prompts: texts.
            count: at most so many each.
            without_same: leave the prompt itself out, to see what others are worth.
        """
        best: dict[str, tuple[Solution, np.ndarray]] = {}
        for solution, vector in self.solutions():
            best.setdefault(solution.prompt, (solution, vector))
        known = list(best.values())
        if not known:
            return [[] for _ in prompts]
        likeness = self.texts.vectors(prompts) @ np.stack([vector for _, vector in known]).T
        nearest = []
        for prompt, row in zip(prompts, likeness, strict=True):
            order = [known[place][0] for place in np.argsort(-row, kind="stable")]
            order = [s for s in order if not (without_same and s.prompt == prompt)]
            nearest.append(order[:count])
        return nearest

    @property
    def _kind(self) -> dict[str, Any]:
        return {"synth": self.synth, "scorer": self.scorer, "texts": self.texts.identity}
