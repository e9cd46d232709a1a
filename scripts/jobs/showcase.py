"""The job of `ctag/figure5`: spectrograms of one sound of each of a few prompts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ctag.prompts import PromptSet
from eval.sounds.base import Clip
from scripts.jobs.comparing import play
from scripts.jobs.judging import labels_of
from scripts.jobs.pages import footer, publish
from scripts.jobs.picture import png
from scripts.jobs.spectrograms import Picture, spectrograms
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from scripts.systems.base import System

if TYPE_CHECKING:
    from scripts.runtime.run import Run


@dataclass(frozen=True)
class Showcase:
    """Draw the sound of every prompt (CTAG, Figure 5).

    Writes `figure_5.png` and `index.html`.

    Attributes:
        system: has the sounds.
        prompts: what they are of.
        prompt_set: what they are called, for the record.
        columns: spectrograms beside each other.
        page: where a copy of the page goes; None: nowhere.
    """

    system: System
    prompts: PromptSet
    prompt_set: str = ""
    columns: int = 3
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Draw and give how many there are."""
        labels = labels_of(self.prompts)
        if self.columns < 1:
            raise UserError(f"job.columns={self.columns}: at least 1 is needed")
        prompted = self.system.sounds(run, self.prompts, 1)
        page = Page(
            "Spectrograms",
            f"One sound of {self.system.name} for each of {len(labels)} prompts.",
            footer=footer(run),
        )
        clips: list[tuple[str, Clip]] = []
        for label, clip in zip(
            prompted.labels, prompted.sounds.clips(range(len(prompted.labels))), strict=True
        ):
            if not isinstance(clip, Clip):
                raise UserError(f"{clip.name} of {self.system.name} cannot be read: {clip.reason}")
            clips.append((label, clip))
        pictures = [Picture(label, clip.wave, clip.sample_rate) for label, clip in clips]
        rows = [pictures[at : at + self.columns] for at in range(0, len(pictures), self.columns)]
        figure = spectrograms(rows)
        run.tracker.figure("figure_5", figure)
        page.figure(png(run, "figure_5.png", figure), f"Spectrograms of {', '.join(labels)}")
        for label, clip in clips:
            play(page.card(label), clip, label)
        publish(run, page, self.page)
        return {"sounds": float(len(clips))}
