"""Tasks that a synthesizer makes: a label is a range of its parameters, and so it is exact.

A class says in human units where some parameters lie; `common` says it for all classes, to keep
what else would blur the label (a second pitch, another LFO) out of the way. Every other parameter
is uniform in [0, 1], so that nothing but the label tells the classes apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float32

from eval.sounds.base import Clip, Unreadable
from eval.tasks.base import Fold, Task
from scripts.sounds.patches import uniform
from scripts.sounds.rendering import Draw, identity_of, rate_of, rendered
from synth.base import Synth

__all__ = ["LabelledPatches", "Ranges", "SynthTask", "semitones"]

Ranges = Mapping[str, tuple[float, float]]
"""From a parameter's full name to the ends of its range, in human units; equal ends set it."""


def semitones(lowest: int, highest: int, parameter: str = "keyboard.midi_f0") -> dict[str, Ranges]:
    """One class a key of the keyboard, named by its MIDI number.

    >>> semitones(60, 61)
    {'60': {'keyboard.midi_f0': (60.0, 60.0)}, '61': {'keyboard.midi_f0': (61.0, 61.0)}}
    """
    keys = range(lowest, highest + 1)
    return {str(key): {parameter: (float(key), float(key))} for key in keys}


@dataclass(frozen=True)
class LabelledPatches:
    """Random patches of classes in turn: sound i is of class i modulo their number.

    Attributes:
        name: of the set; another one is another draw.
        synth: what is played.
        classes: the parameters that make each class.
        common: those that hold for all classes; a class's own come first.
        n: how many sounds.
        seed: sound i depends on (name, seed, i) alone.
        sample_rate: in Hz; None is the synth's own.
    """

    name: str
    synth: Synth
    classes: Mapping[str, Ranges]
    common: Ranges
    n: int
    seed: int
    sample_rate: float | None = None

    @property
    def identity(self) -> str:
        """The synth with its code, the ranges, the seed, how many, and the rate."""
        ranges = [[name, sorted(ranges.items())] for name, ranges in self.classes.items()]
        rate = rate_of(self.synth, self.sample_rate)
        return (
            f"{self.n} patches of {self.name}, seed {self.seed}, at {rate} Hz, classes {ranges}, "
            f"{sorted(self.common.items())}, of {identity_of(self.synth)}"
        )

    def __len__(self) -> int:
        """How many sounds."""
        return self.n

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        """Render the sounds of those numbers.

        Raises:
            IndexError: a number is not in [0, len).
            ValueError: a class names a parameter that the synth lacks, or a range outside of it.
        """
        return [*rendered(self.synth, self._draw, indices, self.n, self.sample_rate, self.name)]

    @cached_property
    def _draw(self) -> Draw:
        low, high = (jnp.asarray(ends) for ends in self._ends)
        anywhere = uniform(self.synth.n_params, self.seed, f"task {self.name}")

        def draw(indices):
            unit, noise_keys = anywhere(indices)
            kind = indices % low.shape[0]
            return low[kind] + (high - low)[kind] * unit, noise_keys

        return jax.jit(draw)

    @property
    def _ends(self) -> tuple[Float32[np.ndarray, "n_classes n_params"], ...]:
        """Each class's lowest and highest values in [0, 1]."""
        column = {parameter.name: i for i, parameter in enumerate(self.synth.parameters)}
        shape = (len(self.classes), self.synth.n_params)
        low, high = np.zeros(shape, np.float32), np.ones(shape, np.float32)
        for row, (label, own) in enumerate(self.classes.items()):
            for name, (bottom, top) in {**self.common, **own}.items():
                if name not in column:
                    raise ValueError(
                        f"class {label} of {self.name}: {type(self.synth).__name__} has no "
                        f"parameter {name!r}; it has {', '.join(column)}"
                    )
                scope = self.synth.parameters[column[name]]
                if not scope.minimum <= bottom <= top <= scope.maximum:
                    raise ValueError(
                        f"class {label} of {self.name}: {name} in [{bottom:g}, {top:g}] must lie "
                        f"in order within [{scope.minimum:g}, {scope.maximum:g}] {scope.unit}"
                    )
                low[row, column[name]] = scope.to_unit(np.float64(bottom))
                high[row, column[name]] = scope.to_unit(np.float64(top))
        return low, high


@dataclass(frozen=True)
class SynthTask:
    """A multiclass task of a synthesizer's own sounds, with one fold.

    Attributes:
        name: of the task.
        synth: what is played.
        classes: the ranges of parameters that make each class, by its name.
        common: ranges that hold for all classes.
        n_per_class: sounds of each class, at least 4.
        valid, test: shares of them; at least one sound of a class each. The rest is for training.
        seed: of everything that the classes leave open.
        sample_rate: in Hz; None is the synth's own.
        metrics: names of `eval.probe.scores`, the task's own first.
        max_epochs: of a probe.
    """

    name: str
    synth: Synth
    classes: Mapping[str, Ranges]
    common: Ranges = field(default_factory=dict)
    n_per_class: int = 60
    valid: float = 0.2
    test: float = 0.2
    seed: int = 0
    sample_rate: float | None = None
    metrics: tuple[str, ...] = ("top1_acc",)
    max_epochs: int = 200

    def __post_init__(self) -> None:
        """Refuse what cannot be split.

        Raises:
            ValueError: fewer than two classes or four sounds of each, or shares that leave nothing.
        """
        if len(self.classes) < 2:
            raise ValueError(f"task {self.name} needs 2 classes at least, got {len(self.classes)}")
        if self.n_per_class < 4:
            raise ValueError(f"n_per_class must be at least 4, got {self.n_per_class}")
        if min(self.valid, self.test) <= 0 or self.valid + self.test > 0.75:
            raise ValueError(
                "valid and test are shares above 0 that leave a quarter for training at least, "
                f"got {self.valid} and {self.test}"
            )

    def load(self) -> Task:
        """Return the task; nothing is rendered before its sounds are asked for."""
        n_classes = len(self.classes)
        n = self.n_per_class * n_classes
        sounds = LabelledPatches(
            self.name, self.synth, self.classes, self.common, n, self.seed, self.sample_rate
        )
        # Sounds of a class are drawn alike and independently: the first ones are as good as any.
        n_valid, n_test = (
            max(1, round(share * self.n_per_class)) * n_classes for share in (self.valid, self.test)
        )
        numbers = tuple(range(n))
        fold = Fold(
            "made",
            train=numbers[n_valid + n_test :],
            valid=numbers[:n_valid],
            test=numbers[n_valid : n_valid + n_test],
        )
        return Task(
            self.name,
            sounds,
            labels=tuple((number % n_classes,) for number in numbers),
            vocabulary=tuple(self.classes),
            kind="multiclass",
            metrics=self.metrics,
            folds=(fold,),
            max_epochs=self.max_epochs,
        )
