"""What a refinement leaves behind: a table, sounds before and after, and a page."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ctag.history import History
from eval.harness.files import write_text
from scripts.jobs.pages import footer, publish
from scripts.jobs.searching import caveat_of, file_stem, write_sound
from scripts.runtime.page import Page
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run


class Heard(NamedTuple):
    """Patches with their sounds and scores, a row a prompt."""

    theta: Float[np.ndarray, "prompts n_params"]
    audio: Float[np.ndarray, "prompts n_samples"]
    score: Float[np.ndarray, " prompts"]

    def where(self, chosen: Bool[np.ndarray, " prompts"], other: "Heard") -> "Heard":
        """These where chosen, those of `other` elsewhere."""
        wide = chosen[:, None]
        return Heard(
            np.where(wide, self.theta, other.theta),
            np.where(wide, self.audio, other.audio),
            np.where(chosen, self.score, other.score),
        )


@dataclass(frozen=True)
class Comparison:
    """Patches where the search was left, refined by gradients, and of the search that went on.

    Attributes:
        prompts: their labels.
        synth: what was played.
        start, refined, continued: the three.
        history: of the search, all generations.
        climbs: the best score after every step of the gradients.
    """

    prompts: Sequence[str]
    synth: Synth
    start: Heard
    refined: Heard
    continued: Heard
    history: History
    climbs: Float[np.ndarray, "steps prompts"]

    def figures(self) -> dict[str, float]:
        """The metrics: mean scores and gains, and each prompt's."""
        start = self.start.score
        figures = {"score/start": float(start.mean())}
        for name, heard in (("refined", self.refined), ("continued", self.continued)):
            figures[f"score/{name}"] = float(heard.score.mean())
            figures[f"gain/{name}"] = float((heard.score - start).mean())
            for place, prompt in enumerate(self.prompts):
                figures[f"gain/{name}/{prompt}"] = float(heard.score[place] - start[place])
        return figures


def write(run: "Run", comparison: Comparison, intro: str, scorer: Any) -> None:
    """Write `refine.csv`, sounds, patches and `index.html`."""
    columns = ["prompt", "start", "refined", "continued", "gain by gradient", "gain by search"]
    rows = [
        (prompt, start, refined, continued, refined - start, continued - start)
        for prompt, start, refined, continued in zip(
            comparison.prompts,
            comparison.start.score.tolist(),
            comparison.refined.score.tolist(),
            comparison.continued.score.tolist(),
            strict=True,
        )
    ]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow([column.replace(" ", "_") for column in columns])
    writer.writerows([row[0], *(f"{value:.6g}" for value in row[1:])] for row in rows)
    write_text(run.artifact("refine.csv"), table.getvalue())
    page = Page("Patches refined by gradients", intro, footer=footer(run))
    figures = np.array([row[1:] for row in rows], float)
    means = ["mean", *figures.mean(0).tolist()]
    page.table(columns, [*rows, means], title="Scores before and after")
    page.section("Before and after", caveat_of(scorer))
    for place, prompt in enumerate(comparison.prompts):
        _card(run, page, comparison, place, prompt)
    publish(run, page, None)


def _card(run: "Run", page: Page, comparison: Comparison, place: int, prompt: str) -> None:
    start, refined, continued = comparison.start, comparison.refined, comparison.continued
    gain = refined.score[place] - start.score[place]
    card = page.card(prompt, badge=f"gain {gain:.4f}", wide=True)
    rate = comparison.synth.config.sample_rate
    stem = file_stem(place, prompt)
    kinds = (("before", start), ("refined", refined), ("searched on", continued))
    for name, heard in kinds:
        label = f"{stem}-{name.replace(' ', '-')}"
        theta, wave = heard.theta[place], heard.audio[place]
        patch = write_sound(run, label, comparison.synth, theta, wave, f"{prompt}, {name}")
        card.sound(wave, rate, label=f"{name}: {heard.score[place]:.4f}")
        run.tracker.audio(f"sounds/{label}", wave, rate, f"{prompt}, {name}")
        if name == "refined":
            refined_patch = patch
    card.curve(comparison.climbs[:, place].tolist(), "best score by gradients", "step")
    card.curve(comparison.history.best[:, place].tolist(), "best score of the search", "generation")
    rows = []
    for column, parameter in enumerate(comparison.synth.parameters):
        ends = [float(parameter.to_human(h.theta[place, column])) for h in (start, refined)]
        move = abs(float(refined.theta[place, column] - start.theta[place, column]))
        rows.append((move, parameter.name, parameter.unit, *ends))
    moved = [row[1:] for row in sorted(rows, key=lambda row: -row[0])[:8] if row[0] > 0]
    if moved:
        card.table(["parameter", "unit", "before", "refined"], moved, title="What moved most")
    card.patch(refined_patch.rows(), title="The refined patch")
    card.download(f"{stem}-refined.yaml", refined_patch.text())
