"""Named sets of sounds that an experiment sets side by side."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from eval.sounds.base import Clip, Sounds
from scripts.runtime.errors import UserError

__all__ = ["Collection"]


@dataclass(frozen=True)
class Collection:
    """Sets of sounds, and which of them stand for what.

    Attributes:
        sounds: the sets by name, in the order in which they are shown.
        synthetic: names of those that were synthesized at random.
        real: names of those that were recorded.
        mixtures: names of those that are mixed from recordings.
        only: names of the sets that take part; None: all.
    """

    sounds: Mapping[str, Sounds]
    synthetic: tuple[str, ...] = ()
    real: tuple[str, ...] = ()
    mixtures: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None

    def checked(self) -> "Collection":
        """Return what takes part, or refuse what cannot be compared; before anything is rendered.

        Raises:
            UserError: no set takes part, or a name is not there or has two roles.
        """
        roles = (*self.synthetic, *self.real, *self.mixtures)
        for name in (*roles, *(self.only or ())):
            if name not in self.sounds:
                raise UserError(
                    f"sets names {name!r}; there are {', '.join(self.sounds) or 'none'}"
                )
            if roles.count(name) > 1:
                raise UserError(f"sets gives {name!r} two roles: synthetic, real or mixtures")
        names = [name for name in self.sounds if self.only is None or name in self.only]
        if not names:
            raise UserError("sets.sounds is empty: name at least one set of sounds")

        def taking(group: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(name for name in group if name in names)

        return Collection(
            {name: self.sounds[name] for name in names},
            taking(self.synthetic),
            taking(self.real),
            taking(self.mixtures),
        )

    def role(self, name: str) -> str:
        """Return "synthetic", "real", "mixture" or, where it has none, "other"."""
        if name in self.synthetic:
            return "synthetic"
        if name in self.real:
            return "real"
        return "mixture" if name in self.mixtures else "other"

    def pooled(self, columns: Mapping[str, np.ndarray], names: Iterable[str]) -> np.ndarray:
        """Return the values of some sets one after the other."""
        return np.concatenate([columns[name] for name in names] or [np.empty(0)])

    def clip(self, name: str, number: int) -> Clip:
        """Return a sound that could be read before.

        Raises:
            UserError: it cannot be read any more.
        """
        (clip,) = self.sounds[name].clips([number])
        if not isinstance(clip, Clip):
            raise UserError(f"{clip.name} of {name} cannot be read any more: {clip.reason}")
        return clip
