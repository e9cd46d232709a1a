"""The job of `ctag/finetune_ast`: AST learns the classes of a task, to hear what sounds are of."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from eval.embedders.ast import Ast, features
from eval.embedders.ast_finetuned import new_network, save_classifier
from eval.embedders.hearing import hear
from eval.embedding import fitted
from eval.finetuning import FineTuning, fine_tune, predict
from eval.harness.devices import Device
from eval.sounds.base import Clip
from eval.statistics.intervals import wilson
from eval.tasks.base import Task, TaskSource
from scripts.jobs.comparing import write_csv
from scripts.runtime.errors import UserError

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FineTune:
    """Train the whole of AST on a task's labels, and test it on a fold that it did not hear.

    Writes `classifier/` (weights, class names), `losses.csv` and, with a fold, `predictions.csv`.

    Attributes:
        ast: what is trained; its weights are those for AudioSet.
        task: with one label a sound.
        training: how.
        fold: the number of the fold that is left out of training and tested on, from 0; "all"
            trains on every sound and tests on nothing, as the classifier of generated sounds.
        n_sounds: train on so many at most, drawn by the seed; None: all.
        device: where it is computed.
    """

    ast: Ast
    task: TaskSource
    training: FineTuning
    fold: int | Literal["all"] = "all"
    n_sounds: int | None = None
    device: Device = "auto"

    def __call__(self, run: "Run") -> dict[str, float]:
        """Train, save the classifier, and give its accuracy."""
        task = self.task.load()
        if task.kind != "multiclass":
            raise UserError(f"task {task.name} is {task.kind}: one label a sound is needed")
        train, test = self._split(task, run.seed)
        labels = [row[0] for row in task.labels]
        network = new_network(self.ast, len(task.vocabulary), run.seed)

        def inputs(numbers: Sequence[int]) -> torch.Tensor:
            return _inputs(task, numbers)

        with run.progress(self.training.epochs, f"training on {len(train)} sounds") as bar:
            saved = run.checkpoints.load("finetune")
            if saved is not None:
                bar.update(len(saved["losses"]))

            def done(epoch: int, loss: float) -> None:
                bar.update(1, loss=loss)
                run.tracker.log({"finetune/loss": loss}, step=epoch)

            losses = fine_tune(
                network,
                inputs,
                labels,
                train,
                self.training,
                run.seed,
                self.device,
                done,
                lambda state: run.checkpoints.save("finetune", state),
                saved,
            )
        save_classifier(network, task.vocabulary, run.artifact("classifier/weights").parent)
        write_csv(run, "losses.csv", ["epoch", "loss"], list(enumerate(losses, 1)))
        metrics = {"loss": losses[-1], "trained_on": float(len(train))}
        if not test:
            return metrics
        logits = predict(network, inputs, test, self.training.chunk_examples, self.device)
        right = logits.argmax(axis=1) == [labels[number] for number in test]
        rows = [
            [number, task.vocabulary[labels[number]], task.vocabulary[int(guess)]]
            for number, guess in zip(test, logits.argmax(axis=1), strict=True)
        ]
        write_csv(run, "predictions.csv", ["sound", "label", "guess"], rows)
        accuracy = wilson(int(right.sum()), len(right))
        log.info("accuracy on %d sounds of fold %s: %s", len(test), self.fold, accuracy)
        return metrics | accuracy.metrics("accuracy") | {"tested_on": float(len(test))}

    def _split(self, task: Task, seed: int) -> tuple[list[int], list[int]]:
        """Numbers of the sounds to train and to test on."""
        if self.fold == "all":
            train, test = list(range(len(task.sounds))), []
        elif not 0 <= self.fold < len(task.folds):
            raise UserError(
                f"job.fold={self.fold}: task {task.name} has folds 0 to {len(task.folds) - 1}"
            )
        else:
            fold = task.folds[self.fold]
            train, test = sorted((*fold.train, *fold.valid)), sorted(fold.test)
        if self.n_sounds is not None and self.n_sounds < len(train):
            drawn = np.random.default_rng(seed).permutation(len(train))[: self.n_sounds]
            train = sorted(train[place] for place in drawn)
            test = test[: self.n_sounds]
        return train, test


def _inputs(task: Task, numbers: Sequence[int]) -> torch.Tensor:
    """The filter banks of some sounds of a task."""
    rows = []
    for clip in task.sounds.clips(numbers):
        if not isinstance(clip, Clip):
            raise UserError(f"{clip.name} of task {task.name} cannot be read: {clip.reason}")
        clip = fitted(clip, task.clip_s)
        wave = torch.from_numpy(clip.wave[None])
        rows.append(features(hear(wave, clip.sample_rate, Ast.sample_rate, torch.device("cpu"))))
    return torch.cat(rows)
