"""What a system is: whatever has sounds for prompts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ctag.prompts import PromptSet
from eval.sounds.base import Sounds
from scripts.runtime.errors import UserError

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["Prompted", "System", "counted", "plain"]


@dataclass(frozen=True)
class Prompted:
    """Sounds and the label that each was made for.

    Attributes:
        sounds: the set.
        labels: one a sound.
    """

    sounds: Sounds
    labels: tuple[str, ...]


@runtime_checkable
class System(Protocol):
    """Makes or finds sounds for prompts."""

    @property
    def name(self) -> str:
        """Short and printable, such as "ctag"."""
        ...

    def sounds(self, run: Run, prompts: PromptSet, each: int) -> Prompted:
        """Return sounds for every prompt, in the order of the prompts' labels.

        Args:
            run: that asks; what is made goes into its folder.
            prompts: what the sounds are to be of.
            each: so many a prompt, the first ones where there are more.

        Raises:
            UserError: a prompt has fewer; the message says what to do.
        """
        ...


def plain(text: str) -> str:
    """Return a prompt as file names hold it.

    >>> plain("Dishes, pots, and pans"), plain("sea_waves")
    ('dishes-pots-and-pans', 'sea-waves')
    """
    return re.sub(r"[^\w]+|_+", "-", text.lower()).strip("-")


def counted(
    found: Mapping[str, Sequence[str]], labels: Sequence[str], each: int, where: str
) -> list[tuple[str, str]]:
    """Return (label, file) pairs, `each` of every label, or refuse labels that have fewer.

    Args:
        found: the files of each label.
        labels: what is wanted, in order.
        each: so many.
        where: what was searched, for the message.

    Raises:
        UserError: a label has fewer files.
    """
    short = [label for label in labels if len(found.get(label, ())) < each]
    if short:
        counts = ", ".join(f"{label} ({len(found.get(label, ()))})" for label in short[:5])
        more = f" and {len(short) - 5} more" if len(short) > 5 else ""
        raise UserError(
            f"{where}: {each} sounds of every prompt are wanted, and there are fewer of "
            f"{counts}{more}; add them, or ask for fewer: job.each=N"
        )
    return [(label, file) for label in labels for file in found[label][:each]]
