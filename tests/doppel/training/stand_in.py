"""A small pretraining that takes a second: tones of one oscillator, an encoder of two channels."""

from dataclasses import dataclass

from doppel.encoders.resnet import ResNetEncoder
from doppel.sources.synthetic import SyntheticSource
from doppel.training.optimizers import AdamW
from doppel.training.recipe import Recipe
from doppel.training.run import Hardware
from synth.config import SynthConfig
from synth.synth import OneOsc

SYNTH = OneOsc(SynthConfig(sample_rate=16000, buffer_size_seconds=0.1))
SOURCE = SyntheticSource(SYNTH, delta=0.1)
CPU = Hardware(device="cpu", checkpoint_every=1, log_every=1)


def recipe(**more):
    """Three epochs of three steps of four pairs."""
    settings = {
        "optimizer": AdamW(1e-3),
        "epochs": 3,
        "pairs_per_epoch": 16,
        "validation_share": 0.25,
        "batch_size": 4,
        "collapsed_below": 0.0,
    } | more
    encoder = settings.pop("encoder", ResNetEncoder(width=2, blocks=(1, 1, 1, 1)))
    return Recipe(settings.pop("source", SOURCE), encoder, **settings)


class Killed(BaseException):
    """Stands for a process that ends at once."""


@dataclass
class Witness:
    """Notes what it is told, and dies after a step or an epoch."""

    dies_after_step: int | None = None
    dies_after_epoch: int | None = None

    def __post_init__(self):
        self.begun, self.steps, self.rows = [], [], []

    def begin(self, step, total):
        self.begun.append((step, total))

    def step(self, step, figures):
        self.steps.append((step, figures))
        if step == self.dies_after_step:
            raise Killed

    def epoch(self, row):
        self.rows.append(row)
        if row["epoch"] == self.dies_after_epoch:
            raise Killed
