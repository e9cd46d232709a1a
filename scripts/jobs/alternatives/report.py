"""What an exploration leaves behind: tables, sounds, patches, and a page with a grid of players."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from ctag.alternatives.archive import Elites, Filled
from ctag.alternatives.behaviour import Axis
from ctag.alternatives.explore import Explored
from ctag.locks import Box
from eval.harness.files import write_text
from scripts.jobs.alternatives.figures import edge_text, grids
from scripts.jobs.pages import footer, publish
from scripts.jobs.searching import caveat_of, file_stem, write_sound
from scripts.runtime.page import Page
from scripts.runtime.page.media import png
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run


@dataclass(frozen=True)
class Result:
    """Everything that is known at the end.

    Attributes:
        prompts: their labels.
        synth: what was played.
        box: the part of its parameters that was searched.
        axes: the grid.
        found: what both searches found.
    """

    prompts: Sequence[str]
    synth: Synth
    box: Box
    axes: tuple[Axis, ...]
    found: Explored


def write(run: "Run", result: Result, intro: str, beside: str, job: Any) -> dict[str, float]:
    """Write all files, and give the metrics."""
    found = result.found
    sides = {"diverse": found.filled, "beside": found.filled_beside}
    metrics: dict[str, float] = {}
    for name, filled in sides.items():
        for column, field in enumerate(Filled._fields):
            metrics[f"{field}/{name}"] = float(filled[-1, :, column].mean())
            for place, prompt in enumerate(result.prompts):
                metrics[f"{field}/{name}/{prompt}"] = float(filled[-1, place, column])
    columns = ["prompt", "search", *Filled._fields]
    titles = {"diverse": "quality-diversity", "beside": beside}
    rows = [
        (prompt, titles[name], *filled[-1, place].tolist())
        for place, prompt in enumerate(result.prompts)
        for name, filled in sides.items()
    ]
    write_text(run.artifact("alternatives.csv"), _csv(columns, rows))
    history = [
        (prompt, titles[name], generation + 1, *filled[generation, place].tolist())
        for place, prompt in enumerate(result.prompts)
        for name, filled in sides.items()
        for generation in range(len(filled))
    ]
    write_text(
        run.artifact("history.csv"), _csv([*columns[:2], "generation", *columns[2:]], history)
    )
    page = Page("Alternatives", intro, footer=footer(run))
    means = [("mean", titles[name], *filled[-1].mean(0).tolist()) for name, filled in sides.items()]
    page.table(["prompt", "search", "coverage", "QD score", "best score"], [*rows, *means])
    if caveat := caveat_of(job.scorer):
        page.text(caveat)
    for place in range(len(result.prompts)):
        _section(run, page, result, place, beside, job.shown)
    publish(run, page, None)
    return metrics


def spread_out(elites: Elites, n: int) -> Int[np.ndarray, " chosen"]:
    """Which elites to show: the best, then always the one farthest from all chosen, at most n.

    Of equally far ones the better; in the order of their cells, row by row.
    """
    if not len(elites.score):
        return np.zeros(0, int)
    chosen = [int(np.argmax(elites.score))]
    while len(chosen) < min(n, len(elites.score)):
        steps = np.abs(elites.cell[:, None] - elites.cell[chosen][None]).sum(-1).min(1)
        steps[chosen] = -1
        far = np.flatnonzero(steps == steps.max())
        chosen.append(int(far[np.argmax(elites.score[far])]))
    return np.sort(np.array(chosen))


def _section(run: "Run", page: Page, result: Result, place: int, beside: str, shown: int) -> None:
    prompt, elites = result.prompts[place], result.found.elites[place]
    page.section(prompt, f"{len(elites.score)} different sounds.")
    drawn = grids(result.axes, {"quality-diversity": elites, beside: result.found.beside[place]})
    run.tracker.figure(f"grid/{prompt}", drawn)
    alt = f"Scores for {prompt} over the grid, of both searches"
    page.figure(png(drawn), alt=alt)
    rate = result.synth.config.sample_rate
    for index in spread_out(elites, shown):
        where = [
            f"{axis.descriptor.replace('_', ' ')} {edge_text(edges[cell])} to "
            f"{edge_text(edges[cell + 1])} {axis.measured.unit}"
            for axis, edges, cell in zip(
                result.axes, (a.edges() for a in result.axes), elites.cell[index], strict=True
            )
        ]
        theta = np.asarray(result.box.whole(jnp.asarray(elites.theta[index])))
        wave = np.asarray(result.synth.render(jnp.asarray(theta)[None]))[0]
        stem = f"{file_stem(place, prompt)}-{'-'.join(str(c) for c in elites.cell[index])}"
        patch = write_sound(run, stem, result.synth, theta, wave, f"{prompt}, {', '.join(where)}")
        card = page.card(
            ", ".join(where[:1]), subtitle=", ".join(where[1:]), badge=f"{elites.score[index]:.2f}"
        )
        card.sound(wave, rate, alt=f"Spectrogram of {prompt}, {', '.join(where)}")
        card.patch(patch.rows())
        card.download(f"{stem}.yaml", patch.text())


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([f"{v:.6g}" if isinstance(v, float) else v for v in row])
    return table.getvalue()
