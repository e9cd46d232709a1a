"""What jobs that search have in common: the run's progress, checkpoints, log and files."""

import csv
import io
import logging
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jaxtyping import Float

from ctag.history import SearchResult
from ctag.locks import Lock, locked
from ctag.search import Search, SearchProgress, WarmStart
from eval.harness import audio
from eval.harness.files import write_text
from scripts.runtime.errors import UserError
from scripts.runtime.page import Card
from scripts.runtime.page.table import number
from synth.base import Synth
from synth.patch import Patch

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)


def searched(
    run: "Run",
    search: Search,
    prompts: Sequence[str],
    description: str,
    names: Sequence[str] | None = None,
    keep: Callable[[dict[str, Any]], None] | None = None,
    warm: WarmStart | None = None,
    checkpoint: str = "search",
) -> SearchResult:
    """Search with a progress bar, a checkpoint after every chunk, and the scores in the tracker.

    An interrupted run goes on from its checkpoint and ends with the same result. `keep` is given
    every state before it is stored; `warm` is where to begin; a job that searches several times
    gives each a checkpoint of its own.
    """

    def save(state: dict[str, Any]) -> None:
        if keep is not None:
            keep(state)
        run.checkpoints.save(checkpoint, state)

    key = jax.random.PRNGKey(run.seed)
    log.info(
        "%s: %d x %d sounds a generation, %d generations; compiling",
        description,
        len(prompts),
        search.population,
        search.iterations,
    )
    with run.progress(search.iterations, description) as bar:

        def show(report: SearchProgress) -> None:
            mean = float(np.mean(report.best))
            bar.update(report.new or report.generation, best=mean)
            run.tracker.log({"search/best": mean}, step=report.generation)

        return search.run(
            prompts,
            key,
            progress=show,
            save=save,
            saved=run.checkpoints.load(checkpoint),
            names=names,
            warm=warm,
        )


def held_by(synth: Synth, lock: Lock) -> str:
    """What a page says of the parameters that are locked, a paragraph of its own; empty if none.

    Raises:
        UserError: the lock does not suit the synth.
    """
    if not lock:
        return ""
    try:
        box = locked(synth.parameters, lock)
    except ValueError as error:
        raise UserError(str(error)) from error
    return f"\n\nLocked, and not searched: {'; '.join(box.held)}."


def file_stem(index: int, prompt: str) -> str:
    """A file name without suffix for the prompt at `index`, unique within the run.

    >>> file_stem(0, "A dog, barking!"), file_stem(11, "雨")
    ('01-a-dog-barking', '12')
    """
    words = re.sub(r"[^a-z0-9]+", "-", prompt.lower()).strip("-")[:60].rstrip("-")
    return f"{index + 1:02d}-{words}" if words else f"{index + 1:02d}"


def write_sound(
    run: "Run",
    stem: str,
    synth: Synth,
    theta: Float[np.ndarray, " n_params"],
    wave: Float[np.ndarray, " n_samples"],
    name: str,
) -> Patch:
    """Write a sound to `sounds/` and the patch that makes it to `patches/`; gives the patch."""
    audio.write(run.artifact(f"sounds/{stem}.wav"), wave, synth.config.sample_rate)
    patch = Patch.from_theta(synth, theta, name=name)
    patch.save(run.artifact(f"patches/{stem}.yaml"))
    return patch


def write_history(run: "Run", result: SearchResult) -> None:
    """Write `history.csv`, one row a prompt and generation."""
    names = list(result.history.as_arrays())
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["prompt", "generation", *names])
    columns = result.history.as_arrays().values()
    for place, prompt in enumerate(result.prompts):
        for generation in range(len(result.history)):
            figures = [column[generation, place].item() for column in columns]
            writer.writerow([prompt, generation + 1, *(f"{figure:.6g}" for figure in figures)])
    write_text(run.artifact("history.csv"), table.getvalue())


def explain(card: Card, explanation: Any, most: int = 8) -> None:
    """Show on a card how a prompt was understood, and the `most` goals that weigh most."""
    card.subtitle = explanation.resolution.describe()
    rows = sorted(explanation.rows, key=lambda row: (-row.weight, -row.cost))
    shown = [
        (
            f"{row.descriptor.replace('_', ' ')}{'' if row.unit == 'share' else f', {row.unit}'}",
            number(row.value),
            number(row.low) if row.low == row.high else f"{number(row.low)} to {number(row.high)}",
            f"{row.match:.2f}",
        )
        for row in rows[:most]
    ]
    left = len(rows) - len(shown)
    title = "Why this score" + (
        f" (the {most} goals of {len(rows)} that weigh most)" if left else ""
    )
    card.table(["descriptor", "measured", "wanted", "match"], shown, title=title)


def caveat_of(scorer: Any) -> str:
    """What a scorer wants said wherever its scores are shown; empty if nothing."""
    return str(getattr(scorer, "caveat", ""))


def title_of(strategy: Any) -> str:
    """What people call a strategy: its `title`, else its class."""
    return str(getattr(strategy, "title", type(strategy).__name__))


def drift(result: SearchResult) -> float:
    """The largest difference between the score of a saved sound and what the search saw.

    Rendering in another batch size rounds differently; more than a hundredth of the score's scale
    would mean that the saved sound is not the one that was found.
    """
    return float(np.max(np.abs(result.score - result.history.best[-1])))
