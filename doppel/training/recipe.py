"""What a pretraining is made of: pairs, their changes, an encoder, a loss, and how long."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from doppel.augmentation.protocol import Augmentation, PictureAugmentation
from doppel.encoders import Encoder
from doppel.front_end import SAMPLE_RATE
from doppel.losses import AlignUniform, Loss
from doppel.schedule import Schedule
from doppel.sources.protocol import PairSource
from doppel.training.optimizers import Optimizer, PublishedSGD
from doppel.training.projection import Projection

__all__ = ["Precision", "Recipe"]

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Recipe:
    """Settings of a pretraining; the defaults are those of Audio Doppelgängers on one GPU.

    Attributes:
        source: of the pairs, for training and validation.
        encoder: its architecture.
        loss: what is made small.
        optimizer: how.
        projection: between the encoder and the loss, thrown away afterwards; None: none, as
            published.
        augmentation: of every view; None: none.
        picture_augmentation: of every view's log-mel picture; None: none.
        delta: how far the views of a synthetic pair lie apart, over the training; None: the
            source's own.
        epochs: from one validation to the next is an epoch.
        pairs_per_epoch: those of training and validation together.
        validation_share: of these, the ones that are never trained on.
        batch_size: pairs a step and rank.
        precision: of the encoder's pass; bfloat16 is PyTorch's autocast.
        channels_last: memory order of pictures within the encoder; changes no result but for
            rounding.
        compile: whether the encoder is compiled.
        collapsed_below: an effective rank below this one at a validation, after the first tenth of
            the training, stops it.
    """

    source: PairSource
    encoder: Encoder
    loss: Loss = field(default_factory=AlignUniform)
    optimizer: Optimizer = field(default_factory=PublishedSGD)
    projection: Projection | None = None
    augmentation: Augmentation | None = None
    picture_augmentation: PictureAugmentation | None = None
    delta: Schedule | None = None
    epochs: int = 200
    pairs_per_epoch: int = 100_000
    validation_share: float = 0.1
    batch_size: int = 768
    precision: Precision = "float32"
    channels_last: bool = True
    compile: bool = False
    collapsed_below: float = 1.2

    def __post_init__(self) -> None:
        """Refuse what cannot be trained.

        Raises:
            ValueError: a number out of its range, pairs of another rate than the front end's, or
                an augmentation in the place of another kind.
        """
        if (rate := self.source.sample_rate) != SAMPLE_RATE:
            raise ValueError(
                f"the pairs have {rate:g} Hz, and the front end hears {SAMPLE_RATE:g} Hz: "
                f"sample_rate={SAMPLE_RATE:g}, or pairs.sample_rate={SAMPLE_RATE:g} to resample"
            )
        changes = {"augmentation": "sounds", "picture_augmentation": "pictures"}
        for name, what in changes.items():
            given = getattr(self, name)
            if given is not None and given.changes != what:
                raise ValueError(f"{name} changes {what}, and {type(given).__name__} does not")
        if self.epochs < 1 or self.batch_size < 2:
            raise ValueError(
                f"epochs={self.epochs}, batch_size={self.batch_size}: an epoch and two pairs a "
                "step are needed, since the loss compares pairs"
            )
        if not 0.0 < self.validation_share < 1.0:
            raise ValueError(f"validation_share={self.validation_share}: it lies between 0 and 1")
        if self.validation_pairs < 2 or self.steps_per_epoch(1) < 1:
            raise ValueError(
                f"pairs_per_epoch={self.pairs_per_epoch}: with {self.validation_share:.0%} for "
                f"validation there is no batch of {self.batch_size} pairs to train on, or fewer "
                "than two to validate with"
            )

    @property
    def validation_pairs(self) -> int:
        """How many pairs are never trained on."""
        return round(self.pairs_per_epoch * self.validation_share)

    def steps_per_epoch(self, ranks: int) -> int:
        """Steps of an epoch; what is left over after whole batches is not made.

        Raises:
            ValueError: not one batch for every rank, or no two pairs to validate with.
        """
        if self.validation_pairs < 2 * ranks:
            raise ValueError(
                f"{self.validation_pairs} pairs for validation are not two for each of {ranks} "
                "ranks: more pairs_per_epoch or a larger validation_share is needed"
            )
        steps = (self.pairs_per_epoch - self.validation_pairs) // (self.batch_size * ranks)
        if steps < 1 and ranks > 1:
            raise ValueError(
                f"pairs_per_epoch={self.pairs_per_epoch} has no batch of {self.batch_size} pairs "
                f"for each of {ranks} ranks"
            )
        return steps
