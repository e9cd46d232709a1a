"""What a probe leaves in its run folder: tables, predictions, a page with what it confused."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from eval.probe.evaluate import ProbeResult
from eval.probe.ranking import Ranking
from eval.sounds.base import Clip
from eval.statistics.estimate import Estimate
from eval.statistics.intervals import wilson
from eval.tasks.base import Task
from scripts.jobs.comparing import play, write_csv
from scripts.jobs.pages import footer, name_unreadable, publish
from scripts.jobs.picture import png
from scripts.runtime.check import OutputPath
from scripts.runtime.page import Page

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["Confused", "Report"]

MOST_LABELS = 50  # of a confusion matrix
MOST_ROWS = 60  # of the table of labels

TITLES = {
    "top1_acc": "accuracy",
    "pitch_acc": "pitch accuracy",
    "chroma_acc": "chroma accuracy, octaves forgiven",
    "mAP": "mean average precision",
    "aucroc": "area under the ROC curve",
    "d_prime": "d'",
}


@dataclass(frozen=True)
class Confused:
    """A test sound that was taken for something else.

    Attributes:
        sound: its number in the task.
        true: its label's number.
        taken: the number of the label with the highest score.
        by: by how much that was above the true label's.
    """

    sound: int
    true: int
    taken: int
    by: float


@dataclass(frozen=True, eq=False)
class Report:
    """A result and what to call it.

    Attributes:
        task: that was asked.
        embedder: the name of what heard.
        probe: the name of what was fitted.
        result: what came out.
        interval: of the task's own score, over test sounds.
    """

    task: Task
    embedder: str
    probe: str
    result: ProbeResult
    interval: Estimate

    def write(self, run: Run, examples: int, page: OutputPath | None) -> None:
        """Write everything to the run's folder, and a copy of the page where it is wanted."""
        self._write_tables(run)
        self.result.predictions.save(run.artifact("predictions.npz"))
        publish(run, self._page(run, examples), page)

    @cached_property
    def confusion(self) -> np.ndarray:
        """Shares (n_labels, n_labels) of each label's test sounds that are taken for each label.

        The mean over seeds; rows of labels without a test sound are zero.
        """
        n = len(self.task.vocabulary)
        counts = np.zeros((n, n))
        for fold in self.result.predictions.folds:
            true = fold.targets.argmax(axis=1)
            for scores in fold.scores:
                np.add.at(counts, (true, scores.argmax(axis=1)), 1.0)
        return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)

    def confused(self, most: int) -> list[Confused]:
        """Return the surest mistakes, one of each pair of labels, by the mean score over seeds."""
        found = []
        for fold in self.result.predictions.folds:
            scores = fold.scores.mean(axis=0)
            true, taken = fold.targets.argmax(axis=1), scores.argmax(axis=1)
            rows = np.arange(len(true))
            margin = scores[rows, taken] - scores[rows, true]
            found += [
                Confused(int(fold.sounds[row]), int(true[row]), int(taken[row]), float(margin[row]))
                for row in np.flatnonzero(true != taken)
            ]
        chosen: dict[tuple[int, int], Confused] = {}
        for one in sorted(found, key=lambda one: (-one.by, one.sound)):
            chosen.setdefault((one.true, one.taken), one)
        return list(chosen.values())[:most]

    def _write_tables(self, run: Run) -> None:
        rows = [[row.metric, row.fold, row.seed, row.value] for row in self.result.rows()]
        write_csv(run, "scores.csv", ["metric", "fold", "seed", "value"], rows)
        run.tracker.table("scores", ["metric", "fold", "seed", "value"], rows)
        names = sorted({name for fold in self.result.folds for s in fold.settings for name in s})
        columns = ["fold", "seed", "n_train", "n_valid", "n_test", "validation", *names]
        fits = [
            [
                fold.predictions.name,
                seed,
                fold.n_train,
                fold.n_valid,
                len(fold.predictions.sounds),
                validation,
                *(settings[name] for name in names),
            ]
            for fold in self.result.folds
            for seed, validation, settings in zip(
                self.result.seeds, fold.validation, fold.settings, strict=True
            )
        ]
        write_csv(run, "fits.csv", columns, fits)

    def _page(self, run: Run, examples: int) -> Page:
        task, result = self.task, self.result
        page = Page(
            f"{task.name}, as {self.embedder} hears it",
            f"A probe ({self.probe}) was fitted on the vectors of {self.embedder}, which stayed "
            f"as they are, and asked for {len(task.vocabulary)} labels of sounds that it had not "
            "seen.",
            footer=footer(run),
        )
        estimate, low, high = self.interval
        card = page.card(TITLES[task.metrics[0]], badge=f"{estimate:.4f}", wide=True)
        card.text(f"95 % of resamples of the test sounds lie between {low:.4f} and {high:.4f}.")
        card.facts(
            [
                ("folds", len(result.folds)),
                ("seeds", len(result.seeds)),
                ("sounds to learn from", f"{np.mean([f.n_train for f in result.folds]):,.0f}"),
                ("test sounds", f"{sum(result.predictions.sizes):,}"),
                ("unreadable", len(result.unreadable)),
            ]
        )
        card.table(
            ["score", "mean over folds and seeds"],
            [(TITLES[name], result.mean(name)) for name in task.metrics],
        )
        multiclass = task.kind == "multiclass"
        if multiclass and len(task.vocabulary) <= MOST_LABELS:
            self._add_confusion(run, page)
        if multiclass:
            self._add_mistakes(page, examples)
        self._add_labels(page)
        missing = [(bad.name, bad.reason) for bad in result.unreadable]
        name_unreadable(page, ["sound", "why"], missing)
        return page

    def _add_confusion(self, run: Run, page: Page) -> None:
        from scripts.jobs.probe.figures import confusion_figure

        picture = png(run, "confusion.png", confusion_figure(self.confusion, self.task.vocabulary))
        page.section("What is taken for what")
        page.figure(picture, "Confusion matrix: a row is what sounds are, a column what for.")

    def _add_mistakes(self, page: Page, examples: int) -> None:
        """Players of the surest mistakes."""
        mistakes = self.confused(examples)
        if not mistakes:
            return
        page.section("The surest mistakes", "One of each pair of labels.")
        for one in mistakes:
            clip = self.task.sounds.clips([one.sound])[0]
            if isinstance(clip, Clip):
                true, taken = (self.task.vocabulary[label] for label in (one.true, one.taken))
                play(page.card(f"{true}, taken for {taken}", subtitle=clip.name), clip, "the sound")

    def _add_labels(self, page: Page) -> None:
        """A table of labels, the hardest first."""
        folds = self.result.predictions.folds
        # Sounds are tested once a fold, so the mean over seeds of all folds stands for each label.
        targets = np.concatenate([fold.targets for fold in folds])
        n = targets.sum(axis=0).astype(int)
        names = self.task.vocabulary
        if self.task.kind == "multiclass":
            values = np.diag(self.confusion)
            rows = [
                (name, int(count), share, *wilson(round(float(share) * count), int(count))[1:])
                for name, count, share in zip(names, n, values, strict=True)
                if count
            ]
            columns = ["label", "test sounds", "right", "from", "to"]
        else:
            each = [
                Ranking(scores, fold.targets).average_precision()
                for fold in folds
                for scores in fold.scores
            ]
            there = np.isfinite(each)
            total = np.where(there, each, 0.0).sum(axis=0)
            values = total / np.maximum(there.sum(axis=0), 1)
            rows = [
                (name, int(count), value)
                for name, count, value in zip(names, n, values, strict=True)
                if count
            ]
            columns = ["label", "test sounds", "average precision"]
        rows.sort(key=lambda row: (row[2], row[0]))
        left_out = f" {MOST_ROWS} of {len(rows)} are shown." if len(rows) > MOST_ROWS else ""
        page.section("Labels, the hardest first", f"Intervals are 95 %.{left_out}")
        page.table(columns, rows[:MOST_ROWS])
