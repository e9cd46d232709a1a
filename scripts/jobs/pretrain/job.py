"""The job of `doppel/pretrain`: an encoder learns from pairs of sounds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from doppel.checkpoint import load_encoder, save_encoder
from doppel.encoders import Encoder
from doppel.training.processes import RankFailed, assist
from doppel.training.recipe import Recipe
from doppel.training.run import Collapsed, Hardware, Trained, pretrain
from scripts.embedders.pretrained import ENCODER_FILE
from scripts.jobs.pretrain.report import Listening, Told, write
from scripts.runtime.errors import UserError
from scripts.runtime.progress import Progress
from scripts.runtime.source import Source

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["Pretrain"]

log = logging.getLogger(__name__)

CHECKPOINTS = "checkpoints"  # in the run's folder


@dataclass(frozen=True)
class Pretrain:
    """Train an encoder on pairs that are made as they are needed (Audio Doppelgängers).

    Killed at any moment, the same command goes on from the last checkpoint and, on a CPU, ends with
    the same bits. Writes `encoder.safetensors`, `history.csv`, pictures and `index.html`.

    Attributes:
        recipe: pairs, encoder, loss, and how long.
        untrained: the encoder is saved with its first weights, the baseline of every table.
        start: an encoder to go on from, in place of first weights; its own architecture counts.
        start_run: the run that made such an encoder.
        n_devices, n_nodes: see `doppel.training.run.Hardware`; they multiply the batch.
        dtype: of the saved weights.
        listen_every: epochs between pairs that the tracker gets to hear and see; 0: none.
        examples: pairs on the page.
        device: where to train.
        checkpoint_every, log_every: steps.
    """

    recipe: Recipe
    untrained: bool = False
    start: Path | None = None
    start_run: Source | None = None
    n_devices: int = 0
    n_nodes: int = 1
    dtype: Literal["float32", "float16"] = "float32"
    listen_every: int = 10
    examples: int = 3
    device: str = "auto"
    checkpoint_every: int = 200
    log_every: int = 20

    def __call__(self, run: Run) -> dict[str, float]:
        """Train, save, and give the losses of the last validation."""
        first = self._first(run.config)
        listening = Listening(self.recipe, run.seed, self.examples)
        if self.untrained:
            encoder = first[0] if first else _seeded(self.recipe.encoder, run.seed)
            trained = Trained(encoder.eval(), [], 0.0, 0)
        else:
            trained = self._trained(run, first, listening)
        save_encoder(
            run.artifact(ENCODER_FILE),
            trained.encoder,
            first[1] if first else self.recipe.encoder,
            {
                "experiment": run.experiment,
                "run": run.hash,
                "seed": run.seed,
                "scale": str(run.config.get("scale", "")),
                "licence": "as the code",
            },
            self.dtype,
        )
        return write(run, trained, listening)

    def assist(self, config: Mapping[str, Any], folder: Path) -> None:
        """Train as one of several ranks that a scheduler started; rank 0 is called as usual."""
        if self.untrained:
            return
        if config["rerun"]:
            raise UserError(
                f"rerun=true with several processes: rank 0 would clear {folder} while others read "
                "in it; delete the folder, and leave rerun out"
            )
        first = self._first(config)
        assist(
            recipe=self.recipe,
            seed=config["seed"],
            folder=folder / CHECKPOINTS,
            hardware=self._hardware,
            first=first[0] if first else None,
        )

    def _first(self, config: Mapping[str, Any]) -> tuple[torch.nn.Module, Encoder] | None:
        """The encoder to go on from."""
        if self.start is not None and self.start_run is not None:
            raise UserError("job.start and job.start_run are both given: an encoder has one start")
        path = self.start
        if self.start_run is not None:
            path = self.start_run.folder(config, ENCODER_FILE).path / ENCODER_FILE
        if path is None:
            return None
        loaded = load_encoder(path)
        log.info("going on from the encoder of %s", path)
        return loaded.module, loaded.encoder

    @property
    def _hardware(self) -> Hardware:
        return Hardware(
            self.device, self.n_devices, self.n_nodes, self.checkpoint_every, self.log_every
        )

    def _trained(
        self, run: Run, first: tuple[torch.nn.Module, Encoder] | None, listening: Listening
    ) -> Trained:
        told = _Telling(run, listening, self.listen_every)
        try:
            return pretrain(
                self.recipe,
                run.seed,
                run.artifact(f"{CHECKPOINTS}/training.ckpt").parent,
                told,
                self._hardware,
                run.check,
                first[0] if first else None,
            )
        except (Collapsed, RankFailed) as error:
            raise UserError(str(error)) from error
        finally:
            told.close()


@dataclass
class _Telling:
    """Hands what a training tells to the run's bar and tracker."""

    run: Run
    listening: Listening
    listen_every: int
    _bar: Progress | None = None
    _close: Callable[..., object] | None = None
    _latest: Told = field(default_factory=dict)

    def begin(self, step: int, total: int) -> None:
        shown = self.run.progress(total, "training", step)
        self._bar, self._close = shown.__enter__(), shown.__exit__

    def step(self, step: int, figures: Told) -> None:
        if figures:
            self.run.tracker.log(figures, step=step)
            self._latest = {
                name.split("/")[1]: figures[name]
                for name in ("train/alignment", "train/uniformity")
            }
        assert self._bar is not None, "a training begins before its first step"
        self._bar.update(1, **self._latest)

    def epoch(self, row: Told) -> None:
        step = int(row["step"])
        self.run.tracker.log({k: v for k, v in row.items() if k not in ("epoch", "step")}, step)
        heard = self.listening.n and self.listen_every
        if heard and int(row["epoch"]) % self.listen_every == 0:
            self.run.tracker.figure("pairs", self.listening.spectrograms())
            for name, wave, rate in self.listening.sounds():
                self.run.tracker.audio(f"pairs/{name}", wave, rate, name)

    def close(self) -> None:
        if self._close is not None:
            self._close(None, None, None)


def _seeded(encoder: Encoder, seed: int) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return encoder.build()
