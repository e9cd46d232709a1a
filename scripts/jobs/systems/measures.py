"""What can be measured of a system's sounds, each a table with a row a sound."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from ctag.prompts import PromptSet
from ctag.scorers.class_names import classes_of
from eval.clap_score import TextAndAudio, score_sounds
from eval.classification import classify
from eval.descriptors.settings import DESCRIPTORS, DescriptorSettings
from eval.descriptors.table import describe
from eval.embedders.base import Classifier
from eval.sounds.base import Unreadable
from scripts.jobs.systems.finetuned import FineTuned
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.systems.base import Prompted

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["ClapScores", "Classification", "Described", "Measure", "Measurement"]

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Measurement:
    """Numbers of sounds.

    Attributes:
        names: of the sounds.
        columns: quantities by name, a value a sound, NaN where there is none.
        titles: of the quantities, for people.
        what: a sentence on how it was measured.
        unreadable: the sounds that could not be read.
        factors: what a quantity is multiplied by where people read it, 1 where it is not named.
    """

    names: tuple[str, ...]
    columns: Mapping[str, np.ndarray]
    titles: Mapping[str, str]
    what: str
    unreadable: tuple[Unreadable, ...]
    factors: Mapping[str, float]


@runtime_checkable
class Measure(Protocol):
    """Measures the sounds of a system."""

    def measure(
        self, run: Run, prompted: Prompted, prompts: PromptSet, progress: Progress
    ) -> Measurement:
        """Return a row a sound."""
        ...


@dataclass(frozen=True)
class ClapScores:
    """The cosine of each sound's vector and its prompt's (CTAG, Table 5); negatives are kept.

    Attributes:
        embedder: of sounds and texts.
        cache: keeps embeddings; None: nowhere.
    """

    embedder: TextAndAudio
    cache: OutputPath | None = None

    def measure(
        self, run: Run, prompted: Prompted, prompts: PromptSet, progress: Progress
    ) -> Measurement:
        """Return the scores against the prompts as worded."""
        text = dict(zip(prompts.labels(), prompts.worded(), strict=True))
        found = score_sounds(
            prompted.sounds,
            [text[label] for label in prompted.labels],
            self.embedder,
            self.cache,
            progress=progress,
        )
        clips = tuple(str(number) for number in range(len(prompted.labels)))
        return Measurement(
            clips,
            {"score": found.values},
            {"score": "CLAP score"},
            f"Cosine of sound and prompt as {self.embedder.name} embeds them.",
            found.unreadable,
            {},
        )


@dataclass(frozen=True)
class Described:
    """Spectral descriptors and MP3 compression (CTAG, Table 1).

    Attributes:
        settings: how sounds are cut into frames, and at which rate.
        workers: processes; None: one a core.
        cache: keeps what was computed; None: nowhere.
    """

    settings: DescriptorSettings
    workers: int | None = 1
    cache: OutputPath | None = None

    def measure(
        self, run: Run, prompted: Prompted, prompts: PromptSet, progress: Progress
    ) -> Measurement:
        """Return the descriptors."""
        table = describe(
            prompted.sounds,
            self.settings,
            workers=self.workers,
            cache=self.cache,
            progress=progress,
        )
        return Measurement(
            table.names,
            {name: table.column(name) for name in DESCRIPTORS},
            {name: name.replace("_", " ") for name in DESCRIPTORS},
            f"Spectra of {self.settings.frame_size} samples at {self.settings.sample_rate:g} Hz; "
            "MP3 of variable bit rate and quality 4 against 16-bit samples.",
            table.unreadable,
            {},
        )


@dataclass(frozen=True)
class Classification:
    """Whether a classifier hears the prompt (CTAG, Tables 2 and 6).

    The prompts' labels are the only ones it may choose from: the others are masked.

    Attributes:
        classifier: knows the labels' classes; or a fine-tuned one, by its run.
        places: tops that count.
        cache: keeps what was computed; None: nowhere.
    """

    classifier: Classifier | FineTuned
    places: tuple[int, ...] = (1, 5)
    cache: OutputPath | None = None

    def measure(
        self, run: Run, prompted: Prompted, prompts: PromptSet, progress: Progress
    ) -> Measurement:
        """Return for every sound whether its label is first, and among the first five."""
        labels = prompts.labels()
        given: Any = self.classifier
        classifier: Any = given.load(run, labels) if isinstance(given, FineTuned) else given
        try:
            classes = [_classes(label, classifier.class_names) for label in labels]
        except ValueError as error:
            raise UserError(f"measure.classifier ({classifier.name}): {error}") from error
        place = {label: number for number, label in enumerate(labels)}
        found = classify(
            prompted.sounds,
            [place[label] for label in prompted.labels],
            classifier,
            classes,
            None if self.cache is None else Path(self.cache),
            progress,
        )
        tops = {f"top{n}": found.within(n) for n in self.places}
        return Measurement(
            found.names,
            tops | {"rank": found.ranks},
            {f"top{n}": f"top-{n}, %" for n in self.places} | {"rank": "rank"},
            f"{classifier.name} chooses among the {len(labels)} labels.",
            found.unreadable,
            {f"top{n}": 100.0 for n in self.places},
        )


def _classes(label: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The classes that mean a label; for a classifier of stand-ins, any one."""
    if all(name.startswith("class ") for name in names[:3]):
        return (names[zlib.crc32(label.encode()) % len(names)],)
    return classes_of(label, names)
