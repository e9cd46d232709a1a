"""Runs a pretraining: from the beginning or from where it was stopped, to the same end."""

from __future__ import annotations

import logging
import math
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, runtime_checkable

import lightning
import numpy as np
import torch
from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.pytorch.strategies import DDPStrategy, Strategy

from doppel.training.checkpoint_io import AtomicCheckpoints, newest
from doppel.training.gathered import ranks
from doppel.training.module import Pretraining
from doppel.training.processes import launched
from doppel.training.recipe import Recipe
from eval.harness.ranks import scheduled

__all__ = ["Collapsed", "Hardware", "Reporter", "Trained", "pretrain"]

log = logging.getLogger(__name__)

CHECKPOINT = "training.ckpt"


class Collapsed(RuntimeError):
    """The encoder says the same of all sounds."""


@runtime_checkable
class Reporter(Protocol):
    """Is told how a training goes; on rank 0 alone."""

    def begin(self, step: int, total: int) -> None:
        """The training begins at a step of so many."""
        ...

    def step(self, step: int, figures: dict[str, float]) -> None:
        """A step was made; figures every `Hardware.log_every` steps, else none."""
        ...

    def epoch(self, row: dict[str, float]) -> None:
        """An epoch was validated."""
        ...


@dataclass(frozen=True)
class Hardware:
    """Where a pretraining runs, and how often it is saved; changes no result on one device.

    Attributes:
        device: "auto", "cpu" or "gpu".
        n_devices: on each node; 0: all GPUs, one CPU process.
        n_nodes: of the cluster.
        checkpoint_every: steps.
        log_every: steps.
    """

    device: str = "auto"
    n_devices: int = 0
    n_nodes: int = 1
    checkpoint_every: int = 200
    log_every: int = 20


@dataclass(frozen=True)
class Trained:
    """A finished pretraining.

    Attributes:
        encoder: on the CPU, in eval mode.
        history: a row an epoch.
        seconds: of this process, without its first step, in which programs are compiled.
        steps: made in that time.
        shares: of these seconds, by stage.
    """

    encoder: torch.nn.Module
    history: list[dict[str, float]]
    seconds: float
    steps: int
    shares: dict[str, float] = field(default_factory=dict)


def pretrain(
    recipe: Recipe,
    seed: int,
    folder: Path,
    reporter: Reporter,
    hardware: Hardware | None = None,
    before_save: Callable[[], None] | None = None,
    first: torch.nn.Module | None = None,
) -> Trained:
    """Train an encoder, and go on where the folder has a checkpoint.

    On several devices of one machine this process is rank 0 and starts the others. Where a
    scheduler has started all (srun, torchrun), rank 0 calls this and the others
    `doppel.training.processes.assist`.

    Args:
        recipe: what is trained.
        seed: of everything.
        folder: for the checkpoint and the one before it.
        reporter: is told how it goes.
        hardware: where; None: what is there.
        before_save: called before every checkpoint; may raise to refuse it.
        first: an encoder to go on from; it is trained itself. None: a new one.

    Raises:
        Collapsed: the encoder says the same of all sounds; the message says what helps.
        FloatingPointError: a gradient is not finite.
        CheckpointError: there are checkpoints, and none can be read.
        RankFailed: another process of this training failed.
        OSError: a checkpoint cannot be written.
    """
    hardware = hardware or Hardware()
    ours = _count(hardware) if "LOCAL_RANK" not in os.environ and scheduled() == 1 else 1
    if ours > 1 and hardware.n_nodes == 1:
        task = {
            "recipe": recipe, "seed": seed, "folder": folder, "hardware": hardware, "first": first,
        }  # fmt: skip
        with launched(ours, task, folder):
            return pretrain(**task, reporter=reporter, before_save=before_save)
    module = Pretraining(recipe, seed, first)
    keeper = _Keeper(folder / CHECKPOINT, recipe, reporter, hardware)
    with _quiet():
        trainer = lightning.Trainer(
            max_epochs=recipe.epochs,
            accelerator=hardware.device,
            devices=hardware.n_devices or ("auto" if _on_gpu(hardware) else 1),
            num_nodes=hardware.n_nodes,
            strategy=_strategy(hardware),
            callbacks=[keeper],
            plugins=[AtomicCheckpoints(before_save), _environment()],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            deterministic="warn",
            default_root_dir=folder,
        )
    world = trainer.world_size
    steps = _Numbers(recipe.steps_per_epoch(world))
    held_out = _Blocks(recipe.validation_pairs, recipe.batch_size, trainer.global_rank, world)
    try:
        with _quiet(), keeper.listening():
            begin = newest(folder / CHECKPOINT)
            trainer.fit(module, steps, held_out, ckpt_path=begin, weights_only=True)
    finally:
        if world > 1 and torch.distributed.is_initialized():  # Lightning leaves it
            torch.distributed.destroy_process_group()
    seconds = max(keeper.seconds, 1e-9)
    shares = {name: spent / seconds for name, spent in keeper.spent(module).items()}
    return Trained(module.encoder.cpu().eval(), module.history, seconds, keeper.steps, shares)


class _Keeper(lightning.Callback):
    """Saves, reports, and stops where it is asked to or where nothing is learned."""

    def __init__(
        self, path: Path, recipe: Recipe, reporter: Reporter, hardware: Hardware
    ) -> None:
        self._path, self._recipe, self._reporter, self._hardware = path, recipe, reporter, hardware
        self._signal: int | None = None
        self._handlers: dict[int, Any] = {}
        self._begin: float | None = None  # the end of the first step, which compiles
        self._times: dict[str, float] = {}
        self._last = (0, 0.0)
        self._due = False
        self.steps = 0
        self.seconds = 0.0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGTERM and Ctrl-C as wishes, which are granted after the step, with a checkpoint.

        Then what would have handled the signal does.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            self._handlers[number] = signal.signal(number, self._wish)
        try:
            yield
        except _Stopped:
            # Another rank was asked, perhaps: this one is no more finished than that.
            self._signal = self._signal or signal.SIGTERM
        finally:
            for number, handler in self._handlers.items():
                signal.signal(number, handler)
        if self._signal is not None:
            signal.raise_signal(self._signal)

    def _wish(self, number: int, frame: FrameType | None) -> None:
        if self._signal is not None:  # asked twice: at once
            signal.signal(number, self._handlers[number])
            signal.raise_signal(number)
        self._signal = number

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Tell where it begins, and take back the signals, whose handlers Lightning has replaced.

        Its own stops between an epoch's last step and the validation, with nothing saved.
        """
        for number in self._handlers:
            signal.signal(number, self._wish)
        total = self._recipe.epochs * self._recipe.steps_per_epoch(trainer.world_size)
        if trainer.is_global_zero:
            self._reporter.begin(trainer.global_step, total)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        module: lightning.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Report, save where it is time to, and stop where it was asked for."""
        assert isinstance(module, Pretraining)
        step = trainer.global_step
        if self._begin is None:
            self._begin, self._times = time.perf_counter(), dict(module.times)
            self._last = (step, self._begin)
        else:
            self.steps += 1
            self.seconds = time.perf_counter() - self._begin
        if trainer.is_global_zero:
            due = step % self._hardware.log_every == 0
            self._reporter.step(step, self._figures(trainer, module) if due else {})
        self._due |= step % self._hardware.checkpoint_every == 0
        # After an epoch's last step Lightning goes on behind its validation, which would be lost.
        if step % self._recipe.steps_per_epoch(trainer.world_size):
            self._save_or_stop(trainer)

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Save what the last step left to be saved, now that it is validated."""
        self._save_or_stop(trainer)

    def _save_or_stop(self, trainer: lightning.Trainer) -> None:
        stopped = self._anybody_asked()
        if stopped or self._due:
            trainer.save_checkpoint(self._path, weights_only=False)
            self._due = False
        if stopped:
            raise _Stopped

    def on_validation_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Report the epoch, and stop where the encoder has collapsed.

        Raises:
            Collapsed: it has.
        """
        assert isinstance(module, Pretraining)
        row = module.history[-1]
        if trainer.is_global_zero:
            self._reporter.epoch(row)
        late = row["epoch"] >= math.ceil(self._recipe.epochs / 10)
        rank = row["effective_rank"]
        if late and not rank >= self._recipe.collapsed_below:
            raise Collapsed(
                f"the encoder says nearly the same of all sounds after epoch {row['epoch']:.0f}: "
                f"their vectors have an effective rank of {rank:.2f}; lower the step size "
                "(optimizer), give uniformity more weight (loss.uniform_weight), or lower delta"
            )

    def spent(self, module: Pretraining) -> dict[str, float]:
        """Seconds by stage since the training began here."""
        return {name: module.times[name] - self._times.get(name, 0.0) for name in module.times}

    def _figures(self, trainer: lightning.Trainer, module: Pretraining) -> dict[str, float]:
        now, (before, then) = time.perf_counter(), self._last
        pairs = (trainer.global_step - before) * self._recipe.batch_size * trainer.world_size
        self._last = (trainer.global_step, now)
        return {
            **{f"train/{name}": float(value) for name, value in module.latest.items()},
            "lr": trainer.optimizers[0].param_groups[0]["lr"],
            "pairs_per_second": pairs / max(now - then, 1e-9),
            **{
                f"share/{name}": spent / max(self.seconds, 1e-9)
                for name, spent in self.spent(module).items()
            },
        }

    def _anybody_asked(self) -> bool:
        """Whether a rank was asked to stop: all save the same step."""
        asked = self._signal is not None
        if ranks() == 1:
            return asked
        flag = torch.tensor([float(asked)])
        if torch.distributed.get_backend() == "nccl":
            flag = flag.cuda()
        torch.distributed.all_reduce(flag)
        return bool(flag.item())


class _Stopped(Exception):
    """A checkpoint was written, since somebody asked to stop."""


@dataclass(frozen=True)
class _Numbers:
    """As many numbers as an epoch has steps: which pairs a step sees, the module works out."""

    n: int

    def __len__(self) -> int:
        return self.n

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.n))


@dataclass(frozen=True)
class _Blocks:
    """The numbers of a rank's pairs to validate with, in blocks of a batch.

    A last block of one pair would have no uniformity and is left out.
    """

    n: int
    size: int
    rank: int
    ranks: int

    def __len__(self) -> int:
        return len(self._blocks())

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter(self._blocks())

    def _blocks(self) -> list[np.ndarray]:
        mine = np.arange(self.rank, self.n, self.ranks)
        blocks = [mine[start : start + self.size] for start in range(0, len(mine), self.size)]
        return [block for block in blocks if len(block) > 1]


def _on_gpu(hardware: Hardware) -> bool:
    return hardware.device == "gpu" or (hardware.device == "auto" and torch.cuda.is_available())


def _strategy(hardware: Hardware) -> Strategy | str:
    many = hardware.n_nodes > 1 or _count(hardware) > 1
    return DDPStrategy(gradient_as_bucket_view=True) if many else "auto"


def _count(hardware: Hardware) -> int:
    """How many devices train on each node."""
    return hardware.n_devices or (torch.cuda.device_count() if _on_gpu(hardware) else 1)


def _environment() -> ClusterEnvironment:
    """Who tells the ranks of each other: the scheduler that started them, or rank 0 here.

    Lightning's own guess would take the one task of a Slurm job for a rank of several.
    """
    if scheduled() == 1:
        return LightningEnvironment()
    torchrun = TorchElasticEnvironment.detect()
    return TorchElasticEnvironment() if torchrun else SLURMEnvironment(auto_requeue=False)


@contextmanager
def _quiet() -> Iterator[None]:
    """Lightning's advice on data loaders and its banner say nothing here."""
    names = (
        "lightning.fabric.utilities.distributed",
        "lightning.pytorch.utilities.rank_zero",
        "lightning.pytorch.accelerators.cuda",
        "lightning.pytorch.trainer.connectors.checkpoint_connector",
    )
    levels = {name: logging.getLogger(name).level for name in names}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning\.")
        for name in names:
            logging.getLogger(name).setLevel(logging.WARNING)
        try:
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
