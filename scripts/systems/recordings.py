"""Real sounds in a system's place: the recordings of a task that bear the prompts' labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ctag.prompts import PromptSet
from eval.sounds.base import Sounds, check_numbers
from eval.tasks.base import TaskSource
from scripts.runtime.errors import UserError
from scripts.systems.base import Prompted, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eval.sounds.base import Clip, Unreadable
    from scripts.runtime.run import Run

__all__ = ["Recordings"]


@dataclass(frozen=True)
class Recordings:
    """The clips of a labelled task; all of a label, however many are asked for.

    Attributes:
        task: the recordings; labels that are none of the prompts are left out.
        name: of the system.
        assets: stand-ins have other labels: they are dealt out among the prompts.
    """

    task: TaskSource
    name: str = "real"
    assets: str = "published"

    def sounds(self, run: Run, prompts: PromptSet, each: int) -> Prompted:
        """Return every clip of the prompts' labels.

        Raises:
            UserError: a prompt is no label of the task.
        """
        task = self.task.load()
        labels = prompts.labels()
        if self.assets == "stand_in":
            given = [labels[number % len(labels)] for number in range(len(task.sounds))]
            return Prompted(task.sounds, tuple(given))
        of_name = {plain(name): number for number, name in enumerate(task.vocabulary)}
        missing = [label for label in labels if plain(label) not in of_name]
        if missing:
            raise UserError(
                f"the task {task.name} has no label {missing[0]!r} (and {len(missing) - 1} more of "
                f"{len(labels)} prompts); it has {', '.join(task.vocabulary[:8])}, ..."
            )
        numbers: list[int] = []
        given = []
        for label in labels:
            wanted = of_name[plain(label)]
            own = [n for n, row in enumerate(task.labels) if wanted in row]
            numbers += own
            given += [label] * len(own)
        return Prompted(_Chosen(task.sounds, tuple(numbers), self.name), tuple(given))


@dataclass(frozen=True)
class _Chosen:
    """Sounds of given numbers."""

    all_sounds: Sounds
    numbers: tuple[int, ...]
    name: str

    @property
    def identity(self) -> str:
        return f"numbers {list(self.numbers)} of ({self.all_sounds.identity})"

    def __len__(self) -> int:
        return len(self.numbers)

    def clips(self, indices: Sequence[int]) -> list[Clip | Unreadable]:
        check_numbers(indices, len(self), self.name)
        return self.all_sounds.clips([self.numbers[index] for index in indices])
