"""The training step and the validation that Lightning calls."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import jax
import lightning
import numpy as np
import torch

from doppel.front_end import N_FRAMES, N_MELS, FrontEnd
from doppel.losses import alignment, uniformity
from doppel.training.gathered import gathered, ranks
from doppel.training.recipe import Recipe
from doppel.training.spread import spread_of

__all__ = ["Pretraining"]

STAGES: tuple[str, ...] = ("render", "augment", "front_end", "encoder")


class Pretraining(lightning.LightningModule):
    """An encoder and its front end, trained on pairs that are made as they are needed.

    Which pairs a step sees depends on (seed, epoch, rank, step) alone, and so do the random parts
    of augmentations and of the encoder: a training that goes on from a checkpoint sees what it
    would have seen. All else that a step changes is in the checkpoint.

    Args:
        recipe: the settings.
        seed: of everything.
        first: an encoder to go on from; None: a new one of the recipe's architecture.
    """

    def __init__(self, recipe: Recipe, seed: int, first: torch.nn.Module | None = None) -> None:
        super().__init__()
        self.recipe, self.seed = recipe, seed
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.encoder = recipe.encoder.build() if first is None else first.train()
            self.head = torch.nn.Identity()
            if recipe.projection is not None:
                self.head = recipe.projection.build(_dimension(self.encoder))
        self.front_end = FrontEnd()
        self._pass = self.encoder
        self._delta_state = recipe.delta.start() if recipe.delta is not None else {}
        self.history: list[dict[str, float]] = []
        self._epoch = _Sums()
        self._held_out = _Sums()
        self._vectors: list[torch.Tensor] = []
        self.times: dict[str, float] = dict.fromkeys(STAGES, 0.0)
        self.latest: dict[str, torch.Tensor] = {}

    def setup(self, stage: str) -> None:
        """Make the streams of this rank."""
        recipe = self.recipe
        self.stream = recipe.source.training(
            self.seed, recipe.batch_size, self.global_rank, self.trainer.world_size
        )
        self.held_out = recipe.source.validation(self.seed, recipe.validation_pairs)
        if recipe.channels_last:
            self.encoder.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        if recipe.compile:
            self._pass = torch.compile(self.encoder)  # pyright: ignore[reportAttributeAccessIssue]

    def configure_optimizers(self) -> Any:
        """The recipe's, with a factor a step."""
        recipe, world = self.recipe, self.trainer.world_size
        total = recipe.epochs * recipe.steps_per_epoch(world)
        optimizer = recipe.optimizer.build(self.parameters(), recipe.batch_size * world)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: recipe.optimizer.factor(step / total)
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    def delta(self) -> float | None:
        """How far views are moved in the coming step; None: as far as the source says."""
        if self.recipe.delta is None:
            return None
        total = self.recipe.epochs * self.recipe.steps_per_epoch(self.trainer.world_size)
        return self.recipe.delta.delta(self._delta_state, self.global_step / total)

    def training_step(self, batch: int, batch_idx: int) -> torch.Tensor:
        """The loss of one batch of pairs."""
        steps = self.recipe.steps_per_epoch(self.trainer.world_size)
        epoch, step = divmod(self.global_step, steps)
        delta = self.delta()
        place = (self.seed, epoch, step, self.global_rank)
        with self._timed("render"), jax.default_device(self._jax_device):
            views = self.stream.batch(epoch, step, delta).to_torch()
        first, second = self._embedded(views, place)
        with self._timed("encoder"):
            first, second = gathered(first), gathered(second)
            loss = self._loss(first, second)
        self._keep_figures(loss, first, second, delta)
        return loss

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """A loss or gradient that is not finite ends the training before it spoils the weights.

        Raises:
            FloatingPointError: it is not.
        """
        norms = [p.grad.norm() for p in self.parameters() if p.grad is not None]
        norm = torch.stack(norms).norm()
        if not torch.isfinite(norm):
            raise FloatingPointError(
                f"the gradient is not finite at step {self.global_step}: lower the step size "
                "(optimizer), or look for a sound that is not finite"
            )

    def validation_step(self, batch: torch.Tensor | np.ndarray, batch_idx: int) -> None:
        """Alignment and uniformity of pairs that are never trained on."""
        with jax.default_device(self._jax_device):
            views = self.held_out.pairs(np.asarray(batch)).to_torch()
        pictures = self.front_end(torch.cat([view.to(self.device) for view in views]))
        vectors = self._encoded(pictures)
        projected = self.head(vectors)
        units = torch.nn.functional.normalize(projected, dim=1)
        first, second = units.chunk(2)
        self._held_out.add(
            len(first),
            alignment=alignment(first, second),
            uniformity=(uniformity(first) + uniformity(second)) / 2,
            loss=self._loss(*projected.chunk(2)),
        )
        if sum(map(len, self._vectors)) < 2048:
            self._vectors.append(vectors[: len(first)].cpu())

    def on_validation_epoch_end(self) -> None:
        """Close the epoch's row of the history."""
        spread = spread_of(torch.cat(_of_all_ranks(torch.cat(self._vectors))))
        row = {
            "epoch": float(self.current_epoch + 1),
            "step": float(self.global_step),
            **{f"train/{name}": value for name, value in self._epoch.means().items()},
            **{f"validation/{name}": value for name, value in self._held_out.means().items()},
            **spread._asdict(),
        }
        self._held_out, self._epoch, self._vectors = _Sums(), _Sums(), []
        self.history.append(row)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """What is not a weight."""
        checkpoint["pretraining"] = {
            "history": self.history,
            "epoch": self._epoch.state(),
            "delta": self._delta_state,
            "times": self.times,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it up again."""
        kept = checkpoint["pretraining"]
        self.history, self._delta_state = list(kept["history"]), dict(kept["delta"])
        self._epoch = _Sums.of(kept["epoch"])
        self.times = dict(kept["times"])

    def _embedded(
        self, views: tuple[torch.Tensor, torch.Tensor], place: tuple[int, ...]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        recipe, rate = self.recipe, self.recipe.source.sample_rate
        # All randomness of this step comes from its place.
        seeds = np.random.SeedSequence(place).generate_state(4)
        if recipe.augmentation is not None:
            with self._timed("augment"):
                first, second = (view.to(self.device) for view in views)
                first = recipe.augmentation(first, rate, int(seeds[0]))
                views = first, recipe.augmentation(second, rate, int(seeds[1]))
        with self._timed("front_end"):
            pictures = self.front_end(torch.cat([view.to(self.device) for view in views]))
            if recipe.picture_augmentation is not None:
                pictures = recipe.picture_augmentation(pictures, int(seeds[2]))
        with self._timed("encoder"):
            torch.manual_seed(int(seeds[3]))  # of layers that draw, such as dropout
            first, second = self.head(self._encoded(pictures)).chunk(2)
        return first, second

    def _encoded(self, pictures: torch.Tensor) -> torch.Tensor:
        half = self.recipe.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            vectors = self._pass(pictures)
        return vectors.float()

    def _loss(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        if self.recipe.loss.normalised:
            first = torch.nn.functional.normalize(first, dim=1)
            second = torch.nn.functional.normalize(second, dim=1)
        return self.recipe.loss(first, second)

    @torch.no_grad()
    def _keep_figures(
        self, loss: torch.Tensor, first: torch.Tensor, second: torch.Tensor, delta: float | None
    ) -> None:
        first = torch.nn.functional.normalize(first, dim=1)
        second = torch.nn.functional.normalize(second, dim=1)
        near, spread = alignment(first, second), (uniformity(first) + uniformity(second)) / 2
        self._epoch.add(1, loss=loss, alignment=near, uniformity=spread)
        self.latest = {"loss": loss.detach(), "alignment": near, "uniformity": spread}
        if delta is not None:
            self.latest["delta"] = torch.tensor(delta)
            self._epoch.add(0, delta=self.latest["delta"])
        if self.recipe.delta is not None:
            # All ranks see all vectors, so their schedules stay the same.
            self._delta_state = self.recipe.delta.after(self._delta_state, float(near))

    @property
    def _jax_device(self) -> Any:
        """The device of this rank, on which its sounds are made."""
        if self.device.type != "cuda":
            return None
        found = jax.local_devices(backend="gpu")
        own = [device for device in found if device.local_hardware_id == (self.device.index or 0)]
        return own[0]

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        """Add to a stage's seconds; exact on a CPU, on a GPU the time until work was handed over.

        `doppel/speed` measures GPUs with everything waited for.
        """
        start = time.perf_counter()
        yield
        self.times[stage] += time.perf_counter() - start


@torch.no_grad()
def _dimension(encoder: torch.nn.Module) -> int:
    """How many numbers an encoder's vector has."""
    encoder.eval()
    vector = encoder(torch.zeros(1, N_FRAMES, N_MELS))
    encoder.train()
    return int(vector.shape[1])


Thing = TypeVar("Thing")


def _of_all_ranks(thing: Thing) -> list[Thing]:
    """What each rank has, in the order of ranks."""
    each: list[Any] = [thing] * ranks()
    if ranks() > 1:
        torch.distributed.all_gather_object(each, thing)
    return each


class _Sums:
    """Sums of figures over steps, kept on the device until they are asked for."""

    def __init__(self) -> None:
        self._sums: dict[str, Any] = {}
        self._weights: dict[str, float] = {}

    def add(self, weight: int, **figures: torch.Tensor) -> None:
        """Add figures with a weight; weight 0 keeps the last value alone."""
        for name, value in figures.items():
            value = value.detach().double()
            if not weight:
                self._sums[name], self._weights[name] = value, 1.0
                continue
            self._sums[name] = self._sums.get(name, 0.0) + weight * value
            self._weights[name] = self._weights.get(name, 0.0) + weight

    def means(self) -> dict[str, float]:
        """Return the means; of all ranks together."""
        means = {name: float(self._sums[name]) / self._weights[name] for name in self._sums}
        each = _of_all_ranks(means)
        return {name: float(np.mean([one[name] for one in each])) for name in means}

    def state(self) -> dict[str, list[float]]:
        """Return plain values."""
        return {name: [float(self._sums[name]), self._weights[name]] for name in self._sums}

    @classmethod
    def of(cls, state: dict[str, list[float]]) -> _Sums:
        """Return the sums of a state."""
        sums = cls()
        for name, (total, weight) in state.items():
            sums._sums[name] = torch.tensor(total, dtype=torch.float64)
            sums._weights[name] = weight
        return sums
