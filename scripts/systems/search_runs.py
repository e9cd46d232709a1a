"""Our own system: the sounds and patches of finished runs of `ctag/search`, one run a seed."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import jax
import numpy as np

from ctag.prompts import PromptSet
from eval.sounds.folder import FileSounds
from scripts.jobs.searching import write_sound
from scripts.runtime.build import build
from scripts.runtime.errors import UserError
from scripts.runtime.source import Source, command
from scripts.systems.base import Prompted, counted, plain
from synth.patch import Patch, load_patch

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["Found", "SearchRuns"]


@dataclass(frozen=True)
class Found:
    """A sound that a search found.

    Attributes:
        label: of its prompt.
        seed: of its run.
        sound: its file.
        patch: its file.
    """

    label: str
    seed: int
    sound: Path
    patch: Path

    def load(self) -> Patch:
        """Return the patch."""
        return load_patch(self.patch)


@dataclass(frozen=True)
class SearchRuns:
    """The sounds of searches, in the order of the seeds.

    Attributes:
        source: the search, without its seed.
        seeds: of the runs; each has one sound a prompt.
        name: of the system.
        searched_with: the searches' scorer, which the configuration hands on to the source.
        assets: "stand_in" plays random patches of the search's synthesizer and needs no run.
    """

    source: Source
    seeds: Sequence[int] = (0,)
    name: str = "ctag"
    searched_with: str = ""
    assets: Literal["published", "stand_in"] = "published"

    def sounds(self, run: Run, prompts: PromptSet, each: int) -> Prompted:
        """Return sounds of the first seeds; errors as `System.sounds`."""
        found = self.found(run, prompts, each)
        paths = [one.sound.resolve() for one in found]
        root = Path(os.path.commonpath([path.parent for path in paths]))
        files = tuple(path.relative_to(root).as_posix() for path in paths)
        return Prompted(FileSounds(self.name, root, files), tuple(one.label for one in found))

    def found(self, run: Run, prompts: PromptSet, each: int) -> list[Found]:
        """Return what was found for every prompt, `each` of the first seeds.

        Raises:
            UserError: a run is not there, or does not have a prompt; the message has the command.
        """
        labels = prompts.labels()
        if each > len(self.seeds):
            raise UserError(
                f"job.each={each} sounds of every prompt need as many seeds: give system.seeds="
                f"[0,1,...], there are {len(self.seeds)}"
            )
        seeds = self.seeds[:each]
        if self.assets == "stand_in":
            return [_made(run, self.source, label, seed) for label in labels for seed in seeds]
        of_label: dict[str, list[str]] = {label: [] for label in labels}
        by_name = {plain(label): label for label in labels}
        entries: dict[str, Found] = {}
        for seed, folder in zip(seeds, self._folders(run, seeds), strict=True):
            for patch in sorted((folder / "patches").glob("*.yaml")):
                label = by_name.get(plain(load_patch(patch).name))
                if label is not None:
                    sound = folder / "sounds" / f"{patch.stem}.wav"
                    of_label[label].append(str(patch))
                    entries[str(patch)] = Found(label, seed, sound, patch)
        where = f"runs of {self.source.experiment} {' '.join(self.source.overrides)}"
        return [entries[file] for _, file in counted(of_label, labels, each, where)]

    def _folders(self, run: Run, seeds: Sequence[int]) -> list[Path]:
        """The run folder of every seed, or one message with the command of all that are missing."""
        folders, missing, problem = [], [], ""
        for seed in seeds:
            try:
                source = Source(self.source.experiment, self._overrides(seed))
                folders.append(source.folder(run.config, "sounds", "patches").path)
            except UserError as error:
                missing.append(seed)
                problem = problem or str(error)
        if len(missing) > 1:
            plan = self.source.plan(run.config)
            again = command(plan, self.source.overrides)
            raise UserError(
                f"{len(missing)} of {len(seeds)} runs of {self.source.experiment} are not there; "
                f"run: {again} -m seed={','.join(map(str, missing))}"
            )
        if missing:
            raise UserError(problem)
        return folders

    def _overrides(self, seed: int) -> tuple[str, ...]:
        """As a person gives them: seed 0 is the default, and its run is the same either way."""
        return (*self.source.overrides, f"seed={seed}")


def _made(run: Run, source: Source, label: str, seed: int) -> Found:
    """A random patch of the search's synthesizer, played and written to the run's folder."""
    synth = build(source.plan(run.config).job["synth"])
    key = jax.random.fold_in(jax.random.PRNGKey(seed), zlib.crc32(label.encode()))
    theta = jax.random.uniform(key, (1, synth.n_params))
    stem = f"stand-in/{plain(label)}-{seed}"
    write_sound(run, stem, synth, np.asarray(theta)[0], np.asarray(synth.render(theta))[0], label)
    return Found(
        label, seed, run.artifact(f"sounds/{stem}.wav"), run.artifact(f"patches/{stem}.yaml")
    )
